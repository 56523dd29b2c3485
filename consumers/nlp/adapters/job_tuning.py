"""Tunes the sentence model on a job's examples, and leaves it as a network that serves."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from consumers.nlp.adapters.model_store import SentenceModel, build_tuned
from consumers.nlp.adapters.onnx_embedder import OnnxEmbedder
from consumers.nlp.adapters.tuning import (
    Recipe,
    Tensors,
    Words,
    embedded,
    sentence_model,
    train_extra_installed,
    tune,
)
from consumers.nlp.adapters.weights import WEIGHTS, locate, weights_of
from consumers.nlp.errors import TrainingError
from consumers.nlp.service.lessons import Lessons
from consumers.nlp.service.pairs import batches
from consumers.nlp.service.training import TRAIN_EXTRA_MISSING
from schemas.events.models import Phase

RECIPE = Recipe()
TRIED = 32
ALIKE = 0.9
"""Cosine of the network's vectors to torch's, on average; int8 costs about a hundredth."""
EVERY_SECONDS = 0.5

Report = Callable[[Phase, int, int], None]


def tune_encoder(
    lessons: Lessons, network: Path, model: SentenceModel, report: Report, *, threads: int
) -> None:
    """
    Write the tuned network to `network`; only the learnt part of the lessons is looked at.

    Raises:
        TrainingError: torch is not here, there is nothing to contrast, or the network that was
            built does not give the vectors that were tuned.
    """
    if not train_extra_installed():
        raise TrainingError(TRAIN_EXTRA_MISSING)
    texts, labels = lessons.contrasted()
    drawn = batches(labels, rounds=RECIPE.rounds, size=RECIPE.pairs)
    if not drawn:
        raise TrainingError("fine-tuning needs two intents with two sentences each")
    said = time.monotonic()

    def told(done: int, total: int) -> None:
        nonlocal said
        if done == total or time.monotonic() - said > EVERY_SECONDS:
            said = time.monotonic()
            report(Phase.TUNING, done, total)

    report(Phase.TUNING, 0, len(drawn))
    tensors = tune(
        texts,
        drawn,
        weights=locate(WEIGHTS),
        tokenizer=model.tokenizer,
        recipe=RECIPE,
        told=told,
        threads=threads,
    )
    build_tuned(network, tensors)
    _compare(network, model, tensors, texts[:TRIED])


def _compare(network: Path, model: SentenceModel, tensors: Tensors, texts: list[str]) -> None:
    """Refuse a network that is another than the one that was tuned."""
    import torch

    tuned = sentence_model({**weights_of(locate(WEIGHTS)), **tensors})
    tuned.eval()
    words = Words(model.tokenizer)
    with torch.inference_mode():
        # One by one: what is padded beside others differs in the last digits.
        exact = np.concatenate([embedded(tuned, words, [text]).numpy() for text in texts])
    built = OnnxEmbedder("tuned", network, model.tokenizer, threads=1).embed(texts)
    alike = float((exact * built).sum(axis=1).mean())
    if alike < ALIKE:
        raise TrainingError(f"the built network gives other vectors (cosine {alike:.3f})")

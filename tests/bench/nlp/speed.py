"""How fast the assistant thinks, and what it costs."""

import statistics
import tempfile
import time
from pathlib import Path

import psutil

from consumers.nlp.adapters.head_store import prepare_heads
from consumers.nlp.adapters.knowledge_files import read_knowledge
from consumers.nlp.adapters.model_store import prepare_model
from consumers.nlp.adapters.onnx_embedder import OnnxEmbedder
from consumers.nlp.app import build_analyzer
from consumers.nlp.service.analysis import Question
from consumers.nlp.settings import ModelSettings
from tests.bench.nlp.figures import Figure, Figures

MEBIBYTE = 1024 * 1024
FASTEST_BATCH = 8
MESSAGES_PER_SECOND = 450
SLOWEST_MS = 12
MOST_MIB = 350


def measure_training(settings: ModelSettings) -> Figures:
    """Time what a first start does, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        model = prepare_model(Path(folder))
        yield Figure("model built", time.perf_counter() - started, "s")
        started = time.perf_counter()
        knowledge = read_knowledge(settings.knowledge_dir)
        prepare_heads(Path(folder), model.embedder(settings.threads), knowledge)
        yield Figure("heads trained", time.perf_counter() - started, "s")


def measure_answers(settings: ModelSettings) -> Figures:
    """
    Time whole messages, from text to answer, at several batch sizes.

    The bounds are for the assistant without the model that names people and places.
    """
    named = settings.ner
    said = "with names: " if named else ""
    started = time.perf_counter()
    analyzer = build_analyzer(settings)
    yield Figure(f"{said}warm start", time.perf_counter() - started, "s")
    knowledge = read_knowledge(settings.knowledge_dir)
    questions = [Question.alone(text) for each in knowledge.intents for text in each.held_out]
    for batch in (1, 8, 16):
        took: list[float] = []
        for start in range(0, len(questions), batch):
            started = time.perf_counter()
            analyzer.analyze(questions[start : start + batch])
            took.append(time.perf_counter() - started)
        least = MESSAGES_PER_SECOND if batch == FASTEST_BATCH and not named else None
        speed = len(questions) / sum(took)
        yield Figure(f"{said}messages in batches of {batch}", speed, "/s", at_least=least)
        if batch == 1:
            cuts = statistics.quantiles(took, n=20)
            most = None if named else SLOWEST_MS
            yield Figure(f"{said}one message, p50", cuts[9] * 1e3, "ms")
            yield Figure(f"{said}one message, p95", cuts[18] * 1e3, "ms", at_most=most)
    held = psutil.Process().memory_info().rss / MEBIBYTE
    yield Figure(f"{said}RSS", held, "MiB", at_most=None if named else MOST_MIB)


def measure_names(settings: ModelSettings) -> Figures:
    """Time the same messages with the model that names people and places, directly afterwards."""
    yield from measure_answers(settings.model_copy(update={"ner": True}))


def measure_batching(settings: ModelSettings) -> Figures:
    """Time the embedder with shared runs, which would be faster and is not promised anything."""
    model = prepare_model(settings.model_dir)
    knowledge = read_knowledge(settings.knowledge_dir)
    texts = [text for each in knowledge.intents for text in each.held_out]
    for batch in (1, 8, 16):
        embedder = OnnxEmbedder(
            "bench", model.network, model.tokenizer, threads=settings.threads, batch=batch
        )
        embedder.embed(texts[:16])
        started = time.perf_counter()
        embedder.embed(texts)
        speed = len(texts) / (time.perf_counter() - started)
        yield Figure(f"embeddings, {batch} per run", speed, "/s")

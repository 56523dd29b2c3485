"""A fine-tune job, from examples to a version that onnxruntime serves, with the real torch."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from consumers.nlp.adapters.head_file import digest, unpack, unpack_tones
from consumers.nlp.adapters.job_process import ProcessWorkshop
from consumers.nlp.adapters.model_store import SentenceModel, build_tuned, tuned_name
from consumers.nlp.adapters.tuning import Recipe, tune
from consumers.nlp.adapters.weights import WEIGHTS, locate
from consumers.nlp.models import job_kinds
from consumers.nlp.ports import Embedder
from consumers.nlp.service.pairs import batches
from consumers.nlp.service.workshop import Product, Step
from consumers.nlp.settings import EncoderKind, ModelSettings
from schemas.events.models import Example, JobKind, Phase

pytestmark = pytest.mark.timeout(900)

ROOT = Path(__file__).parents[2]

THINGS = ("garden", "engine")
"""All sentences have the same shape: only the thing tells their intents apart."""


def sentences(thing: str, count: int) -> list[str]:
    return [f"please tell me about the {thing} number {number}" for number in range(count)]


EXAMPLES = [
    Example(text=text, intent=f"about_{thing}") for thing in THINGS for text in sentences(thing, 10)
]


def gap(embedder: Embedder) -> float:
    """How much nearer sentences of one intent are to each other than to those of the other."""
    first, second = (embedder.embed(sentences(thing, 6)) for thing in THINGS)
    within = (first @ first.T).mean() + (second @ second.T).mean()
    return float(within / 2 - (first @ second.T).mean())


def test_this_replica_works_both_kinds() -> None:
    """With the extra a replica takes jobs that tune, when its own model is the one to tune."""
    assert set(job_kinds(ModelSettings())) == {JobKind.HEAD, JobKind.FINE_TUNE}
    assert job_kinds(ModelSettings(encoder=EncoderKind.MULTILINGUAL)) == (JobKind.HEAD,)


async def test_a_job_gives_a_version_that_serves_without_torch(
    model: SentenceModel, tmp_path: Path
) -> None:
    """Progress step by step; the network separates better than the one it was tuned from."""
    settings = ModelSettings(
        model_dir=model.network.parent.parent, knowledge_dir=ROOT / "knowledge", training_threads=1
    )
    steps: list[Step] = []
    workshop = ProcessWorkshop(settings)
    async with workshop.work(JobKind.FINE_TUNE, EXAMPLES, extend=False) as running:
        steps += [step async for step in running.steps()]
        product = await running.product()
    phases = [step.phase for step in steps]
    assert phases.index(Phase.TUNING) < phases.index(Phase.EMBEDDING)
    tuning = [step for step in steps if step.phase is Phase.TUNING]
    assert (tuning[0].done, tuning[-1].done) == (0, tuning[-1].total)
    served_by(product, model, tmp_path)


def served_by(product: Product, model: SentenceModel, folder: Path) -> None:
    """Serve what a job gave, as a replica without torch does."""
    assert product.encoder is not None
    assert product.engine == tuned_name(product.encoder.sha256)
    assert product.encoder.sha256 == hashlib.sha256(product.encoder.content).hexdigest()
    network = folder / "network.onnx"
    network.write_bytes(product.encoder.content)
    embedder = model.tuned(product.engine, network, 1)
    assert gap(embedder) > gap(model.embedder(1)) + 0.1
    head = unpack(product.head.content, product.engine)
    guesses = head.guess(embedder.embed([sentences(thing, 30)[-1] for thing in THINGS]))
    assert [guess.intent for guess in guesses] == ["about_garden", "about_engine"]
    assert unpack_tones(product.head.content).labels == ("negative", "neutral", "positive")
    assert product.metrics.accuracy == 1.0


def test_nothing_tuned_is_the_network_that_everybody_has(
    model: SentenceModel, tmp_path: Path
) -> None:
    """The way by torch's tensors and back into the graph loses nothing."""
    texts = sentences("garden", 4) + sentences("engine", 4)
    tensors = tune(
        texts,
        batches(["a"] * 4 + ["b"] * 4, rounds=1, size=2)[:1],
        weights=locate(WEIGHTS),
        tokenizer=model.tokenizer,
        recipe=Recipe(rate=0.0),
        told=lambda *_: None,
        threads=1,
    )
    network = tmp_path / "same.onnx"
    build_tuned(network, tensors)
    assert digest(network.read_bytes()) == digest(model.network.read_bytes())
    assert np.array_equal(
        model.tuned("same", network, 1).embed(texts), model.embedder(1).embed(texts)
    )

"""How fast the assistant thinks, and what it costs."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from consumers.nlp.adapters.head_store import prepare_heads
from consumers.nlp.adapters.knowledge_files import read_knowledge
from consumers.nlp.adapters.model_store import prepare_model
from consumers.nlp.adapters.onnx_embedder import OnnxEmbedder
from consumers.nlp.app import build_analyzer
from consumers.nlp.service.analysis import Question
from consumers.nlp.settings import ModelSettings

MEGABYTE = 1024 * 1024

Rows = Iterator[tuple[str, str]]


def measure_training(settings: ModelSettings) -> Rows:
    """Time what a first start does, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        model = prepare_model(Path(folder))
        yield "model built", f"{time.perf_counter() - started:.1f} s"
        started = time.perf_counter()
        knowledge = read_knowledge(settings.knowledge_dir)
        prepare_heads(Path(folder), model.embedder(settings.threads), knowledge)
        sentences = sum(len(intent.examples) for intent in knowledge.intents)
        took = f"{time.perf_counter() - started:.1f} s ({sentences} sentences)"
        yield "heads trained", took


def measure_answers(settings: ModelSettings) -> Rows:
    """Time whole messages, from text to answer, at several batch sizes."""
    said = "with names: " if settings.ner else ""
    started = time.perf_counter()
    analyzer = build_analyzer(settings)
    yield f"{said}warm start", f"{time.perf_counter() - started:.2f} s"
    knowledge = read_knowledge(settings.knowledge_dir)
    questions = [Question.alone(text) for each in knowledge.intents for text in each.held_out]
    for batch in (1, 8, 16):
        took: list[float] = []
        for start in range(0, len(questions), batch):
            started = time.perf_counter()
            analyzer.analyze(questions[start : start + batch])
            took.append(time.perf_counter() - started)
        yield f"{said}messages/s, batch {batch}", f"{len(questions) / sum(took):.0f}"
        if batch == 1:
            cuts = statistics.quantiles(took, n=20)
            quick, slow = cuts[9] * 1e3, cuts[18] * 1e3
            yield f"{said}one message p50, p95", f"{quick:.2f} ms, {slow:.2f} ms"
    yield f"{said}RSS", f"{psutil.Process().memory_info().rss / MEGABYTE:.0f} MiB"


def measure_names(settings: ModelSettings) -> Rows:
    """Time the same messages with the model that names people and places, directly afterwards."""
    yield from measure_answers(settings.model_copy(update={"ner": True}))


def measure_batching(settings: ModelSettings) -> Rows:
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
        yield f"embeddings/s, {batch} per run", f"{speed:.0f}"

"""How long a training job of the largest public set takes, and what its version is worth."""

import resource
import time
from collections.abc import Iterator
from pathlib import Path

from consumers.nlp.adapters.job_training import lessons_of, train
from consumers.nlp.adapters.model_store import prepare_model
from consumers.nlp.settings import ModelSettings
from schemas.events.models import Example, Phase
from tests.bench.nlp.sets import banking77

AIM_SECONDS = 30.0
OUT_OF_SCOPE = ("what is the capital of Norway", "tell me a joke", "sing me a song")


def measure_job(settings: ModelSettings, folder: Path) -> Iterator[tuple[str, str]]:
    """Train on Banking77 as a job does: embed, hold out, measure, fit, pack."""
    examples = [Example(text=text, intent=name) for text, name in banking77(folder, "train")]
    embedder = prepare_model(settings.model_dir).embedder(1)
    steps: list[Phase] = []
    started = time.perf_counter()
    trained = train(
        lessons_of(examples, None),
        OUT_OF_SCOPE,
        embedder,
        lambda phase, *_: steps.append(phase),
        threads=settings.training_threads,
    )
    took = time.perf_counter() - started
    metrics = trained.metrics
    yield f"training job, {len(examples)} examples", f"{took:.1f} s (aim {AIM_SECONDS:.0f})"
    yield "its processor time", f"{metrics.processor_seconds:.1f} s"
    yield "steps of progress told", str(len(steps))
    yield "held-out accuracy, ECE", f"{metrics.accuracy:.4f}, {metrics.calibration_error:.4f}"
    yield "head", f"{len(trained.head) / 1024**2:.1f} MiB"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    yield "peak RSS of the benchmark", f"{peak} MiB"

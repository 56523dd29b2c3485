"""How long a training job of the largest public set takes, and what its version is worth."""

import resource
import time
from pathlib import Path

from consumers.nlp.adapters.job_training import lessons_of, train
from consumers.nlp.adapters.model_store import prepare_model
from consumers.nlp.settings import ModelSettings
from schemas.events.models import Example, Phase
from tests.bench.nlp.figures import Figure, Figures
from tests.bench.nlp.sets import banking77

AIM_SECONDS = 30.0
OUT_OF_SCOPE = ("what is the capital of Norway", "tell me a joke", "sing me a song")


def measure_job(settings: ModelSettings, folder: Path) -> Figures:
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
    yield Figure(f"training job, {len(examples):,} examples", took, "s", at_most=AIM_SECONDS)
    yield Figure("its processor time", metrics.processor_seconds, "s")
    yield Figure("steps of progress told", len(steps))
    yield Figure("its held-out accuracy", 100 * metrics.accuracy, "%")
    yield Figure("its calibration error (ECE)", metrics.calibration_error)
    yield Figure("its head", len(trained.head) / 1024**2, "MiB")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Figure("peak RSS of the benchmark", peak, "MiB")

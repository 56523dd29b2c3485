"""`python -m consumers.nlp.training_worker FOLDER`: works one training job, at low priority.

The folder holds `job.json`; the head and its measures are left beside it. Progress goes to the
standard output as JSON lines. The process ends when its standard input does, so that it never
outlives who started it.
"""

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from consumers.nlp.adapters.encoders import prepare_embedder
from consumers.nlp.adapters.job_training import train
from consumers.nlp.adapters.knowledge_files import read_knowledge
from consumers.nlp.errors import TrainingError
from consumers.nlp.settings import EncoderKind, ModelSettings
from runtime.errors import ConfigurationError
from schemas.events.models import Example, Metrics, Phase

JOB, HEAD, RESULT = "job.json", "head.npz", "result.json"
NICENESS = 10
"""Answering goes first: on a busy machine this gets a tenth of what answering gets."""
REFUSED = 3
"""The exit status of a job that would end no better another time; the last line says why."""


class JobFile(BaseModel):
    """What the worker is given."""

    model_config = ConfigDict(frozen=True)

    examples: tuple[Example, ...]
    extend: bool
    encoder: EncoderKind
    model_dir: Path
    knowledge_dir: Path
    threads: int


class Progress(BaseModel):
    """One line of the worker's output; `error` is the last one's, if any."""

    model_config = ConfigDict(frozen=True)

    phase: Phase = Phase.READING
    done: int = 0
    total: int = 1
    error: str | None = None


class Result(BaseModel):
    """What the worker leaves beside the head."""

    model_config = ConfigDict(frozen=True)

    engine: str
    intents: tuple[str, ...]
    metrics: Metrics


def main(folder: Path) -> int:
    """Work the job in the folder; return the exit status."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.nice(NICENESS)
    with suppress(OSError):
        # Where memory is short this process goes, not the one that answers.
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    try:
        _work(folder, JobFile.model_validate_json((folder / JOB).read_bytes()))
    except (ConfigurationError, TrainingError) as error:
        _tell(Progress(error=str(error)))
        return REFUSED
    except MemoryError:
        _tell(Progress(error="there is not enough memory for so many examples"))
        return REFUSED
    return 0


def _work(folder: Path, job: JobFile) -> None:
    _tell(Progress())
    knowledge = read_knowledge(job.knowledge_dir)
    # One thread per run and several runs at once: a vector does not depend on the threads.
    embedder = prepare_embedder(ModelSettings(encoder=job.encoder, model_dir=job.model_dir), 1)
    trained = train(
        job.examples,
        knowledge if job.extend else None,
        knowledge.out_of_scope.examples,
        embedder,
        lambda phase, done, total: _tell(Progress(phase=phase, done=done, total=total)),
        threads=job.threads,
    )
    result = Result(engine=embedder.name, intents=trained.intents, metrics=trained.metrics)
    (folder / HEAD).write_bytes(trained.head)
    (folder / RESULT).write_text(result.model_dump_json(), encoding="utf-8")


def _tell(progress: Progress) -> None:
    sys.stdout.write(progress.model_dump_json() + "\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    # The pipe ends with its writer, also when that one was killed; then nobody wants the result.
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

"""`python -m consumers.nlp.training_worker FOLDER`: works one training job, at low priority.

The folder holds `job.json`; the head and its measures are left beside it, and the sentence model
if the job is to tune one. Progress goes to the standard output as JSON lines. The process ends when
its standard input does, so that it never outlives who started it.
"""

import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from consumers.nlp.adapters.encoders import prepare_embedder
from consumers.nlp.adapters.head_file import digest
from consumers.nlp.adapters.job_training import lessons_of, train, train_tuned
from consumers.nlp.adapters.job_tuning import tune_encoder
from consumers.nlp.adapters.knowledge_files import read_knowledge
from consumers.nlp.adapters.model_store import prepare_model, tuned_name
from consumers.nlp.errors import TrainingError
from consumers.nlp.job_files import ENCODER, HEAD, JOB, REFUSED, RESULT, JobFile, Progress, Result
from consumers.nlp.settings import ModelSettings
from runtime.errors import ConfigurationError
from schemas.events.models import JobKind, Phase

if TYPE_CHECKING:
    from consumers.nlp.ports import Embedder

NICENESS = 10
"""Answering goes first: on a busy machine this gets a tenth of what answering gets."""


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
    extension, strangers = knowledge if job.extend else None, knowledge.out_of_scope.examples
    # One thread per run and several runs at once: a vector does not depend on the threads.
    embedder: Embedder
    if job.kind == JobKind.FINE_TUNE:
        lessons, network = lessons_of(job.examples, extension), folder / ENCODER
        model = prepare_model(job.model_dir)
        tune_encoder(lessons, network, model, _report, threads=job.threads)
        embedder = model.tuned(tuned_name(digest(network.read_bytes())), network, 1)
        trained = train_tuned(lessons, strangers, embedder, knowledge, _report, threads=job.threads)
        # All that this process has used: tuning is most of it.
        trained = trained.after(time.process_time())
    else:
        embedder = prepare_embedder(ModelSettings(encoder=job.encoder, model_dir=job.model_dir), 1)
        lessons = lessons_of(job.examples, extension, multilingual=embedder.multilingual)
        trained = train(lessons, strangers, embedder, _report, threads=job.threads)
    result = Result(engine=embedder.name, intents=trained.intents, metrics=trained.metrics)
    (folder / HEAD).write_bytes(trained.head)
    (folder / RESULT).write_text(result.model_dump_json(), encoding="utf-8")


def _report(phase: Phase, done: int, total: int) -> None:
    _tell(Progress(phase=phase, done=done, total=total))


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

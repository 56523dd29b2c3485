"""Works training jobs in processes of their own, which end with this one or when told to."""

import asyncio
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import ValidationError

from consumers.nlp.adapters.head_file import digest
from consumers.nlp.errors import TrainingError
from consumers.nlp.job_files import ENCODER, HEAD, JOB, REFUSED, RESULT, JobFile, Progress, Result
from consumers.nlp.service.workshop import File, Product, Step
from consumers.nlp.settings import ModelSettings
from runtime.errors import RetryableError
from schemas.events.models import Example

WORKER = "consumers.nlp.training_worker"


class JobProcess:
    """A worker that has been started; see `consumers.nlp.service.workshop.Running`."""

    def __init__(self, process: Process, folder: Path) -> None:
        self._process = process
        self._folder = folder

    async def steps(self) -> AsyncIterator[Step]:
        """Tell each step as it is made."""
        error = None
        output = self._process.stdout
        while output is not None and (line := await output.readline()):
            try:
                progress = Progress.model_validate_json(line)
            except ValidationError as bad:
                raise RetryableError("the training worker said something else") from bad
            error = progress.error or error
            if error is None:
                yield Step(progress.phase, progress.done, progress.total)
        status = await self._process.wait()
        if status == REFUSED:
            raise TrainingError(error or "the worker refused the job")
        if status != 0:
            raise RetryableError(f"the training worker ended with status {status}")

    async def product(self) -> Product:
        """What it gave."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> Product:
        result = Result.model_validate_json((self._folder / RESULT).read_bytes())
        encoder = self._folder / ENCODER
        return Product(
            head=_file(self._folder / HEAD),
            engine=result.engine,
            intents=result.intents,
            metrics=result.metrics,
            encoder=_file(encoder) if encoder.exists() else None,
        )


def _file(path: Path) -> File:
    content = path.read_bytes()
    return File(content, digest(content))


class ProcessWorkshop:
    """Starts workers; see `consumers.nlp.service.workshop.Workshop`."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings

    @asynccontextmanager
    async def work(
        self, kind: str, examples: Sequence[Example], *, extend: bool
    ) -> AsyncIterator[JobProcess]:
        """Begin to work a job; the worker is killed when the block is left."""
        with tempfile.TemporaryDirectory(prefix="parley-training-") as name:
            folder = Path(name)
            job = JobFile(
                kind=kind,
                examples=tuple(examples),
                extend=extend,
                encoder=self._settings.encoder,
                model_dir=self._settings.model_dir.absolute(),
                knowledge_dir=self._settings.knowledge_dir.absolute(),
                threads=self._settings.training_threads,
            )
            await asyncio.to_thread((folder / JOB).write_text, job.model_dump_json(), "utf-8")
            # Its own words go where this process's go; its input is the rope that holds it.
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", WORKER, name, stdin=PIPE, stdout=PIPE, stderr=None
            )
            try:
                yield JobProcess(process, folder)
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()

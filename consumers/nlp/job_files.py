"""What a replica and its training worker say to each other, in files and lines.

Apart from the worker, because that imports scikit-learn: 100 MB and seconds that serving would pay.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from consumers.nlp.settings import EncoderKind
from schemas.events.models import Example, Metrics, Phase

JOB, HEAD, ENCODER, RESULT = "job.json", "head.npz", "encoder.onnx", "result.json"
REFUSED = 3
"""The exit status of a job that would end no better another time; the last line says why."""


class JobFile(BaseModel):
    """What the worker is given."""

    model_config = ConfigDict(frozen=True)

    kind: str
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

"""The life of the assistant's models: asked for, trained, registered, promoted."""

from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from schemas.events.envelope import Event, Value
from schemas.events.replies import Share

INTENTS = "intents"
"""The model that tells what a message wants; the one that can be trained and promoted today."""

Count = Annotated[int, Field(ge=0)]


class Stored(Value):
    """Where the parts of something large stand: in a row, as records of one partition."""

    partition: Count
    offset: Count
    """Of the first part; other records may stand between the parts."""
    parts: Annotated[int, Field(ge=1)]
    sha256: str
    """Hex digest of what the parts make when they are put together."""


class Confusion(Value):
    """How often one intent was taken for another."""

    expected: str
    guessed: str
    count: Count


class Metrics(Value):
    """What a model is worth on sentences that it has not learnt from."""

    learnt: Count
    held_out: Count
    accuracy: Share
    macro_f1: Share
    calibration_error: Share
    """Expected calibration error in 15 bins: how far confidence and accuracy lie apart."""
    out_of_scope_auroc: Share | None = None
    """None when no out-of-scope sentences were held out."""
    confusions: tuple[Confusion, ...] = ()
    """The most frequent mistakes first; at most 50."""
    labels: tuple[str, ...] = ()
    """The rows and columns of `matrix`; empty above 40 intents."""
    matrix: tuple[tuple[int, ...], ...] = ()
    """Sentences by expected (row) and guessed (column) intent."""
    processor_seconds: float = 0.0


class Phase(StrEnum):
    """The steps of a training job known today; the event carries plain text."""

    READING = "reading"
    TUNING = "tuning"
    EMBEDDING = "embedding"
    EVALUATING = "evaluating"
    FITTING = "fitting"
    STORING = "storing"


class Outcome(StrEnum):
    """How a training job ended; the event carries plain text, so that the list can grow."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class JobKind(StrEnum):
    """What a job makes; the event carries plain text, so that the list can grow."""

    HEAD = "head"
    """A head on the vectors of the sentence model that everybody has."""
    FINE_TUNE = "fine_tune"
    """A sentence model of its own, and a head on its vectors; needs the extra `train`."""


class ModelKind(StrEnum):
    """What a version is made of; the event carries plain text, so that the list can grow."""

    HEAD = "head"
    """Trained by a job; its numbers are on the log."""
    TUNED = "tuned"
    """A head as well, on vectors of a sentence model that the version brings."""
    KNOWLEDGE = "knowledge"
    """Trained by each replica from its own knowledge folder; promoting it ends a head's reign."""


class ModelEvent(Event):
    """An event about one model, by the name of what it does."""

    key_field: ClassVar[str] = "model"

    model: str = INTENTS


class TrainModel(ModelEvent):
    """A training job is asked for."""

    event_type: ClassVar[str] = "models.train_model.v1"

    job_id: UUID
    actor_id: UUID
    examples: Stored
    example_count: Count
    intent_count: Count
    extend: bool = True
    """Whether the knowledge folder's own examples are learnt as well."""
    note: str | None = None
    kind: str = JobKind.HEAD.value
    """One of `JobKind` or a newer one; a worker leaves those that it does not know to others."""


class CancelTraining(ModelEvent):
    """A training job is to stop; one that has ended stays as it is."""

    event_type: ClassVar[str] = "models.cancel_training.v1"

    job_id: UUID
    actor_id: UUID


class TrainingStarted(ModelEvent):
    """A worker claims a job; of several claims to one attempt the first on the log holds."""

    event_type: ClassVar[str] = "models.training_started.v1"

    job_id: UUID
    worker: str
    attempt: Annotated[int, Field(ge=1)]


class TrainingProgressed(ModelEvent):
    """A worker is alive and has come so far; sent per chunk of sentences and every few seconds."""

    event_type: ClassVar[str] = "models.training_progressed.v1"

    job_id: UUID
    worker: str
    attempt: Annotated[int, Field(ge=1)]
    phase: str
    """One of `Phase` or a newer one."""
    done: Count
    total: Count


class TrainingFinished(ModelEvent):
    """A job has ended; only the first of a job counts."""

    event_type: ClassVar[str] = "models.training_finished.v1"

    job_id: UUID
    outcome: str
    """One of `Outcome` or a newer one."""
    error: str | None = None
    """For people: why it failed."""
    version: str | None = None


class ModelRegistered(ModelEvent):
    """A version is there and can be promoted; only the first of a version counts."""

    event_type: ClassVar[str] = "models.model_registered.v1"

    version: str
    kind: str
    """One of `ModelKind` or a newer one."""
    engine: str
    """The embedder whose vectors it reads; a replica that has it not cannot serve the version."""
    intents: tuple[str, ...]
    metrics: Metrics
    job_id: UUID | None = None
    stored: Stored | None = None
    size: Count = 0
    """Bytes of the head that is stored."""
    encoder: Stored | None = None
    """The sentence model that the version brings; None when it reads everybody's vectors."""
    encoder_size: Count = 0


class ModelPromoted(ModelEvent):
    """From here on, every replica answers with this version."""

    event_type: ClassVar[str] = "models.model_promoted.v1"

    version: str
    actor_id: UUID
    rolled_back: bool = False
    """Whether it takes the latest promotion back."""


class Example(Value):
    """A sentence and what it wants; no intent means that it is out of scope."""

    text: str
    intent: str | None


class ExamplesGiven(Event):
    """A part of what a job is to learn from."""

    event_type: ClassVar[str] = "models.examples_given.v1"
    key_field: ClassVar[str] = "job_id"

    job_id: UUID
    part: Count
    examples: tuple[Example, ...]


class EncoderStored(Event):
    """A part of a sentence model: an ONNX file, cut into pieces that fit into a record."""

    event_type: ClassVar[str] = "models.encoder_stored.v1"
    key_field: ClassVar[str] = "version"

    version: str
    part: Count
    content: str
    """Base64."""
    sha256: str
    """Of this piece, hex: a damaged one is found before the whole is put together."""


class HeadStored(Event):
    """A part of a head: an npz archive, cut into pieces that fit into a record."""

    event_type: ClassVar[str] = "models.head_stored.v1"
    key_field: ClassVar[str] = "version"

    version: str
    part: Count
    content: str
    """Base64."""

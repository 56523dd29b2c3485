"""One example of every event about training and versions, as their goldens show them."""

from datetime import UTC, datetime
from uuid import UUID

from schemas import ids
from schemas.events.envelope import Event
from schemas.events.models import (
    CancelTraining,
    Confusion,
    EncoderStored,
    Example,
    ExamplesGiven,
    HeadStored,
    Metrics,
    ModelKind,
    ModelPromoted,
    ModelRegistered,
    Outcome,
    Phase,
    Stored,
    TrainingFinished,
    TrainingProgressed,
    TrainingStarted,
    TrainModel,
)

_USER = UUID("0b7c1a52-5f0e-4b0e-9d57-0d3a0f3b6a01")
_JOB = UUID("6ac16fa7-ae5d-4a5d-82ac-5c8f5e80bf07")
_VERSION = "intents-6ac16fa7ae5d"
_WORKER = "nlp/1"


def _of_job(kind: type[Event], step: str = "") -> UUID:
    return ids.training_event_id(_JOB, kind.event_type, step)


def _at(microsecond: int) -> datetime:
    return datetime(2026, 11, 23, 9, 30, 0, microsecond, tzinfo=UTC)


MODEL_EXAMPLES: tuple[Event, ...] = (
    ExamplesGiven(
        event_id=_of_job(ExamplesGiven, "0"),
        occurred_at=_at(0),
        correlation_id=_JOB,
        job_id=_JOB,
        part=0,
        examples=(
            Example(text="where is my parcel", intent="order_status"),
            Example(text="tell me a joke", intent=None),
        ),
    ),
    TrainModel(
        event_id=_of_job(TrainModel),
        occurred_at=_at(1),
        correlation_id=_JOB,
        job_id=_JOB,
        actor_id=_USER,
        examples=Stored(partition=0, offset=12, parts=1, sha256="0" * 64),
        example_count=17,
        intent_count=2,
    ),
    TrainingStarted(
        event_id=_of_job(TrainingStarted, "1"),
        occurred_at=_at(2),
        correlation_id=_JOB,
        job_id=_JOB,
        worker=_WORKER,
        attempt=1,
    ),
    TrainingProgressed(
        event_id=_of_job(TrainingProgressed, "1 1"),
        occurred_at=_at(3),
        correlation_id=_JOB,
        job_id=_JOB,
        worker=_WORKER,
        attempt=1,
        phase=Phase.EMBEDDING,
        done=64,
        total=128,
    ),
    EncoderStored(
        event_id=_of_job(EncoderStored, "0"),
        occurred_at=_at(4),
        correlation_id=_JOB,
        version=_VERSION,
        part=0,
        content="CAc=",
        sha256="0" * 64,
    ),
    HeadStored(
        event_id=_of_job(HeadStored, "0"),
        occurred_at=_at(4),
        correlation_id=_JOB,
        version=_VERSION,
        part=0,
        content="UEsDBA==",
    ),
    ModelRegistered(
        event_id=_of_job(ModelRegistered),
        occurred_at=_at(5),
        correlation_id=_JOB,
        version=_VERSION,
        kind=ModelKind.HEAD,
        engine="minilm-l6-v2/onnx-int8/1",
        intents=("order_status", "send_back"),
        metrics=Metrics(
            learnt=128,
            held_out=32,
            accuracy=0.97,
            macro_f1=0.96,
            calibration_error=0.03,
            out_of_scope_auroc=0.98,
            confusions=(Confusion(expected="send_back", guessed="order_status", count=1),),
            labels=("order_status", "send_back"),
            matrix=((20, 0), (1, 11)),
            processor_seconds=1.5,
        ),
        job_id=_JOB,
        stored=Stored(partition=0, offset=3, parts=1, sha256="0" * 64),
        size=4,
    ),
    TrainingFinished(
        event_id=_of_job(TrainingFinished),
        occurred_at=_at(6),
        correlation_id=_JOB,
        job_id=_JOB,
        outcome=Outcome.SUCCEEDED,
        version=_VERSION,
    ),
    CancelTraining(
        event_id=_of_job(CancelTraining),
        occurred_at=_at(7),
        correlation_id=_JOB,
        job_id=_JOB,
        actor_id=_USER,
    ),
    ModelPromoted(
        event_id=_of_job(ModelPromoted),
        occurred_at=_at(8),
        correlation_id=_JOB,
        version=_VERSION,
        actor_id=_USER,
    ),
)

"""Puts a replica's part in the life of models together: following promotions, working jobs."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from consumers.delivery.background import kept_going_beside
from consumers.nlp.adapters.encoders import prepare_embedder
from consumers.nlp.adapters.event_log import KafkaEventLog
from consumers.nlp.adapters.head_store import prepare_heads
from consumers.nlp.adapters.job_process import ProcessWorkshop
from consumers.nlp.adapters.knowledge_files import read_knowledge
from consumers.nlp.adapters.model_log import KafkaModelStore
from consumers.nlp.adapters.model_store import prepare_model
from consumers.nlp.adapters.tuning import train_extra_installed
from consumers.nlp.adapters.vader_tone import VaderToneLexicon
from consumers.nlp.adapters.version_shelf import VersionShelf
from consumers.nlp.errors import HeadError
from consumers.nlp.followed import followed
from consumers.nlp.ports import Embedder
from consumers.nlp.service.analyzer import Analyzer
from consumers.nlp.service.encodings import Encodings
from consumers.nlp.service.follower import Follower
from consumers.nlp.service.ledger import Ledger
from consumers.nlp.service.library import Library
from consumers.nlp.service.measures import measure
from consumers.nlp.service.training import Trainer
from consumers.nlp.settings import EncoderKind, ModelSettings, NlpSettings
from producers.ports import EventPublisher
from runtime import metrics
from runtime.clock import HybridLogicalClock
from schemas import ids
from schemas.events.models import INTENTS, JobKind, ModelKind, ModelRegistered
from schemas.topics import Topic

CATCH_UP_SECONDS = 30.0


@asynccontextmanager
async def following(
    settings: NlpSettings,
    analyzer: Analyzer,
    library: Library,
    publisher: EventPublisher,
    clock: HybridLogicalClock,
) -> AsyncIterator[None]:
    """Answer with what is promoted, and work training jobs, while the block runs."""
    client_id = f"nlp-models-{settings.instance}"
    own = await asyncio.to_thread(own_version, settings.nlp, clock)
    ledger = Ledger(time.monotonic)
    log = KafkaEventLog(settings.kafka, client_id, Topic.MODEL_EVENTS)
    store = KafkaModelStore(settings.kafka, client_id, publisher, clock)

    def served(registered: ModelRegistered | None) -> None:
        accuracy = (registered or own).metrics.accuracy
        metrics.ai_model_accuracy.labels(INTENTS).set(accuracy)

    follower = Follower(
        ledger=ledger,
        log=log,
        versions=await asyncio.to_thread(_shelf, settings.nlp, own.engine, store),
        encodings=Encodings(library, VaderToneLexicon(), settings.nlp.remembered_texts),
        analyzer=analyzer,
        clock=clock,
        served=served,
    )
    async with followed(Topic.MODEL_EVENTS, log, follower, patience=CATCH_UP_SECONDS):
        if own.version not in ledger.versions:
            await publisher.publish(own)
        if not settings.nlp.training:
            yield
            return
        trainer = _trainer(settings, ledger, store, publisher, clock)
        async with kept_going_beside(trainer.run):
            yield


def _shelf(settings: ModelSettings, engine: str, store: KafkaModelStore) -> VersionShelf:
    def opened(name: str, network: Path) -> Embedder:
        if settings.encoder is not EncoderKind.ENGLISH:
            raise HeadError(f"{name} was tuned from another sentence model than this replica's")
        return prepare_model(settings.model_dir).tuned(name, network, settings.threads)

    return VersionShelf(settings.model_dir / "promoted", engine, store, opened)


def _trainer(
    settings: NlpSettings,
    ledger: Ledger,
    store: KafkaModelStore,
    publisher: EventPublisher,
    clock: HybridLogicalClock,
) -> Trainer:
    return Trainer(
        ledger=ledger,
        publisher=publisher,
        clock=clock,
        store=store,
        workshop=ProcessWorkshop(settings.nlp),
        worker=f"{settings.instance}/{uuid4().hex[:8]}",
        kinds=job_kinds(settings.nlp),
        deadline=settings.nlp.training_deadline.total_seconds(),
    )


def job_kinds(settings: ModelSettings) -> tuple[JobKind, ...]:
    """What this replica can work; fine-tuning needs the extra `train`, and the English encoder."""
    if settings.encoder is EncoderKind.ENGLISH and train_extra_installed():
        return (JobKind.HEAD, JobKind.FINE_TUNE)
    return (JobKind.HEAD,)


def own_version(settings: ModelSettings, clock: HybridLogicalClock) -> ModelRegistered:
    """The head trained from this replica's knowledge folder, as the registry shows it."""
    knowledge = read_knowledge(settings.knowledge_dir)
    embedder = prepare_embedder(settings, settings.threads)
    heads = prepare_heads(settings.model_dir, embedder, knowledge)
    tests = [(text, intent.name) for intent in knowledge.intents for text in intent.held_out]
    strangers = knowledge.out_of_scope.held_out
    labels = [*(name for _, name in tests), *(None for _ in strangers)]
    vectors = embedder.embed([*(text for text, _ in tests), *strangers])
    learnt = sum(len(intent.examples) for intent in knowledge.intents)
    version = f"knowledge-{knowledge.sha256[:12]}"
    return ModelRegistered(
        event_id=ids.derived_event_id("nlp", ids.model_id(version), ModelRegistered.event_type),
        occurred_at=clock.stamp(),
        correlation_id=ids.model_id(version),
        version=version,
        kind=ModelKind.KNOWLEDGE,
        engine=embedder.name,
        intents=tuple(intent.name for intent in knowledge.intents),
        metrics=measure(heads.intents, vectors, labels, learnt=learnt),
    )

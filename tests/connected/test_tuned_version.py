"""A version with a sentence model of its own, on the real log and in replicas without torch."""

import asyncio
from uuid import uuid4

import pytest

from consumers.nlp.adapters.head_file import digest
from consumers.nlp.adapters.job_training import lessons_of, train_tuned
from consumers.nlp.adapters.knowledge_files import read_knowledge
from consumers.nlp.adapters.model_log import PIECE_BYTES, KafkaModelStore
from consumers.nlp.adapters.model_store import prepare_model, tuned_name
from consumers.nlp.service.training import version_of
from consumers.nlp.service.workshop import File
from producers.kafka import KafkaEventPublisher
from runtime.clock import HybridLogicalClock
from runtime.settings import KafkaSettings
from schemas.events.models import Example, ModelKind, ModelRegistered
from schemas.ids import training_event_id
from tests.connected.nlp_bed import ROOT
from tests.connected.test_training import answers, desk, examples, second_replica
from tests.stack import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(420)]


def made(stack: Stack) -> tuple[File, File, ModelRegistered]:
    """
    Return the files of a version, and what will be said of it.

    Its sentence model is the one that everybody has, under a name of its own: that serving it works
    is the point here, and tuning one needs torch (tests/train).
    """
    model = prepare_model(stack.folder.models)
    network = model.network.read_bytes()
    encoder = File(network, digest(network))
    embedder = model.tuned(tuned_name(encoder.sha256), model.network, 1)
    given = [Example.model_validate(each) for each in examples(20)]
    knowledge = read_knowledge(ROOT / "knowledge")
    lessons = lessons_of(given, knowledge)
    trained = train_tuned(
        lessons, knowledge.out_of_scope.examples, embedder, knowledge, lambda *_: None
    )
    job_id = uuid4()
    registered = ModelRegistered(
        event_id=training_event_id(job_id, ModelRegistered.event_type, ""),
        occurred_at=HybridLogicalClock().stamp(),
        correlation_id=job_id,
        version=version_of(job_id),
        kind=ModelKind.TUNED,
        engine=embedder.name,
        intents=trained.intents,
        metrics=trained.metrics,
        job_id=job_id,
    )
    return encoder, File(trained.head, digest(trained.head)), registered


async def test_a_sentence_model_reaches_every_replica_by_the_log(stack: Stack) -> None:
    """Stored in records, promoted, served by two replicas, read back as stored, taken back."""
    settings = KafkaSettings(bootstrap_servers=stack.bootstrap_servers)
    clock = HybridLogicalClock()
    encoder, head, registered = await asyncio.to_thread(made, stack)
    async with (
        KafkaEventPublisher(settings, process="nlp", instance=uuid4().hex) as publisher,
        desk(stack) as training,
        answers(stack) as heard,
    ):
        store = KafkaModelStore(settings, "test-tuned", publisher, clock)
        job_id = registered.correlation_id
        places = {
            "encoder": await store.put_encoder(registered.version, encoder, job_id),
            "stored": await store.put_head(registered.version, head, job_id),
        }
        assert places["encoder"].parts == -(-len(encoder.content) // PIECE_BYTES)
        registered = registered.model_copy(
            update={**places, "encoder_size": len(encoder.content), "size": len(head.content)}
        )
        assert await store.encoder(registered) == encoder.content
        with second_replica(stack):
            await publisher.publish(registered)
            assert (await training.until_known(registered.version))["kind"] == "tuned"
            (knowledge,) = await training.own_versions()
            await heard.until_all(knowledge)
            await training.post(f"{registered.version}/promote")
            await heard.until_all(registered.version)
            await training.post("rollback")
            await heard.until_all(knowledge)
    ids = [reply.event_id for _, _, reply in heard.heard]
    assert len(ids) == len(set(ids))

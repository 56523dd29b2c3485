"""The depth of dead letters: exported by their owner, kept while the broker is away."""

from aiokafka.errors import KafkaConnectionError

from consumers.delivery.depth import DeadLetterDepth
from consumers.delivery.ports import Partition
from runtime import metrics
from schemas.topics import Topic
from tests.unit.consumers.delivery.samples import FakeSource, message

PLACE = Partition("chat-replies-persistence-dlq", 0)


def exported(topic: Topic) -> float:
    value: float = metrics.dead_letters.labels("chat-persistence", topic)._value.get()
    return value


async def test_what_lies_there_is_exported_per_topic() -> None:
    """One figure per topic that the group reads, zero included."""
    source = FakeSource({PLACE: [message(0), message(1)]})
    depth = DeadLetterDepth("persistence")
    await depth.look(source)
    assert exported(Topic.CHAT_REPLIES) == 2
    assert exported(Topic.CHAT_MESSAGES) == 0
    source.failures = [KafkaConnectionError()]
    source.log[PLACE].append(message(2))
    await depth.look(source)
    assert exported(Topic.CHAT_REPLIES) == 2
    await depth.look(source)
    assert exported(Topic.CHAT_REPLIES) == 3

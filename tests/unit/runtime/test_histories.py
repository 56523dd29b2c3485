"""Which history topics hold: the same for everybody, another once they are made anew."""

from io import BytesIO
from uuid import UUID, uuid4

import pytest
from aiokafka.errors import NodeNotReadyError, UnknownTopicOrPartitionError
from aiokafka.structs import BrokerMetadata

from runtime.fetching import SessionConsumer
from runtime.histories import MetadataRequest_v12, MetadataResponse, TopicsRequest, history_of

ONE, OTHER = uuid4(), uuid4()
TOPICS = {"chat-messages": ONE, "chat-replies": OTHER}


class Broker:
    """Answers as Kafka does, byte for byte."""

    def __init__(self, topics: dict[str, UUID], cluster: str = "c") -> None:
        self.topics = topics
        self.cluster = cluster

    async def __call__(self, request: TopicsRequest) -> MetadataResponse:
        asked = request.build(MetadataRequest_v12)
        wanted = MetadataRequest_v12.decode(BytesIO(asked.encode()))
        partition: tuple[object, ...] = (0, 0, 1, 7, [1], [1], [], {})
        topics: list[tuple[object, ...]] = [
            (0, name, self.topics[name], False, [partition], -1, {})
            if name in self.topics
            else (3, name, UUID(int=0), False, [], -1, {})
            for _, name, _ in wanted.topics
        ]
        answer = MetadataResponse(0, [(1, "host", 9092, None, {})], self.cluster, 1, topics, {})
        read: MetadataResponse = MetadataResponse.decode(BytesIO(answer.encode()))
        return read


async def test_a_history_is_named_alike_by_everybody() -> None:
    """Whoever asks which broker, and in whatever order the topics are named."""
    name = await history_of(Broker(TOPICS), TOPICS)
    assert await history_of(Broker(TOPICS), reversed(TOPICS)) == name
    assert len(name) <= 64


async def test_a_topic_made_anew_is_another_history() -> None:
    """So is another cluster."""
    name = await history_of(Broker(TOPICS), TOPICS)
    anew = {**TOPICS, "chat-replies": uuid4()}
    assert await history_of(Broker(anew), TOPICS) != name
    assert await history_of(Broker(TOPICS, "d"), TOPICS) != name


async def test_a_topic_that_is_not_there_has_no_history() -> None:
    """Between deletion and creation nothing can be said."""
    with pytest.raises(UnknownTopicOrPartitionError):
        await history_of(Broker({"chat-messages": ONE}), TOPICS)


class Client:
    """Knows three brokers, of which so many are dead."""

    def __init__(self, dead: int) -> None:
        self.cluster = self
        self._dead = dead
        self._broker = Broker(TOPICS)

    def brokers(self) -> list[BrokerMetadata]:
        """Return those that are known."""
        return [BrokerMetadata(number, "host", 9092, None) for number in range(3)]

    async def send(self, node_id: int, request: TopicsRequest) -> MetadataResponse:
        """Answer, if this one lives."""
        if node_id < self._dead:
            raise NodeNotReadyError
        return await self._broker(request)


async def test_any_broker_that_lives_is_asked() -> None:
    """One dead broker keeps no edge from beginning; all of them do."""
    consumer = SessionConsumer()
    consumer._closed = True  # It never started.
    consumer._client = Client(dead=2)
    assert await consumer.history(TOPICS) == await history_of(Broker(TOPICS), TOPICS)
    consumer._client = Client(dead=3)
    with pytest.raises(NodeNotReadyError):
        await consumer.history(TOPICS)

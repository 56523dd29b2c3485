"""Fetch sessions: what is named, what is forgotten, and what happens when a side loses track."""

import asyncio
from dataclasses import dataclass, field

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError
from aiokafka.protocol.fetch import FetchRequest, FetchRequest_v11, FetchResponse_v11
from aiokafka.protocol.metadata import MetadataRequest

from runtime.fetching import FetchSessions, SessionConsumer

LOST = 70
NODE = 1
Offsets = dict[int, int]


@dataclass
class Broker:
    """Answers fetches as KIP-227 says, of one topic, with nothing new in any partition."""

    room: bool = True
    failure: Exception | None = None
    """Raised by the next fetch, which was carried out all the same."""
    news: int = 0
    """In how many partitions there is something new."""
    error: int = 0
    """Answered by the next fetch."""
    session: int = 0
    epoch: int = 0
    reads: Offsets = field(default_factory=dict)
    """What the session reads, by partition."""
    named: list[Offsets] = field(default_factory=list)
    """What each request named."""
    requests: list[FetchRequest_v11] = field(default_factory=list)
    others: list[object] = field(default_factory=list)

    async def __call__(self, node_id: int, request: object, **_: object) -> object:
        """Answer."""
        if not hasattr(request, "build") or isinstance(request, MetadataRequest):
            self.others.append(request)
            return "other"
        asked = request.build(FetchRequest_v11)
        FetchRequest_v11.decode(asked.encode())
        self.requests.append(asked)
        named = {each[0]: each[2] for _, each_topic in asked.topics for each in each_topic}
        self.named.append(named)
        answer = self._answer(asked, named)
        error, self.error = self.error, 0
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure
        await asyncio.sleep(0)
        topics = [("chat-messages", [()] * self.news)]
        return FetchResponse_v11(0, error or answer, self.session, topics)

    def _answer(self, asked: FetchRequest_v11, named: Offsets) -> int:
        if asked.session_epoch == 0:
            self.session = self.session + 1 if self.room else 0
            self.epoch, self.reads = 1, named
            return 0
        if (asked.session_id, asked.session_epoch) != (self.session, self.epoch):
            return LOST
        self.epoch += 1
        self.reads = self.reads | named
        for _, partitions in asked.forgotten_topics_data:
            for partition in partitions:
                del self.reads[partition]
        return 0


def fetch(offsets: Offsets) -> FetchRequest:
    """Return what aiokafka asks: everything it wants, each time."""
    partitions = [(partition, offset, 1_000) for partition, offset in offsets.items()]
    return FetchRequest(500, 1, 50_000, 0, [("chat-messages", partitions)])


async def test_only_what_moved_is_named_again() -> None:
    """After the first request only changes are told; the broker reads the same all the same."""
    broker = Broker()
    send = FetchSessions(broker)
    for offsets in ({0: 5, 1: 7}, {0: 5, 1: 7}, {0: 6, 1: 7}):
        await send(NODE, fetch(offsets))
        assert broker.reads == offsets
    assert broker.named == [{0: 5, 1: 7}, {}, {0: 6}]


async def test_what_is_not_wanted_any_more_is_forgotten_until_it_is() -> None:
    """A paused partition leaves the session and comes back with the place it has then."""
    broker = Broker()
    send = FetchSessions(broker)
    for offsets in ({0: 5, 1: 7}, {0: 5}, {0: 5, 1: 7}):
        await send(NODE, fetch(offsets))
        assert broker.reads == offsets


async def test_a_lost_session_is_opened_anew_within_the_same_fetch() -> None:
    """A broker that evicted the session, or is another one, costs one more request."""
    broker = Broker()
    send = FetchSessions(broker)
    await send(NODE, fetch({0: 5, 1: 7}))
    broker.session, broker.reads = 99, {}
    await send(NODE, fetch({0: 6, 1: 7}))
    assert broker.reads == {0: 6, 1: 7}
    await send(NODE, fetch({0: 6, 1: 8}))
    assert broker.named[-1] == {1: 8}


@pytest.mark.parametrize("failure", [KafkaConnectionError(), asyncio.CancelledError()])
async def test_after_an_unknown_outcome_everything_is_named_again(failure: Exception) -> None:
    """A fetch whose answer nobody saw may have moved the session: the next one starts another."""
    broker = Broker()
    send = FetchSessions(broker)
    await send(NODE, fetch({0: 5, 1: 7}))
    broker.failure = failure
    with pytest.raises(type(failure)):
        await send(NODE, fetch({0: 6, 1: 7}))
    await send(NODE, fetch({0: 5, 1: 7}))
    assert broker.reads == {0: 5, 1: 7}
    assert broker.named[-1] == {0: 5, 1: 7}
    assert broker.requests[-1].session_id == 1, "the broker can let go of the old session"


async def test_a_broker_without_room_is_asked_in_full() -> None:
    """No session is no error: every request then names everything, as without sessions."""
    broker = Broker(room=False)
    send = FetchSessions(broker)
    for offsets in ({0: 5}, {0: 5}, {0: 6}):
        await send(NODE, fetch(offsets))
    assert broker.named == [{0: 5}, {0: 5}, {0: 6}]


async def test_brokers_have_sessions_of_their_own() -> None:
    """What one broker was told is no reason not to tell another."""
    brokers = {1: Broker(), 2: Broker()}

    async def route(node_id: int, request: object, **options: object) -> object:
        return await brokers[node_id](node_id, request, **options)

    send = FetchSessions(route)
    await send(1, fetch({0: 5}))
    await send(2, fetch({0: 5}))
    assert brokers[2].named == [{0: 5}]


async def test_any_other_error_is_the_callers() -> None:
    """A fetch refused as a whole is an error, not an empty answer, and the next one starts anew."""
    broker = Broker(error=58)
    send = FetchSessions(broker)
    with pytest.raises(KafkaError):
        await send(NODE, fetch({0: 5}))
    await send(NODE, fetch({0: 5}))
    assert broker.named[-1] == {0: 5}


async def test_other_requests_pass_untouched() -> None:
    """Only fetches have sessions."""
    broker, request = Broker(), MetadataRequest([])
    assert await FetchSessions(broker)(NODE, request) == "other"
    assert broker.others == [request]


async def test_under_load_the_next_fetch_gathers() -> None:
    """Much was new a moment ago, so it waits for more; a quiet broker is asked again at once."""
    broker = Broker()
    send = FetchSessions(broker)
    for _ in range(3):
        await send(NODE, fetch({0: 5}))
    broker.news = 500
    await send(NODE, fetch({0: 5}))
    gathering = asyncio.ensure_future(send(NODE, fetch({0: 6})))
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(broker.requests) == 4
    await gathering
    assert len(broker.requests) == 5


class Known:
    """A client that has heard of some topics, and a fetcher that answers for those alone."""

    def __init__(self) -> None:
        self.topics: set[str] = set()

    async def add_topic(self, topic: str) -> None:
        """Hear of it."""
        self.topics.add(topic)

    async def end_offsets(self, places: list[TopicPartition], timeout_ms: int) -> dict[str, int]:
        """Answer at once, or be asked again."""
        assert timeout_ms
        assert {place.topic for place in places} <= self.topics
        return {place.topic: 7 for place in places}

    beginning_offsets = end_offsets


async def test_offsets_of_many_topics_are_asked_for_once_all_are_known() -> None:
    """Else each topic costs a refused try and a pause."""
    consumer = SessionConsumer()
    consumer._closed = True  # It never started.
    consumer._client = consumer._fetcher = Known()
    places = [TopicPartition("a", 0), TopicPartition("b", 3)]
    assert await consumer.end_offsets(places) == {"a": 7, "b": 7}
    consumer._client.topics.clear()
    assert await consumer.beginning_offsets(places) == {"a": 7, "b": 7}

"""Fetch sessions for aiokafka, which otherwise names and decodes every partition in every fetch.

The protocol is KIP-227: after one full request, requests name only what changed since the last one
and answers hold only partitions with something new. It is the broker that remembers the rest.
"""

import asyncio
from collections.abc import Awaitable, Collection, Iterable, Mapping
from typing import Any, Protocol, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, NodeNotReadyError, for_code
from aiokafka.protocol.api import Request
from aiokafka.protocol.fetch import FetchRequest, FetchRequest_v11, FetchResponse_v11

from runtime.histories import history_of
from runtime.pacing import Pace

_NO_SESSION = 0
_FULL = 0
"""The epoch that opens a session, closing the one whose id comes with it."""
_LAST_EPOCH = 2**31 - 1
_LOST = frozenset({70, 71})
"""FETCH_SESSION_ID_NOT_FOUND and INVALID_FETCH_SESSION_EPOCH: evicted, or another broker."""

Place = tuple[str, int]
Want = tuple[int, int]
"""The offset to read from, and how many bytes at most."""
Offsets = dict[TopicPartition, int]


class Send(Protocol):
    """aiokafka's client, as far as it sends."""

    def __call__(self, node_id: int, request: object, **options: object) -> Awaitable[Any]:
        """Return what the broker answers."""
        ...


class FetchSessions:
    """Stands before a client's `send` and keeps one session with each broker.

    A request that fails, or is given up, may have been answered all the same: then neither side
    knows what the other one has, and the next request is a full one again.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._sessions: dict[int, _Session] = {}
        self._pace = Pace()

    async def __call__(self, node_id: int, request: object, **options: object) -> object:
        """Send a request; one that fetches goes as the next of its session."""
        if not isinstance(request, FetchRequest):
            return await self._send(node_id, request, **options)
        await self._pace.turn()
        session = self._sessions.setdefault(node_id, _Session())
        answer = await self._ask(session, node_id, request, options)
        if answer.error_code in _LOST:
            session.forget()
            answer = await self._ask(session, node_id, request, options)
        if answer.error_code:
            session.forget()
            raise for_code(answer.error_code)
        self._pace.carried(sum(len(partitions) for _, partitions in answer.topics))
        return answer

    async def _ask(
        self,
        session: "_Session",
        node_id: int,
        request: FetchRequest,
        options: Mapping[str, object],
    ) -> FetchResponse_v11:
        wanted = {
            (topic, partition): (offset, most)
            for topic, partitions in request.topics
            for partition, offset, most in partitions
        }
        following = _Following(request, session, wanted)
        # Forgotten until it is answered: whatever goes wrong meanwhile, a full request mends it.
        epoch = session.epoch
        session.forget()
        answer: FetchResponse_v11 = await self._send(node_id, following, **options)
        if not answer.error_code:
            session.goes_on(answer.session_id, epoch, wanted)
        return answer


class _Session:
    """What one broker knows of our wishes."""

    def __init__(self) -> None:
        self.id = _NO_SESSION
        self.epoch = _FULL
        self.known: Mapping[Place, Want] = {}

    def forget(self) -> None:
        """Begin again; the id stays, so that the broker can let go of its part."""
        self.epoch = _FULL
        self.known = {}

    def goes_on(self, session_id: int, epoch: int, known: Mapping[Place, Want]) -> None:
        """Take note of an answer; a broker without room for a session answers with none."""
        self.id = session_id
        if session_id != _NO_SESSION:
            self.epoch = 1 if epoch == _LAST_EPOCH else epoch + 1
            self.known = known


class _Following(Request[FetchRequest_v11]):  # type: ignore[misc]
    """The next request of a session: what is new or has moved, and what is not wanted any more."""

    API_KEY = 1

    def __init__(
        self, request: FetchRequest, session: _Session, wanted: Mapping[Place, Want]
    ) -> None:
        self._request = request
        self._id, self._epoch = session.id, session.epoch
        known = session.known
        self._moved = {place for place, want in wanted.items() if known.get(place) != want}
        self._dropped = [place for place in known if place not in wanted]

    def build(self, request_struct_class: type[FetchRequest_v11]) -> FetchRequest_v11:
        """Return the request as version 11 has it, which every broker since 2.3 speaks."""
        asked = self._request.build(request_struct_class)
        asked.session_id, asked.session_epoch = self._id, self._epoch
        asked.topics = [
            (topic, moved)
            for topic, partitions in asked.topics
            if (moved := [each for each in partitions if (topic, each[0]) in self._moved])
        ]
        asked.forgotten_topics_data = list(_by_topic(self._dropped).items())
        return asked


def _by_topic(places: Iterable[Place]) -> dict[str, list[int]]:
    topics: dict[str, list[int]] = {}
    for topic, partition in places:
        topics.setdefault(topic, []).append(partition)
    return topics


class SessionConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """aiokafka's consumer, fetching in sessions and asking for offsets of many topics at once."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self._client.send = FetchSessions(self._client.send)

    async def beginning_offsets(self, partitions: Collection[TopicPartition]) -> Offsets:
        """The first offset of each partition."""
        await self._learn_of(partitions)
        return cast("Offsets", await super().beginning_offsets(partitions))

    async def end_offsets(self, partitions: Collection[TopicPartition]) -> Offsets:
        """The offset after the last record of each partition."""
        await self._learn_of(partitions)
        return cast("Offsets", await super().end_offsets(partitions))

    async def history(self, topics: Collection[str]) -> str:
        """The name of the history that these topics hold now; see `history_of`."""
        return await history_of(self._ask, topics)

    async def _ask(self, request: object) -> object:
        """Send to any broker that answers."""
        error: KafkaError = NodeNotReadyError("no broker is known")
        for broker in self._client.cluster.brokers():
            try:
                return await self._client.send(broker.nodeId, request)
            except KafkaError as failure:
                error = failure
        raise error

    async def _learn_of(self, partitions: Collection[TopicPartition]) -> None:
        # Left alone aiokafka learns of one topic per refused try, a tenth of a second each.
        topics = {partition.topic for partition in partitions}
        await asyncio.gather(*[self._client.add_topic(topic) for topic in topics])

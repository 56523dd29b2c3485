"""An edge's tail without an edge: what sockets would get of given records."""

from collections.abc import Iterable

from edge_ws.access import Access
from edge_ws.backlog import LOGS, Backlog, log_of
from edge_ws.fanout import Fanout
from edge_ws.memory import InMemoryDirectory, InMemoryRecord, InMemoryRecords
from edge_ws.settings import RingSettings
from edge_ws.tail import Tail
from producers.memory import InMemoryEventPublisher
from runtime.clock import HybridLogicalClock
from schemas.topics import Topic


def pushed(topic: Topic, key: bytes, records: Iterable[InMemoryRecord]) -> list[bytes]:
    """Return the payloads that an edge keeps and pushes of these records of one conversation."""
    backlog = Backlog(RingSettings())
    begins = dict.fromkeys(LOGS, 0)
    backlog.open("test", begins, begins)
    tail = Tail(
        lambda: InMemoryRecords(InMemoryEventPublisher()),
        backlog=backlog,
        fanout=Fanout(),
        access=Access(InMemoryDirectory()),
        clock=HybridLogicalClock(),
    )
    log = log_of(topic, key)
    tail.take(log, list(records))
    return [kept.payload for kept in backlog.ring(log).after(key, -1)]

"""All rings and drafts: what a socket that joins or comes back has to be sent again."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from edge_ws.drafts import Drafts
from edge_ws.outbound import MAX_QUEUED_BYTES
from edge_ws.ports import KnownMessage, Log, Positions
from edge_ws.ring import Kept, Ring
from producers.records import partition_of
from runtime.errors import RetryableError
from schemas.positions import PUSHED_TOPICS, Position, parse_position
from schemas.topics import CATALOGUE, Topic

if TYPE_CHECKING:
    from edge_ws.settings import RingSettings

LOGS = tuple(
    Log(topic, partition)
    for topic in PUSHED_TOPICS
    for partition in range(CATALOGUE[topic].partitions)
)
MAX_REPLAY_BYTES = MAX_QUEUED_BYTES // 2
"""More than this is replayed bit by bit; a reader's queue must be able to hold it."""


def log_of(topic: Topic, key: bytes) -> Log:
    """Return where the broker keeps this conversation."""
    return Log(topic, partition_of(topic, key))


def seen_by(positions: Sequence[str]) -> dict[Log, int]:
    """Return the newest offset that a client has of each log; other logs are none of ours."""
    seen: dict[Log, int] = {}
    for text in positions:
        try:
            position = parse_position(text)
        except ValueError:
            continue
        log = Log(position.topic, position.partition)
        seen[log] = max(position.offset, seen.get(log, -1))
    return seen


class Backlog:
    """The rings of every pushed log, under one epoch."""

    def __init__(self, settings: "RingSettings") -> None:
        self._ring_bytes = max(1, settings.total_bytes // len(LOGS))
        self._ring_age = settings.age.total_seconds()
        self._rings: dict[Log, Ring] = {}
        self._ends: Positions = {}
        self.drafts = Drafts()
        self.epoch = ""

    @property
    def opened(self) -> bool:
        """Whether the tail has said where it begins."""
        return bool(self._rings)

    @property
    def ends(self) -> Positions:
        """The next offset of each log."""
        return {log: ring.end for log, ring in self._rings.items()} | self.drafts.ends

    def open(self, epoch: str, positions: Positions, ends: Positions) -> None:
        """Begin rings at these positions where there are none; the logs end there now."""
        self.epoch = epoch
        self._ends = ends
        for log, position in positions.items():
            if log in LOGS and log not in self._rings:
                self.restart(log, position)

    def forget(self) -> None:
        """Drop everything: the history that it belongs to is gone."""
        self._rings.clear()
        self.drafts.forget()

    def restart(self, log: Log, start: int) -> Ring:
        """Begin this log's ring anew."""
        ring = Ring(start, max_bytes=self._ring_bytes, max_age=self._ring_age)
        self._rings[log] = ring
        return ring

    def ring(self, log: Log) -> Ring:
        """Return the ring of a log that has been opened."""
        return self._rings[log]

    def purge(self, key: bytes) -> None:
        """Leave nothing of a conversation."""
        for ring in self.rings_of(key).values():
            ring.rewrite(key, lambda _: None)
        self.drafts.drop(key)

    def trim(self) -> None:
        """Let go of what is too old, on quiet logs too."""
        now = time.monotonic()
        for ring in self._rings.values():
            ring.trim(now)
        self.drafts.trim()

    def newest(self, key: bytes) -> list[Kept]:
        """Return the conversation's newest events, without a hole up to now."""
        return [kept for ring in self.rings_of(key).values() for kept in _newest(ring, key)]

    def missed_and_newest(self, key: bytes, heard: Mapping[Log, int]) -> dict[Log, int] | None:
        """Return behind which offsets both what was missed and the newest events stand.

        What was heard of a log may be other conversations, so the newest are not left out for it.
        None when nothing was heard of this conversation's logs.
        """
        rings = self.rings_of(key)
        if heard.keys().isdisjoint(rings):
            return None
        return {
            log: min([heard.get(log, -1), *(kept.offset - 1 for kept in _newest(ring, key))])
            for log, ring in rings.items()
        }

    def rings_of(self, key: bytes) -> dict[Log, Ring]:
        """Return the rings that hold a conversation's events."""
        logs = (log_of(topic, key) for topic in PUSHED_TOPICS)
        return {log: self._rings[log] for log in logs}

    def before(self, key: bytes) -> list[Position]:
        """Return the newest positions of a conversation's logs that are no longer kept here.

        What is not found here, nor in a history that has come so far, is not there.

        Raises:
            RetryableError: there is more on the logs than has been read.
        """
        rings = self.rings_of(key) if self.opened else {}
        if not rings or any(ring.end < self._ends[log] for log, ring in rings.items()):
            raise RetryableError("the log has not been read up to its end")
        begins = ((log, ring.start) for log, ring in rings.items())
        return [Position(*log, start - 1) for log, start in begins if start > 0]

    def missed(self, key: bytes, seen: Mapping[Log, int]) -> list[Kept] | None:
        """Return the conversation's events after what was seen; None when some are not kept here.

        A log that the client has seen nothing of counts as unread from its beginning.
        """
        missed: list[Kept] = []
        for log, ring in self.rings_of(key).items():
            offset = seen.get(log, -1)
            if not ring.reaches_back_to(offset):
                return None
            missed.extend(ring.after(key, offset))
        return missed

    def spoke(self, key: bytes, user_id: UUID) -> bool:
        """Whether this person has done anything in the conversation lately."""
        needle = b'"sender":{"id":"%b"' % str(user_id).encode()
        return any(
            needle in kept.payload
            for topic in PUSHED_TOPICS
            for kept in self._rings[log_of(topic, key)].after(key, -1)
        )

    def find(self, key: bytes, message_id: UUID) -> KnownMessage | None:
        """Return a message of the conversation, if it was said lately.

        Read from the payloads: it happens when people react or edit, which is seldom.
        """
        name, edited = str(message_id), ("", "")
        known: KnownMessage | None = None
        for topic in PUSHED_TOPICS:
            for kept in self._rings[log_of(topic, key)].after(key, -1):
                if name.encode() not in kept.payload:
                    continue
                frame = orjson.loads(kept.payload)
                if frame.get("message_id") != name:
                    continue
                if frame["type"] == _EDITED and known is not None:
                    rank = frame["occurred_at"], frame["event_id"]
                    if rank > edited and frame["sender"]["id"] == str(known.sender_id):
                        known, edited = known._replace(text=frame["text"]), rank
                elif frame["type"] in _TELLING:
                    # A repeat has another time, and may come behind an edit.
                    known = known or _known(frame)
                    if known is not None and known.deleted:
                        return known
        return known


_EDITED = "message:edited"
_TELLING = frozenset({"message", "reply", "message:deleted"})


def _known(frame: dict[str, Any]) -> KnownMessage | None:
    """Return what a payload tells; None when its ids or times are none."""
    try:
        sender, at = UUID(frame["sender"]["id"]), datetime.fromisoformat(frame["occurred_at"])
        answers = UUID(frame["in_reply_to"]) if frame["type"] == "reply" else None
    except ValueError:
        return None
    deleted = frame["type"] == "message:deleted" or frame.get("deleted", False)
    return KnownMessage(sender, at, deleted=deleted, text=frame.get("text"), answers=answers)


def _newest(ring: Ring, key: bytes) -> list[Kept]:
    kept = list(ring.after(key, -1))
    room = MAX_REPLAY_BYTES // len(PUSHED_TOPICS)
    for index in range(len(kept) - 1, -1, -1):
        room -= len(kept[index].payload)
        if room < 0:
            return kept[index + 1 :]
    return kept

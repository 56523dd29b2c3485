"""What the rings no longer hold, read again from the log for those who were away for longer.

Everybody who waits for the same log shares one reading of it, and one source serves all logs, so
a crowd that comes back at once costs little more than the one of them who was away longest.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import structlog

from edge_ws import timings
from edge_ws.ports import Log, PastSource
from edge_ws.reading import UnreadableError, pushed_of
from edge_ws.ring import Kept
from runtime.errors import RetryableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edge_ws.ports import TailedRecord
    from edge_ws.settings import ResumeSettings

MAX_HELD_BYTES = 64 * 1024 * 1024
"""Of all that is read for people and not sent yet; beyond it: busy."""
SILENCE_SECONDS = 5.0
"""The records are known to exist: a source that gives none for so long is broken."""

logger = structlog.get_logger(__name__)


class TooFarError(Exception):
    """What was missed is gone, or more than is read again: the client has to fetch the history."""


class Span(NamedTuple):
    """A stretch of one log: from this offset up to, not including, that one."""

    log: Log
    begin: int
    end: int


@dataclass(eq=False)
class _Wish:
    """One conversation's events of a stretch, and who waits for them."""

    key: bytes
    span: Span
    answer: "asyncio.Future[list[Kept]]"
    found: list[Kept] = field(default_factory=list)
    size: int = 0
    begun: bool = False

    def refuse(self, error: Exception) -> None:
        """Give up."""
        if not self.answer.done():
            self.answer.set_exception(error)


@dataclass(eq=False)
class _Reading:
    """One pass over one log on behalf of everybody who waits for it."""

    log: Log
    next: int
    wishes: list[_Wish]
    later: list[_Wish] = field(default_factory=list)
    """Theirs begins before what is read already: the next pass is theirs."""

    def add(self, wish: _Wish) -> None:
        """Take one more along, now or in the next pass."""
        (self.wishes if wish.span.begin >= self.next else self.later).append(wish)

    def settle(self) -> None:
        """Answer those whose stretch is read, forget those who went away."""
        for wish in self.wishes:
            if self.next >= wish.span.end and not wish.answer.done():
                wish.answer.set_result(wish.found)
        self.wishes = [wish for wish in self.wishes if not wish.answer.done()]
        self.later = [wish for wish in self.later if not wish.answer.done()]


class Past:
    """Reads stretches of logs for single conversations; bounded in records, bytes and time."""

    def __init__(self, create: Callable[[], PastSource], settings: "ResumeSettings") -> None:
        self._create = create
        self._records = settings.records
        self._bytes = settings.bytes
        self._seconds = settings.wait.total_seconds()
        self._readings: dict[Log, _Reading] = {}
        self._running: asyncio.Task[None] | None = None
        self._held = 0

    async def events(self, key: bytes, span: Span) -> list[Kept]:
        """Return a conversation's events of a stretch that has been written, in log order.

        Raises:
            TooFarError: it is gone, or too much.
            RetryableError: the log is away, or too many ask.
        """
        if span.end - span.begin > self._records:
            raise TooFarError
        if self._held > MAX_HELD_BYTES:
            msg = "too many come back at once"
            raise RetryableError(msg)
        wish = _Wish(key, span, asyncio.get_running_loop().create_future())
        self._begin(wish)
        try:
            async with asyncio.timeout(self._seconds):
                return await wish.answer
        except TimeoutError:
            if wish.begun:
                raise TooFarError from None
            msg = "the log gave nothing in time"
            raise RetryableError(msg) from None
        finally:
            wish.answer.cancel()
            self._held -= wish.size

    async def stop(self) -> None:
        """Stop reading; who waits is told to come back."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    def _begin(self, wish: _Wish) -> None:
        reading = self._readings.get(wish.span.log)
        if reading is None:
            self._readings[wish.span.log] = _Reading(wish.span.log, wish.span.begin, [wish])
        else:
            reading.add(wish)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())

    async def _run(self) -> None:
        # Those who come back together arrive one after the other: let them be read for together.
        await asyncio.sleep(0)
        try:
            while self._readings:
                source = self._create()
                try:
                    await self._read_all(source)
                except (RetryableError, OSError) as error:
                    logger.warning("past_unreadable", error=type(error).__name__)
                    self._refuse_all()
                finally:
                    await source.stop()
        finally:
            self._refuse_all()

    async def _read_all(self, source: PastSource) -> None:
        loop = asyncio.get_running_loop()
        heard = loop.time()
        while positions := {log: each.next for log, each in self._readings.items()}:
            async with asyncio.timeout_at(heard + SILENCE_SECONDS):
                found = await source.read(positions)
                if not found:
                    await asyncio.sleep(0)
            if found:
                heard = loop.time()
            for log, records in found.items():
                if log in positions:
                    self._take(self._readings[log], records)
            self._turn(self._readings.values())
            # Those who are here have their turn too.
            await asyncio.sleep(0)

    def _take(self, reading: _Reading, records: "Sequence[TailedRecord]") -> None:
        end = max((wish.span.end for wish in reading.wishes), default=reading.next)
        by_key: dict[bytes | None, list[_Wish]] = {}
        for wish in reading.wishes:
            by_key.setdefault(wish.key, []).append(wish)
            wish.begun = True
        for record in records:
            if record.offset >= end:
                break
            if record.offset != reading.next:
                # Gone by retention: nobody may believe to have seen it.
                for wish in (*reading.wishes, *reading.later):
                    wish.refuse(TooFarError())
                break
            reading.next += 1
            wishes = by_key.get(record.key)
            if wishes is not None:
                self._keep(reading.log, record, wishes)
        timings.past_records.inc(len(records))

    def _keep(self, log: Log, record: "TailedRecord", wishes: list[_Wish]) -> None:
        try:
            pushed = pushed_of(log, record)
        except UnreadableError:
            return
        kept = Kept(record.offset, pushed.key, pushed.payload, 0.0)
        for wish in wishes:
            if wish.answer.done() or not wish.span.begin <= record.offset < wish.span.end:
                continue
            wish.found.append(kept)
            wish.size += len(kept.payload)
            self._held += len(kept.payload)
            if wish.size > self._bytes:
                wish.refuse(TooFarError())

    def _turn(self, readings: "Iterable[_Reading]") -> None:
        for reading in tuple(readings):
            reading.settle()
            if reading.wishes:
                continue
            del self._readings[reading.log]
            if reading.later:
                begin = min(wish.span.begin for wish in reading.later)
                self._readings[reading.log] = _Reading(reading.log, begin, reading.later)

    def _refuse_all(self) -> None:
        readings, self._readings = tuple(self._readings.values()), {}
        for reading in readings:
            for wish in (*reading.wishes, *reading.later):
                wish.refuse(RetryableError("the log cannot be read now"))

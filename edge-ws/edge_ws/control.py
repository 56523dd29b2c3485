"""Follows the topic `control`: an edge hears whose access ended, and closes their sockets."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import structlog
from pydantic import ValidationError

from edge_ws import timings
from edge_ws.tail import BACKOFF_SECONDS
from schemas import headers as names
from schemas.events.control import SessionRevoked, UserDisabled

if TYPE_CHECKING:
    from edge_ws.access import Access
    from edge_ws.ports import TailedRecord
    from edge_ws.revocations import Revocations

logger = structlog.get_logger(__name__)

_EVENT_OF: dict[bytes | None, type[SessionRevoked | UserDisabled]] = {
    event.event_type.encode("ascii"): event for event in (SessionRevoked, UserDisabled)
}


class ControlSource(Protocol):
    """Reads every partition of `control`, without a group.

    Ordering: the records of one partition come in offset order.
    Failure: any call may raise; the owner then stops this source and makes a new one.
    """

    @property
    def caught_up_at(self) -> float | None:
        """Up to when (monotonic seconds) everything written has been returned; None: not yet."""
        ...

    async def start(self, since: float) -> None:
        """Connect, and go to the first record written at or after `since` (seconds since 1970)."""
        ...

    async def poll(self) -> Sequence["TailedRecord"]:
        """Wait for records, for about a second at most, and return them."""
        ...

    async def stop(self) -> None:
        """Disconnect; never raises for the broker's sake."""
        ...


class Control:
    """Keeps the revocations up to date, and lets go of what was known of whom they hit.

    Each start reads back as far as tokens live: that needs no positions, and a repeat does no harm.
    """

    def __init__(
        self,
        create: Callable[[], ControlSource],
        revocations: "Revocations",
        close_revoked: Callable[[], None],
        access: "Access",
    ) -> None:
        self._create = create
        self._revocations = revocations
        self._close_revoked = close_revoked
        self._access = access
        self.following = False

    async def run(self) -> None:
        """Follow until cancelled."""
        failures = 0
        while True:
            source = self._create()
            try:
                await self._follow(source)
            except Exception as error:  # noqa: BLE001 - the boundary: whatever it is, read again
                failures = 0 if self.following else failures + 1
                timings.control_restarts.inc()
                logger.warning("control_restarts", error=type(error).__name__, failures=failures)
            finally:
                self.following = False
                await source.stop()
            await asyncio.sleep(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)])

    async def _follow(self, source: ControlSource) -> None:
        await source.start(self._revocations.since)
        self._note(source.caught_up_at)
        while True:
            records = await source.poll()
            for record in records:
                self._take(record)
            if records:
                self._close_revoked()
            self._note(source.caught_up_at)
            self._revocations.forget_old()

    def _note(self, caught_up_at: float | None) -> None:
        if caught_up_at is None:
            return
        self._revocations.complete_at = caught_up_at
        if not self.following:
            self.following = True
            logger.info("control_follows", remembered=len(self._revocations))

    def _take(self, record: "TailedRecord") -> None:
        kind = _EVENT_OF.get(dict(record.headers).get(names.TYPE))
        if kind is None or record.value is None:
            timings.records_skipped.labels("unknown_type" if kind is None else "null").inc()
            return
        try:
            event = kind.model_validate_json(record.value, extra="ignore")
        except ValidationError:
            # Nobody can tell whom it was about: the writer is ours, so this is a defect.
            timings.records_skipped.labels("schema").inc()
            logger.exception("control_unreadable", offset=record.offset)
            return
        self._revocations.take(event)
        self._access.forget(user_id=event.user_id)
        timings.revocations.labels(event.event_type).inc()

"""Every open socket of this process, and what ends them: deadlines, expiry, stalls, draining."""

import asyncio
import random
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from edge_ws.chunks import chunks
from edge_ws.framing import model_frame
from runtime import metrics
from runtime.clock import server_seconds
from schemas.frames.codes import CloseCode
from schemas.frames.server import Reconnect

if TYPE_CHECKING:
    from uuid import UUID

    from edge_ws.backlog import Backlog
    from edge_ws.connection import Connection
    from edge_ws.fanout import Fanout
    from edge_ws.presence import Presence
    from edge_ws.revocations import Revocations

CONNECT_SECONDS = 10.0
SWEEP_SECONDS = 0.5
AWAY_SECONDS = 1.0
"""Who is sent away is asked to stay away for no longer: a restart may cost two seconds (P9)."""


class Hub:
    """Knows the sockets; one sweep watches over all of them, so that none needs a timer."""

    def __init__(
        self,
        fanout: "Fanout",
        backlog: "Backlog",
        presence: "Presence",
        revocations: "Revocations",
        *,
        connect_seconds: float = CONNECT_SECONDS,
        sweep_seconds: float = SWEEP_SECONDS,
    ) -> None:
        self._fanout = fanout
        self._backlog = backlog
        self._presence = presence
        self._revocations = revocations
        self._connect_seconds = connect_seconds
        self._sweep_seconds = sweep_seconds
        self._connections: set[Connection] = set()
        self.draining = False

    def __len__(self) -> int:
        return len(self._connections)

    def opened(self, connection: "Connection") -> None:
        """Count a new socket in."""
        self._connections.add(connection)
        metrics.sockets.inc()

    def signed_in(self, user_id: "UUID", connection: "Connection") -> None:
        """Note that somebody is here, by this socket."""
        self._fanout.signed_in(user_id, connection)
        self._presence.arrived(user_id)

    def closed(self, connection: "Connection") -> None:
        """Forget a socket."""
        self._connections.discard(connection)
        self._fanout.drop(connection)
        self._presence.left(connection)
        connection.gone()
        metrics.sockets.dec()

    async def sweep_for_ever(self) -> None:
        """Watch over the sockets and the rings until cancelled."""
        while True:
            await asyncio.sleep(self._sweep_seconds)
            self.sweep()
            self._backlog.trim()

    def sweep(self) -> None:
        """Close what is overdue, revoked, expired or stalled."""
        now, today = time.monotonic(), server_seconds()
        for connection in tuple(self._connections):
            if connection.session is None:
                if now - connection.opened_at >= self._connect_seconds:
                    connection.close(CloseCode.NO_CONNECT, "no connect in time")
            elif self._revocations.refuses(connection.session):
                connection.close(CloseCode.ACCESS_REVOKED, "access was revoked")
            elif connection.session.expires_at <= today:
                connection.close(CloseCode.NOT_SIGNED_IN, "the access token has expired")
            elif connection.outbound.stalled(now):
                connection.close(CloseCode.SLOW_READER, "reads too slowly")

    async def drain(self, spread: timedelta, batches: int) -> None:
        """Send everybody away, a few at a time, so that they do not all come back at once."""
        self.draining = True
        leaving = list(self._connections)
        random.shuffle(leaving)
        size = -(-len(leaving) // batches) or 1
        pause = spread.total_seconds() / batches
        most_ms = int(min(spread.total_seconds(), AWAY_SECONDS) * 1_000)
        for batch in chunks(leaving, size):
            for connection in batch:
                # Jitter for people's sake, not secrecy.
                after_ms = random.randint(0, most_ms)  # noqa: S311
                connection.push(model_frame(Reconnect(after_ms=after_ms, reason="restarting")))
                connection.close(CloseCode.DRAINING, "restarting")
            await asyncio.sleep(pause)

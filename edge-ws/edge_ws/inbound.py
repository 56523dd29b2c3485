"""The way in: each text becomes a frame, and frames are carried out in their order."""

import time
from collections import deque
from typing import TYPE_CHECKING

import structlog

from edge_ws import timings
from edge_ws.framing import ack_frame, error_frame
from edge_ws.parsing import Refusal, parse
from edge_ws.publishing import RETRY_AFTER_MS
from runtime import metrics
from schemas.frames.client import AnyFrame, Connect, SendMessage, SetPresence, Typing, WatchPresence
from schemas.frames.codes import AckStatus, CloseCode, ErrorCode

if TYPE_CHECKING:
    from edge_ws.changes import Waiting
    from edge_ws.commands import Commands
    from edge_ws.connection import Connection, Session
    from edge_ws.pace import Pace

logger = structlog.get_logger(__name__)

MAX_WAITING = 64
"""Frames of one socket kept back behind one that waits; beyond it: busy."""


class Inbound:
    """Takes the frames of signed-in sockets; `take` never waits, so readers always read."""

    def __init__(self, commands: "Commands", pace: "Pace") -> None:
        self._commands = commands
        self._pace = pace

    def take(self, connection: "Connection", session: "Session", text: str) -> None:
        """Carry a frame out, keep it back behind a waiting one, or refuse it."""
        arrived = time.perf_counter()
        if self._pace.refuses(connection, session, text):
            return
        frame = parse(text)
        if isinstance(frame, Refusal):
            metrics.frames_in.labels("refused").inc()
            connection.push(frame.frame())
            return
        metrics.frames_in.labels(frame.type).inc()
        if connection.waiting is None:
            self._begin(connection, session, frame)
            if isinstance(frame, SendMessage):
                timings.receive_seconds.observe(time.perf_counter() - arrived)
        elif len(connection.waiting) < MAX_WAITING:
            connection.waiting.append(frame)
        elif not isinstance(frame, Connect | Typing | WatchPresence | SetPresence) and frame.ref:
            connection.push(ack_frame(frame.ref, AckStatus.BUSY, retry_after_ms=RETRY_AFTER_MS))

    def take_binary(self, connection: "Connection", session: "Session") -> None:
        """Refuse a binary frame."""
        if self._pace.refuses(connection, session, None):
            return
        metrics.frames_in.labels("refused").inc()
        connection.push(error_frame(ErrorCode.BAD_FRAME, "frames are JSON texts", None))

    def _begin(self, connection: "Connection", session: "Session", frame: AnyFrame) -> None:
        waiting = self._commands.handle(connection, session, frame)
        if waiting is not None:
            connection.waiting = deque()
            connection.work(self._work(connection, session, waiting))

    async def _work(self, connection: "Connection", session: "Session", first: "Waiting") -> None:
        behind = connection.waiting
        waiting: Waiting | None = first
        try:
            while True:
                if waiting is not None:
                    await waiting()
                if not behind:
                    break
                waiting = self._commands.handle(connection, session, behind.popleft())
        except Exception:  # the boundary of this task: nobody else would hear of it
            logger.exception("frame_failed")
            connection.close(CloseCode.SERVER_ERROR, "internal error")
        finally:
            connection.waiting = None
            connection.working = None

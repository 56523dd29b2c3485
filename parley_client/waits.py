"""Tells who asked that no answer came in time: nobody else may be left to tell them."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from parley_client.frames import Frame

MOST_ANSWERED = 1_000


class Waits:
    """Follows the questions that are not answered yet, by the server's clock."""

    def __init__(self, overdue: Callable[[Frame], None]) -> None:
        self._overdue = overdue
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._answered: dict[str, None] = {}
        self._ahead = 0.0
        """Seconds that the server's clock (since 1970) is ahead of the loop's (since whenever)."""

    def set_clock(self, server_time: str) -> None:
        """Take the edge's time; everything that it stamps is judged by it."""
        now = datetime.fromisoformat(server_time).timestamp()
        self._ahead = now - asyncio.get_running_loop().time()

    def note(self, frame: Frame) -> None:
        """Begin to wait with a question, end with what is said to it."""
        match frame.get("type"):
            case "message" if frame.get("answer_by"):
                self._begin(frame)
            case "reply" | "reply:failed":
                self._end(str(frame["in_reply_to"]))

    def close(self) -> None:
        """Wait for nothing any more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _begin(self, frame: Frame) -> None:
        message_id = str(frame["message_id"])
        if message_id in self._timers or message_id in self._answered:
            return
        asked, until = (
            datetime.fromisoformat(frame[name]).timestamp() for name in ("occurred_at", "answer_by")
        )
        loop = asyncio.get_running_loop()
        # Stamped by another edge, whose clock may be wrong: never wait longer than was meant.
        left = min(until - self._ahead - loop.time(), until - asked)
        late: Frame = {
            "type": "answer:overdue",
            "conversation_id": frame["conversation_id"],
            "in_reply_to": message_id,
            "answer_by": frame["answer_by"],
        }
        self._timers[message_id] = loop.call_later(max(0.0, left), self._tell, message_id, late)

    def _tell(self, message_id: str, late: Frame) -> None:
        del self._timers[message_id]
        self._overdue(late)

    def _end(self, message_id: str) -> None:
        timer = self._timers.pop(message_id, None)
        if timer is not None:
            timer.cancel()
        # History and live frames interleave: an answer may be heard before its question.
        self._answered[message_id] = None
        if len(self._answered) > MOST_ANSWERED:
            del self._answered[next(iter(self._answered))]

"""Requests on their way: each is repeated until it is accepted or rejected."""

import asyncio
import random
from dataclasses import dataclass, field

from parley_client.errors import RejectedError
from parley_client.frames import Frame, encode
from schemas.frames.codes import AckStatus, ErrorCode
from schemas.text import FRAME_BYTES

MAX_BACKOFF_SECONDS = 10.0
FIRST_BACKOFF_SECONDS = 0.25
_PASSING = frozenset({ErrorCode.NOT_JOINED, ErrorCode.RATE_LIMITED})
"""Rejections that pass: after joining again, and by slowing down."""


def backoff(attempt: int) -> float:
    """Return the seconds to wait before this attempt; jittered, so that crowds spread out."""
    most = min(MAX_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** min(attempt, 10))
    return random.uniform(most / 2, most)  # noqa: S311 - spreading load, not a secret


@dataclass(eq=False)
class Request:
    """A frame that asks for something, and the future of its answer."""

    frame: Frame
    answer: asyncio.Future[Frame]
    attempts: int = 0
    timer: asyncio.TimerHandle | None = None
    text: str = field(init=False)

    def __post_init__(self) -> None:
        self.text = encode(self.frame)
        if len(self.text.encode()) > FRAME_BYTES:
            raise RejectedError(ErrorCode.TOO_LONG, "the frame is too large")

    @property
    def ref(self) -> str:
        """The name under which the answer comes back."""
        ref: str = self.frame["ref"]
        return ref

    def settle(self, ack: Frame) -> float | None:
        """Take the answer; return the seconds after which to ask again, or None when done."""
        self.attempts += 1
        match ack["status"]:
            case AckStatus.ACCEPTED:
                self._resolve(ack)
                return None
            case AckStatus.REJECTED if ack.get("code") not in _PASSING:
                self.fail(RejectedError(str(ack.get("code")), str(ack.get("detail", ""))))
                return None
            case AckStatus.BUSY | AckStatus.REJECTED if ack.get("retry_after_ms"):
                least = float(ack.get("retry_after_ms") or 0) / 1_000
                return least + backoff(self.attempts) / 2
            case _:
                return backoff(self.attempts)

    def fail(self, error: Exception) -> None:
        """Give up."""
        if not self.answer.done():
            self.answer.set_exception(error)

    def _resolve(self, ack: Frame) -> None:
        if not self.answer.done():
            self.answer.set_result(ack)

"""Why there is no answer; all of them are 503, and asking again later may help."""

from enum import StrEnum

from runtime.errors import ParleyError


class NoAnswer(StrEnum):
    """The reason, as the problem's `code` tells it."""

    UNAVAILABLE = "unavailable"
    """This gateway has no reply partition, or has just lost it."""
    BUSY = "busy"
    """Too many requests wait already, or the log takes no more."""
    TIMEOUT = "timeout"
    """The assistant has not answered in time."""
    FAILED = "failed"
    """The assistant could not answer, because of a mistake of its own."""


class NoAnswerError(ParleyError):
    """The assistant's answer is not to be had now; repeating the request is safe."""

    def __init__(self, reason: NoAnswer) -> None:
        super().__init__(reason)
        self.reason = reason

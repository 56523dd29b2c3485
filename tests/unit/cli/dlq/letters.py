"""Dead letters made up for the desk's tests."""

from cli.dlq.letters import Letter
from producers.dead_letters import Burial, Origin

GROUP = "chat-persistence"
TOPIC = "chat-messages-persistence-dlq"


def origin(offset: int) -> Origin:
    return Origin("chat-messages", 3, offset, 1_000)


def letter(
    offset: int,
    *,
    first: int | None = None,
    attempt: int = 0,
    reason: str = "handler_error",
    key: bytes = b"k",
    timestamp: int = 1_000,
) -> Letter:
    """Return the dead letter at this offset; `first` is the original record's offset."""
    burial = Burial(
        origin=origin(offset if first is None else first),
        group=GROUP,
        reason=reason,
        detail="",
        attempt=attempt,
    )
    return Letter(
        topic=TOPIC,
        partition=0,
        offset=offset,
        timestamp=timestamp,
        key=key,
        value=b"\x00 body",
        headers=(("x", None),),
        burial=burial,
    )

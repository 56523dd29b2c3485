"""Statuses, rejection codes and close codes of the socket."""

from enum import IntEnum, StrEnum

SUBPROTOCOL = "parley.v1"


class AckStatus(StrEnum):
    """What became of a client frame."""

    ACCEPTED = "accepted"
    """It is on the log, on all replicas; a join or a leave is done."""
    UNKNOWN = "unknown"
    """The deadline passed: repeat with the same client id."""
    BUSY = "busy"
    """Nothing was tried: repeat after `retry_after_ms`."""
    REJECTED = "rejected"
    """Repeating will not help, unless `code` is `not_joined` or `rate_limited`."""


class ErrorCode(StrEnum):
    """Why a frame was refused."""

    BAD_JSON = "bad_json"
    """The text is no JSON."""
    BAD_FRAME = "bad_frame"
    """A field is missing or wrong; or the frame is binary, or a second `connect`."""
    UNKNOWN_TYPE = "unknown_type"
    """The edge knows no such `type`."""
    TOO_LONG = "too_long"
    """A message has too many characters, or is too large for the log."""
    EMPTY = "empty"
    """A message has no text, or nothing but blanks."""
    NOT_JOINED = "not_joined"
    """This socket has not joined the conversation."""
    NOT_FOUND = "not_found"
    """It is not there, was deleted, or is not this user's to see."""
    NOT_ALLOWED = "not_allowed"
    """It is another's message, or no answer that could be rated; or an agent asks the assistant."""
    RATE_LIMITED = "rate_limited"
    """Frames come too fast."""
    CONVERSATION_ENDED = "conversation_ended"
    """The conversation has ended: nothing more is said in it."""
    ATTACHMENT_MISSING = "attachment_missing"
    """There is no such attachment: nothing can be attached yet."""


class CloseCode(IntEnum):
    """4000-4499 mean come back; 4500-4999 mean stop."""

    DRAINING = 4000
    """The edge stops: come back, after the pause that `reconnect` named."""
    SLOW_READER = 4001
    """Too much was waiting to be read: come back, and read faster."""
    SERVER_ERROR = 4002
    """The edge failed, or can sign nobody in for now: come back."""
    TOO_MANY_CONNECTIONS = 4003
    """This user or this address has too many sockets open: come back later."""
    RATE = 4029
    """Frames went on coming too fast: come back, and send fewer."""
    NOT_SIGNED_IN = 4501
    """The ticket or token is not valid, or has expired by now: sign in again."""
    ACCESS_REVOKED = 4503
    """The session was ended, or the user switched off: stop."""
    NO_CONNECT = 4508
    """No `connect` came in time: stop."""
    PROTOCOL_BROKEN = 4509
    """The first frame was no valid `connect`: stop."""
    SUBPROTOCOL_MISSING = 4510
    """The handshake did not ask for the subprotocol: stop."""
    FRAME_TOO_LARGE = 1009
    """A frame was larger than `frame_bytes`: come back, and do not send it again."""

"""Statuses, rejection codes and close codes of the socket."""

from enum import IntEnum, StrEnum

SUBPROTOCOL = "parley.v1"


class AckStatus(StrEnum):
    """What became of a client frame."""

    ACCEPTED = "accepted"
    """It is on the log, on all replicas."""
    UNKNOWN = "unknown"
    """The deadline passed: repeat with the same client id."""
    BUSY = "busy"
    """Nothing was tried: repeat after `retry_after_ms`."""
    REJECTED = "rejected"
    """Repeating will not help; `code` says why."""


class ErrorCode(StrEnum):
    """Why a frame was refused."""

    BAD_JSON = "bad_json"
    BAD_FRAME = "bad_frame"
    UNKNOWN_TYPE = "unknown_type"
    TOO_LONG = "too_long"
    EMPTY = "empty"
    NOT_JOINED = "not_joined"
    NOT_FOUND = "not_found"
    NOT_ALLOWED = "not_allowed"
    RATE_LIMITED = "rate_limited"
    CONVERSATION_ENDED = "conversation_ended"
    ATTACHMENT_MISSING = "attachment_missing"


class CloseCode(IntEnum):
    """4000-4499 mean come back; 4500-4999 mean stop."""

    DRAINING = 4000
    SLOW_READER = 4001
    SERVER_ERROR = 4002
    TOO_MANY_CONNECTIONS = 4003
    RATE = 4029
    NOT_SIGNED_IN = 4501
    ACCESS_REVOKED = 4503
    NO_CONNECT = 4508
    PROTOCOL_BROKEN = 4509
    SUBPROTOCOL_MISSING = 4510
    FRAME_TOO_LARGE = 1009

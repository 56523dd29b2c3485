"""The few kinds of error there are; each is an instruction to whoever catches it."""


class ParleyError(Exception):
    """Something Parley knows the meaning of."""


class RetryableError(ParleyError):
    """A shared part (broker, database, Valkey) is away: back off and do the same work again."""


class TransientError(ParleyError):
    """This record's own work failed and may succeed later: try it again, let others go on.

    The text names what failed, never what people wrote.
    """


class InvalidEventError(ParleyError):
    """A record can never be handled: dead-letter it and go on.

    `reason` is a short constant for headers and metrics; the text never holds message content.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class DomainError(ParleyError):
    """A request that cannot be met as asked.

    The gateway answers it as problem+json with this code and status.
    """

    def __init__(self, code: str, detail: str, *, status: int = 400) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status


class ConfigurationError(ParleyError):
    """The process cannot start as it is set up; the text says what to change."""

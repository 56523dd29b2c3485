"""What can go wrong for a program that talks to Parley."""


class ClientError(Exception):
    """Anything the client gives up on."""


class RestError(ClientError):
    """The gateway refused a request; `code` is the problem's."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail


class SocketClosedError(ClientError):
    """The edge closed the socket with a code that says stop; or the socket was closed here."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


class RejectedError(ClientError):
    """A frame was rejected: repeating it will not help."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail

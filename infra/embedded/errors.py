"""What can go wrong with the embedded stack, each said in one line that a person can act on."""


class StackError(Exception):
    """Stops the command with its message; never shown as a traceback."""


class StackNotRunningError(StackError):
    """No stack is running on this data folder."""


class StackRunningError(StackError):
    """A stack is already running on this data folder."""

    def __init__(self, message: str, *, url: str) -> None:
        super().__init__(message)
        self.url = url

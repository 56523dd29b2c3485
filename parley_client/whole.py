"""A conversation as a whole: what it is called, whether it goes on, and whether it is there."""

from collections.abc import Mapping
from typing import Any

from parley_client.frames import Frame


class Whole:
    """Of titles the latest (occurred_at, event_id) counts; an end and a deletion are for ever."""

    def __init__(self, title: Mapping[str, Any] | None = None, ended_at: str | None = None) -> None:
        """Begin with what a page of the history says in these fields."""
        self._title: tuple[str, str, str] = ("", "", "")
        self._ended = ended_at is not None
        self.deleted = False
        if title is not None:
            self._call(title, title["text"])

    def apply(self, frame: Frame) -> None:
        """Take one frame in; others than these change nothing."""
        match frame.get("type"):
            case "conversation:started" | "conversation:renamed":
                self._call(frame, frame.get("title"))
            case "conversation:ended":
                self._ended = True
            case "conversation:deleted":
                self.deleted = True

    @property
    def title(self) -> str | None:
        """What it is called; None when it has no title, or was deleted."""
        return None if self.deleted else self._title[2] or None

    @property
    def status(self) -> str:
        """`active`, `ended` when nothing more is said, `deleted` when it is gone."""
        if self.deleted:
            return "deleted"
        return "ended" if self._ended else "active"

    def _call(self, event: Mapping[str, Any], title: str | None) -> None:
        called = (event["occurred_at"], event["event_id"], title or "")
        self._title = max(self._title, called)

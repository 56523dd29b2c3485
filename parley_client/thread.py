"""What a conversation looks like: a history, and every event since, in whatever order.

Every part is a maximum, so that repeats and disorder change nothing and everybody comes to the
same state (Shapiro et al., "Conflict-free Replicated Data Types", 2011).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from parley_client.frames import Frame
from parley_client.whole import Whole

_Rank = tuple[str, str]
"""(occurred_at, event_id): times are written so that they sort as text."""


@dataclass(frozen=True)
class Shown:
    """One message or answer as people see it."""

    message_id: str
    sender_id: str
    text: str | None
    """None when it was deleted."""
    edited_at: str | None
    deleted: bool
    reactions: frozenset[tuple[str, str]]
    """(user, emoji)"""
    rating: str | None = None
    """What the reader thinks of it: up, down, or nothing yet."""


class Thread:
    """One conversation's state; make a new one from a fresh history after a `reset`.

    `reader` is whose ratings are shown: a history tells its reader's own, and nobody else's.
    """

    def __init__(self, *, reader: UUID | None = None) -> None:
        self._reader = None if reader is None else str(reader)
        self._said: dict[str, Frame] = {}
        self._edits: dict[tuple[str, str], tuple[_Rank, str]] = {}
        self._deleted: set[tuple[str, str]] = set()
        self._reactions: dict[tuple[str, str, str], tuple[_Rank, bool]] = {}
        self._ratings: dict[str, tuple[_Rank, str]] = {}
        self._marks: dict[str, tuple[str, str]] = {}
        self._arrived: dict[str, tuple[str, str]] = {}
        self._handover: tuple[_Rank, str] = (("", ""), "assistant")
        self._whole = Whole()
        self._agents: dict[str, tuple[str, str]] = {}
        """Agent to when they came, and their name."""

    @classmethod
    def of(
        cls,
        items: Iterable[Mapping[str, Any]],
        read: Iterable[Mapping[str, Any]] = (),
        handover: Mapping[str, Any] | None = None,
        *,
        delivered: Iterable[Mapping[str, Any]] = (),
        title: Mapping[str, Any] | None = None,
        ended_at: str | None = None,
        agents: Iterable[Mapping[str, Any]] = (),
        reader: UUID | None = None,
    ) -> "Thread":
        """Return the state of a history: what the gateway answers in these fields of a page."""
        thread = cls(reader=reader)
        for item in items:
            thread.apply(dict(item))
        for marks, page in ((thread._marks, read), (thread._arrived, delivered)):
            for mark in page:
                _mark(marks, mark["user_id"], mark["up_to"], mark["message_id"])
        if handover is not None:
            thread._hand_over(dict(handover))
        thread._whole = Whole(title, ended_at)
        for agent in agents:
            thread._join(agent["id"], agent["joined_at"], agent["name"])
        return thread

    def apply(self, frame: Frame) -> None:
        """Take one frame or history item in; others than these change nothing."""
        match frame.get("type"):
            case "message" | "reply":
                self._say(frame)
            case "message:edited":
                self._edit(frame, frame["text"], _rank(frame))
            case "message:deleted":
                self._deleted.add((frame["message_id"], frame["sender"]["id"]))
            case "reaction":
                self._react(frame, frame["sender"]["id"], _rank(frame))
            case "feedback":
                self._rate(frame, frame["sender"]["id"], _rank(frame))
            case "read":
                _mark(self._marks, frame["sender"]["id"], frame["up_to"], frame["message_id"])
            case "delivered":
                _mark(self._arrived, frame["sender"]["id"], frame["up_to"], frame["message_id"])
            case "handover":
                self._hand_over(frame)
            case "conversation:joined":
                sender = frame["sender"]
                self._join(sender["id"], frame["occurred_at"], sender["name"])
            case _:
                self._whole.apply(frame)

    @property
    def shown(self) -> list[Shown]:
        """Everything said, in reading order; nothing of a conversation that was deleted."""
        if self._whole.deleted:
            return []
        return [self._show(frame) for frame in sorted(self._said.values(), key=_rank)]

    @property
    def read(self) -> dict[str, str]:
        """How far each user has read: user to message."""
        return {user: message for user, (_, message) in self._marks.items()}

    @property
    def delivered(self) -> dict[str, str]:
        """How far what was said has reached each user: who has read a message has it too."""
        marks = dict(self._marks)
        for user, (up_to, message) in self._arrived.items():
            _mark(marks, user, up_to, message)
        return {user: message for user, (_, message) in marks.items()}

    @property
    def handler(self) -> str:
        """Who answers: `assistant`, or `agent` while it is silent because a person does."""
        return self._handover[1]

    @property
    def title(self) -> str | None:
        """What the conversation is called; None when it has no title, or was deleted."""
        return self._whole.title

    @property
    def status(self) -> str:
        """`active`, `ended` when nothing more is said, `deleted` when it is gone."""
        return self._whole.status

    @property
    def agents(self) -> dict[str, str]:
        """Who came in besides its owner: user to name."""
        return {agent: name for agent, (_, name) in self._agents.items()}

    def _join(self, agent_id: str, joined_at: str, name: str) -> None:
        known = self._agents.get(agent_id)
        self._agents[agent_id] = min((joined_at, name), known or (joined_at, name))

    def _hand_over(self, frame: Frame) -> None:
        self._handover = max(self._handover, (_rank(frame), frame["to"]))

    def _say(self, frame: Frame) -> None:
        self._said.setdefault(frame["message_id"], frame)
        if frame.get("deleted"):
            self._deleted.add((frame["message_id"], frame["sender"]["id"]))
        elif frame.get("edited_at"):
            self._edit(frame, frame["text"], (frame["edited_at"], ""))
        for reaction in frame.get("reactions", ()):
            shown = {**reaction, "message_id": frame["message_id"], "active": True}
            self._react(shown, reaction["user_id"], ("", ""))

        if frame.get("rating") and self._reader is not None:
            self._rate(frame, self._reader, ("", ""))

    def _edit(self, frame: Frame, text: str, rank: _Rank) -> None:
        author = frame["message_id"], frame["sender"]["id"]
        known = self._edits.get(author)
        if known is None or known[0] < rank:
            self._edits[author] = rank, text

    def _react(self, frame: Frame, user_id: str, rank: _Rank) -> None:
        what = frame["message_id"], user_id, frame["emoji"]
        known = self._reactions.get(what)
        if known is None or known[0] < rank:
            self._reactions[what] = rank, frame["active"]

    def _rate(self, frame: Frame, user_id: str, rank: _Rank) -> None:
        known = self._ratings.get(frame["message_id"])
        if user_id == self._reader and (known is None or known[0] < rank):
            self._ratings[frame["message_id"]] = rank, frame["rating"]

    def _show(self, frame: Frame) -> Shown:
        message, sender = frame["message_id"], frame["sender"]["id"]
        deleted = (message, sender) in self._deleted
        (edited_at, _), text = self._edits.get((message, sender), (("", ""), frame["text"]))
        on = {
            (user, emoji)
            for (about, user, emoji), (_, active) in self._reactions.items()
            if about == message and active and not deleted
        }
        return Shown(
            message_id=message,
            sender_id=sender,
            text=None if deleted else text,
            edited_at=None if deleted else edited_at or None,
            deleted=deleted,
            reactions=frozenset(on),
            rating=self._ratings[message][1] if message in self._ratings else None,
        )


def _rank(frame: Frame) -> _Rank:
    return frame["occurred_at"], frame["event_id"]


def _mark(marks: dict[str, tuple[str, str]], user_id: str, up_to: str, message_id: str) -> None:
    marks[user_id] = max((up_to, message_id), marks.get(user_id, ("", "")))

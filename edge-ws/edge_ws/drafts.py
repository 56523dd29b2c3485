"""Answers as far as they are written, so that who comes in the middle gets the text so far."""

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import orjson

from edge_ws.ports import Log
from schemas.frames.server import DELTA_FRAME
from schemas.text import REPLY_CHARS
from schemas.topics import CATALOGUE, Topic

DRAFT_LOGS = tuple(
    Log(Topic.CHAT_REPLY_DELTAS, partition)
    for partition in range(CATALOGUE[Topic.CHAT_REPLY_DELTAS].partitions)
)
MAX_DRAFTS = 2_000
MAX_ENDED = 10_000
SILENT_SECONDS = 60.0
"""A draft that has not grown for so long is abandoned; its question is answered all the same."""


@dataclass(slots=True)
class _Draft:
    key: bytes
    attempt: int
    text: str
    grown_at: float
    whole: bool
    """False when its beginning, or a part of it, was never seen here."""


class Drafts:
    """
    Puts pieces together by attempt and offset.

    A piece belongs behind the text so far; one of a higher attempt starts anew, one of a lower
    attempt, or of an attempt that a reply has ended, is late and not passed on.
    """

    def __init__(self) -> None:
        self._open: OrderedDict[str, _Draft] = OrderedDict()
        self._of_key: dict[bytes, set[str]] = {}
        self._ended: OrderedDict[str, int] = OrderedDict()
        self.ends: dict[Log, int] = {}
        """The next offset of each log."""

    def forget(self) -> None:
        """Drop everything: the history that it belongs to is gone."""
        for each in (self._open, self._of_key, self._ended, self.ends):
            each.clear()

    def take(self, key: bytes, delta: dict[str, Any]) -> bytes | None:
        """Add a piece; return the payload to push, or None when it is late.

        Raises:
            KeyError, TypeError, ValueError: it is no piece of an answer.
        """
        question, text = str(delta["in_reply_to"]), str(delta["text"])
        attempt, offset = int(delta["attempt"]), int(delta["offset"])
        draft = self._open.get(question)
        if self._ended.get(question, 0) >= attempt or (draft and draft.attempt > attempt):
            return None
        if draft is None or draft.attempt < attempt:
            self._forget(question)
            draft = _Draft(key, attempt, "", time.monotonic(), whole=True)
            self._keep(question, draft)
        _grow(draft, offset, text)
        return _payload(key, question, attempt, offset, text)

    def end(self, question: str, attempt: int | None) -> None:
        """Note a reply: it ends every attempt up to its own, or whatever is open here."""
        draft = self._open.get(question)
        upto = attempt or (draft.attempt if draft is not None else 0)
        if not upto:
            return
        self._ended[question] = max(upto, self._ended.get(question, 0))
        self._ended.move_to_end(question)
        if len(self._ended) > MAX_ENDED:
            self._ended.popitem(last=False)
        if draft is not None and draft.attempt <= upto:
            self._forget(question)

    def of(self, key: bytes) -> list[bytes]:
        """Return the text so far of every answer that is being written in a conversation."""
        drafts = ((question, self._open[question]) for question in self._of_key.get(key, ()))
        return [
            _payload(key, question, draft.attempt, 0, draft.text)
            for question, draft in drafts
            if draft.whole and draft.text
        ]

    def end_by(self, reply: dict[str, object]) -> None:
        """Note a reply, or that there will be none, by its fields."""
        attempt = reply.get("attempt")
        self.end(str(reply.get("in_reply_to")), attempt if isinstance(attempt, int) else None)

    def drop(self, key: bytes) -> None:
        """Forget what is being written in a conversation."""
        for question in tuple(self._of_key.get(key, ())):
            self._forget(question)

    def trim(self) -> None:
        """Let go of what is abandoned."""
        oldest = time.monotonic() - SILENT_SECONDS
        for question in [name for name, each in self._open.items() if each.grown_at < oldest]:
            self._forget(question)

    def _keep(self, question: str, draft: _Draft) -> None:
        self._open[question] = draft
        self._of_key.setdefault(draft.key, set()).add(question)
        if len(self._open) > MAX_DRAFTS:
            self._forget(next(iter(self._open)))

    def _forget(self, question: str) -> None:
        draft = self._open.pop(question, None)
        if draft is None:
            return
        questions = self._of_key[draft.key]
        questions.discard(question)
        if not questions:
            del self._of_key[draft.key]


def _grow(draft: _Draft, offset: int, text: str) -> None:
    draft.grown_at = time.monotonic()
    if offset > len(draft.text) or offset + len(text) > REPLY_CHARS:
        draft.whole = False
    elif draft.whole and offset + len(text) > len(draft.text):
        draft.text = draft.text[:offset] + text


def _payload(key: bytes, question: str, attempt: int, offset: int, text: str) -> bytes:
    return orjson.dumps(
        {
            "type": DELTA_FRAME,
            "conversation_id": key.decode("ascii"),
            "in_reply_to": question,
            "attempt": attempt,
            "offset": offset,
            "text": text,
        }
    )

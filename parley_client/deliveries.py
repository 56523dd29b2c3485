"""Tells people that what they said has reached this device: the newest of it, now and then."""

import asyncio
from collections.abc import Callable
from typing import Any

from parley_client.frames import Frame

DELIVERY_SECONDS = 1.0
"""Of each conversation it is told no more often; a read mark meanwhile says it as well."""
_MARKS = frozenset({"read", "delivered"})
_ASSISTANT = "assistant"


class Deliveries:
    """Notes what other people say; nobody asks whether an answer of the assistant has arrived."""

    def __init__(self, tell: Callable[[Frame], None]) -> None:
        self._tell = tell
        self._user_id = ""
        self._newest: dict[str, Frame] = {}
        """By conversation, what is still to be told of."""
        self._told: dict[str, str] = {}
        """By conversation, up to when this person is known to have everything."""
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def signed_in(self, user_id: str) -> None:
        """Learn who is here: what one says oneself needs no mark."""
        self._user_id = user_id

    def note(self, frame: Frame) -> None:
        """Take an event in."""
        sender: dict[str, Any] = frame.get("sender") or {}
        mine, kind = sender.get("id") == self._user_id, frame.get("type")
        conversation_id = str(frame.get("conversation_id"))
        if mine and kind in _MARKS:
            told = self._told.get(conversation_id, "")
            self._told[conversation_id] = max(told, frame["up_to"])
        elif kind == "message" and not mine and sender.get("kind") != _ASSISTANT:
            self._arrived(conversation_id, frame)

    def close(self) -> None:
        """Tell nothing more."""
        for timer in self._timers.values():
            timer.cancel()

    def _arrived(self, conversation_id: str, frame: Frame) -> None:
        newest = self._newest.setdefault(conversation_id, frame)
        if frame["occurred_at"] > newest["occurred_at"]:
            self._newest[conversation_id] = frame
        if conversation_id not in self._timers:
            later = asyncio.get_running_loop().call_later
            self._timers[conversation_id] = later(DELIVERY_SECONDS, self._due, conversation_id)

    def _due(self, conversation_id: str) -> None:
        del self._timers[conversation_id]
        newest = self._newest.pop(conversation_id)
        if newest["occurred_at"] > self._told.get(conversation_id, ""):
            about = {"conversation_id": conversation_id, "message_id": newest["message_id"]}
            self._tell({"type": "delivered", **about})

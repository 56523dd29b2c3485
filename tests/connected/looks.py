"""What a conversation looks like to one reader, by a page of its history and by events."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson

from parley_client import Thread
from schemas.frames.server import FRAME_OF_EVENT

if TYPE_CHECKING:
    from parley_client.frames import Frame
    from schemas.events.envelope import Event

READER = uuid4()
"""Whose eyes see the conversation: ratings are one's own."""


def state_of(thread: Thread) -> tuple[object, ...]:
    """Return everything that people see of a conversation."""
    return thread.shown, thread.read, thread.delivered, thread.handler, thread.agents


def thread_of(page: dict[str, Any]) -> Thread:
    """Return the state that a page gives."""
    marks = {"delivered": page["delivered"], "agents": page["agents"], "reader": READER}
    return Thread.of(page["items"], page["read"], page["handover"], **marks)


def frames_of(events: Iterable["Event"]) -> "Iterator[Frame]":
    """Give the frames that these events are pushed as; what only asks for something is not."""
    for event in events:
        if event.event_type in FRAME_OF_EVENT:
            frame: Frame = orjson.loads(event.model_dump_json())
            yield {"type": FRAME_OF_EVENT[event.event_type], **frame}

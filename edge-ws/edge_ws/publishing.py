"""From a client's frame to an event on the log, and from the log's answer to an `ack`."""

import asyncio
from functools import partial
from uuid import UUID

from edge_ws.connection import Connection
from edge_ws.framing import ack_frame, rejection_frame
from producers.ports import EventPublisher, PublishStatus
from runtime import metrics
from schemas.events.chat import MessageSent
from schemas.events.envelope import Event
from schemas.frames.codes import AckStatus, ErrorCode

MAX_IN_FLIGHT = 64
"""Publishes of one socket that are not answered yet; beyond it: busy."""
RETRY_AFTER_MS = 500

_ACK_OF = {
    PublishStatus.ACCEPTED: AckStatus.ACCEPTED,
    PublishStatus.UNKNOWN: AckStatus.UNKNOWN,
    PublishStatus.BUSY: AckStatus.BUSY,
}


class Publishing:
    """Publishes for sockets without making their readers wait.

    Events of one socket are handed to the publisher in the order of their frames; acknowledgements
    come as the log gives them.
    """

    def __init__(self, publisher: EventPublisher) -> None:
        self._publisher = publisher
        self._under_way: set[asyncio.Task[bool]] = set()

    def full(self, connection: Connection, ref: str | None) -> bool:
        """Whether this socket has too much under way; says so to a client that asks by a `ref`."""
        if connection.in_flight < MAX_IN_FLIGHT:
            return False
        if ref is not None:
            connection.push(ack_frame(ref, AckStatus.BUSY, retry_after_ms=RETRY_AFTER_MS))
        return True

    def publish(
        self,
        connection: Connection,
        ref: str | None,
        event: Event,
        *,
        message_id: UUID | None = None,
        conversation_id: UUID | None = None,
    ) -> asyncio.Task[bool]:
        """Publish in the background and answer a `ref`; the task tells if it was accepted."""
        connection.in_flight += 1
        # Tasks begin in the order in which they are made: that keeps the socket's order.
        publishing = asyncio.create_task(
            self._publish(connection, ref, event, message_id, conversation_id)
        )
        self._under_way.add(publishing)
        publishing.add_done_callback(partial(self._done, connection))
        return publishing

    async def settle(self, seconds: float) -> None:
        """Wait for what is under way, but not for ever."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)

    def _done(self, connection: Connection, publishing: asyncio.Task[bool]) -> None:
        connection.in_flight -= 1
        self._under_way.discard(publishing)

    async def _publish(
        self,
        connection: Connection,
        ref: str | None,
        event: Event,
        message_id: UUID | None,
        conversation_id: UUID | None,
    ) -> bool:
        published = await self._publisher.publish(event)
        if ref is not None:
            connection.push(_answer(ref, published.status, message_id, conversation_id))
        if published.accepted and isinstance(event, MessageSent):
            metrics.chat_messages.labels(event.sender.kind.value).inc()
        return published.accepted


def _answer(
    ref: str, status: PublishStatus, message_id: UUID | None, conversation_id: UUID | None
) -> bytes:
    if status is PublishStatus.FAILED:
        return rejection_frame(ref, ErrorCode.TOO_LONG, "the log does not take it")
    return ack_frame(
        ref,
        _ACK_OF[status],
        message_id=message_id,
        conversation_id=conversation_id,
        retry_after_ms=RETRY_AFTER_MS if status is PublishStatus.BUSY else None,
    )

"""One conversation: saying something, and hearing everything."""

import asyncio
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, Self
from uuid import UUID, uuid4

from parley_client.errors import ClientError

if TYPE_CHECKING:
    from parley_client.frames import Frame
    from parley_client.rest import ParleyClient


class Line(Protocol):
    """What a conversation needs of the socket it is held over."""

    async def ask(self, frame: "Frame") -> "Frame":
        """Send a frame until it is accepted and return its `ack`."""
        ...

    async def say(self, frame: "Frame") -> None:
        """Send a frame that nobody answers, if there is a connection now."""
        ...

    def forget(self, conversation_id: UUID) -> None:
        """Do not join this conversation again."""
        ...


class Accepted(NamedTuple):
    """The message is on the log, on all replicas."""

    message_id: UUID
    client_message_id: UUID


class Events:
    """Events from the moment this was made, each once; iterate over it."""

    def __init__(self, conversation: "Conversation") -> None:
        self._conversation = conversation
        self._frames: asyncio.Queue[Frame | None] = asyncio.Queue()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> "Frame":
        frame = await self._frames.get()
        if frame is None:
            raise StopAsyncIteration
        return frame

    def close(self) -> None:
        """Stop listening."""
        self._conversation.listeners.discard(self)
        self._frames.put_nowait(None)

    def hear(self, frame: "Frame") -> None:
        """Take an event in."""
        self._frames.put_nowait(frame)


class Conversation:
    """A joined conversation; it stays joined over reconnects."""

    def __init__(
        self, line: Line, conversation_id: UUID, rest: "ParleyClient | None" = None
    ) -> None:
        self._line = line
        self._rest = rest
        self.id = conversation_id
        self.listeners: set[Events] = set()

    def events(self) -> Events:
        """Return the events from now on, as the socket's frames; a `Thread` makes state of them.

        Each comes once, but for a change that had to be repeated: with each of its times.

        Between them come `reply:delta` frames: the text so far of answers that are being written.

        Live and replayed events may interleave: show them by (`occurred_at`, `event_id`).
        """
        events = Events(self)
        self.listeners.add(events)
        return events

    async def send(self, text: str, *, client_message_id: UUID | None = None) -> Accepted:
        """Say something; returns when it is accepted, however often it has to be repeated.

        Raises:
            RejectedError: it will never be accepted.
            SocketClosedError: the connection ended for good first.
        """
        client_id = client_message_id or uuid4()
        ack = await self._line.ask(
            {
                "type": "message",
                "conversation_id": str(self.id),
                "client_message_id": str(client_id),
                "text": text,
            }
        )
        return Accepted(UUID(ack["message_id"]), client_id)

    async def edit(
        self, message_id: UUID, text: str, *, client_event_id: UUID | None = None
    ) -> None:
        """Say a message of one's own in other words.

        Raises:
            RejectedError: it is another's, or is not there.
        """
        await self._change(
            "message:edit",
            message_id,
            text=text,
            client_event_id=str(client_event_id or uuid4()),
        )

    async def delete(self, message_id: UUID) -> None:
        """Take a message of one's own back, for good.

        Raises:
            RejectedError: it is another's, or is not there.
        """
        await self._change("message:delete", message_id)

    async def react(
        self,
        message_id: UUID,
        emoji: str,
        *,
        active: bool = True,
        client_event_id: UUID | None = None,
    ) -> None:
        """Put an emoji on a message or an answer, or take it off."""
        await self._change(
            "reaction",
            message_id,
            emoji=emoji,
            active=active,
            client_event_id=str(client_event_id or uuid4()),
        )

    async def rate(
        self,
        message_id: UUID,
        rating: str,
        reason: str | None = None,
        *,
        client_event_id: UUID | None = None,
    ) -> None:
        """Say whether an answer of the assistant is good ("up") or not ("down"); the last counts.

        `reason` is at most 500 characters.

        Raises:
            RejectedError: it is no answer, or is not there, or the rating is neither.
        """
        given = {} if reason is None else {"reason": reason}
        await self._change(
            "feedback",
            message_id,
            rating=rating,
            client_event_id=str(client_event_id or uuid4()),
            **given,
        )

    async def mark_read(self, message_id: UUID) -> None:
        """Say that everything up to this message has been read."""
        await self._change("read", message_id)

    async def stop_reply(self, question: UUID, *, client_event_id: UUID | None = None) -> None:
        """Want no more of the answer that is being written to this question."""
        await self._change("reply:stop", question, client_event_id=str(client_event_id or uuid4()))

    async def regenerate_reply(
        self, question: UUID, *, client_event_id: UUID | None = None
    ) -> None:
        """Want another answer to this question.

        Raises:
            RejectedError: there is no such question.
        """
        await self._change(
            "reply:regenerate", question, client_event_id=str(client_event_id or uuid4())
        )

    async def hand_over(
        self,
        to: Literal["agent", "assistant"],
        note: str | None = None,
        *,
        client_event_id: UUID | None = None,
    ) -> None:
        """Call a person (`agent`), and the assistant falls silent, or let it answer again.

        Everybody in the conversation hears of it, in a `handover` frame, and sees the note.
        """
        frame: Frame = {
            "type": "handover",
            "conversation_id": str(self.id),
            "to": to,
            "client_event_id": str(client_event_id or uuid4()),
        }
        await self._line.ask(frame if note is None else {**frame, "note": note})

    async def rename(self, title: str, *, client_event_id: UUID | None = None) -> None:
        """Give the conversation another title, of at most 120 characters; its owner may.

        Everybody in it hears of it, in a `conversation:renamed` frame.

        Raises:
            RestError: it is another's, or is not there, or the title is none.
            ClientError: the chat was made without `rest`.
        """
        await self._surely_rest().rename_conversation(
            self.id, title, client_event_id=client_event_id
        )

    async def end(self) -> None:
        """Let nothing more be said in the conversation, for good; its owner may.

        Raises:
            RestError: it is another's, or is not there.
            ClientError: the chat was made without `rest`.
        """
        await self._surely_rest().end_conversation(self.id)

    async def delete_conversation(self) -> None:
        """Take the conversation away with everything in it, for good; its owner may.

        Its events end with `conversation:deleted`.

        Raises:
            RestError: it is another's, or is not there.
            ClientError: the chat was made without `rest`.
        """
        await self._surely_rest().delete_conversation(self.id)

    async def typing(self, *, active: bool = True) -> None:
        """Say that one writes, or no longer does; may be lost."""
        await self._line.say({"type": "typing", "conversation_id": str(self.id), "active": active})

    def _surely_rest(self) -> "ParleyClient":
        if self._rest is None:
            raise ClientError("the chat was made without `rest`")
        return self._rest

    async def _change(self, frame_type: str, message_id: UUID, **fields: object) -> None:
        await self._line.ask(
            {
                "type": frame_type,
                "conversation_id": str(self.id),
                "message_id": str(message_id),
                **fields,
            }
        )

    async def leave(self) -> None:
        """Stop hearing this conversation."""
        self._line.forget(self.id)
        await self._line.ask({"type": "conversation:leave", "conversation_id": str(self.id)})
        self.close()

    def hear(self, frame: "Frame") -> None:
        """Hand an event to whoever listens."""
        for events in self.listeners:
            events.hear(frame)

    def close(self) -> None:
        """End everybody's iteration."""
        for events in tuple(self.listeners):
            events.close()

"""Conversations in memory: the twin of the real store, for tests and embedders."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from gateway.chat.ports import (
    ACTIVE,
    DELETED,
    Agent,
    Conversation,
    Handover,
    Place,
    ReadMark,
    Utterance,
    Waiting,
)
from schemas.events.chat import Handler, Rating
from schemas.positions import Position


@dataclass
class InMemoryConversations:
    """`gateway.chat.ports.Conversations` in lists."""

    conversations: dict[UUID, Conversation] = field(default_factory=dict)
    said: dict[UUID, list[Utterance]] = field(default_factory=dict)
    ratings: dict[tuple[UUID, UUID], Rating] = field(default_factory=dict)
    """By answer and reader."""
    marks: dict[UUID, list[ReadMark]] = field(default_factory=dict)
    delivered: dict[UUID, list[ReadMark]] = field(default_factory=dict)
    handovers: dict[UUID, Handover] = field(default_factory=dict)
    came: dict[UUID, list[Agent]] = field(default_factory=dict)
    """Who came into each conversation, the first first."""
    positions: dict[UUID, list[Position]] = field(default_factory=dict)

    async def find(self, conversation_id: UUID) -> Conversation | None:
        """Return a conversation, whoever's it is."""
        found = self.conversations.get(conversation_id)
        return None if found is None else self._handled(found)

    async def newest_of(
        self, owner_id: UUID, before: Place | None, limit: int
    ) -> Sequence[Conversation]:
        """Return an owner's conversations, the last started first."""
        found = [
            self._with_ends(self._handled(one))
            for one in self.conversations.values()
            if one.owner_id == owner_id
            and one.status != DELETED
            and (before is None or one.place < before)
        ]
        return sorted(found, key=lambda one: one.place, reverse=True)[:limit]

    async def newest_in(
        self, conversation_id: UUID, reader_id: UUID, before: Place | None, limit: int
    ) -> Sequence[Utterance]:
        """Return what was said, the latest first."""
        found = [
            replace(one, rating=self.ratings.get((one.message_id, reader_id)))
            for one in self.said.get(conversation_id, ())
            if before is None or one.place < before
        ]
        return sorted(found, key=lambda one: one.place, reverse=True)[:limit]

    async def find_message(self, conversation_id: UUID, message_id: UUID) -> Utterance | None:
        """Return something said in this conversation."""
        said = self.said.get(conversation_id, ())
        return next((one for one in said if one.message_id == message_id), None)

    async def read_marks(self, conversation_id: UUID) -> Sequence[ReadMark]:
        """Return how far each has read, by user."""
        return sorted(self.marks.get(conversation_id, ()), key=lambda mark: mark.user_id)

    async def delivery_marks(self, conversation_id: UUID) -> Sequence[ReadMark]:
        """Return how far what was said has reached each, by user."""
        return sorted(self.delivered.get(conversation_id, ()), key=lambda mark: mark.user_id)

    async def handover(self, conversation_id: UUID) -> Handover | None:
        """Return the latest hand-over."""
        return self.handovers.get(conversation_id)

    async def agents(self, conversation_id: UUID) -> Sequence[Agent]:
        """Return who came into it."""
        return self.came.get(conversation_id, ())

    async def waiting(self, after: Place | None, limit: int) -> Sequence[Waiting]:
        """Return active conversations that are with a person, longest first."""
        found = [
            Waiting(
                self._with_ends(self._handled(one)),
                self.handovers[one.id].note,
                tuple(await self.agents(one.id)),
            )
            for one in self.conversations.values()
            if one.status == ACTIVE
            and one.id in self.handovers
            and self.handovers[one.id].to is Handler.AGENT
        ]
        left = [each for each in found if after is None or each.place > after]
        return sorted(left, key=lambda each: each.place)[:limit]

    async def reached(self, conversation_id: UUID) -> Sequence[Position]:
        """Return how far the conversation's logs are stored."""
        return self.positions.get(conversation_id, ())

    def _handled(self, one: Conversation) -> Conversation:
        last = self.handovers.get(one.id)
        if last is None:
            return one
        return replace(one, handled_by=last.to, handled_since=last.occurred_at)

    def _with_ends(self, one: Conversation) -> Conversation:
        said = sorted(self.said.get(one.id, ()), key=lambda utterance: utterance.place)
        if not said:
            return one
        first = (each for each in said if each.type == "message" and not each.deleted)
        return replace(
            one,
            last_message_at=said[-1].place.at,
            last_message_text=said[-1].body.get("text"),
            first_message_text=next((each.body.get("text") for each in first), None),
        )

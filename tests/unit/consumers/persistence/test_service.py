"""What history keeps of each event."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from consumers.persistence.ports import (
    AgentRow,
    ConversationRow,
    DeletionRow,
    DeliveryMarkRow,
    EditRow,
    EndRow,
    FeedbackRow,
    HandlerRow,
    InsightRow,
    MessageRow,
    ReactionRow,
    ReadMarkRow,
    RemovalRow,
    TitleRow,
)
from consumers.persistence.service import keep, row_of
from schemas.events.admin import ActionRecorded
from schemas.events.chat import (
    AgentJoined,
    ConversationHandedOver,
    ConversationStarted,
    FeedbackGiven,
    Handler,
    MessageDeleted,
    MessageEdited,
    MessagesDelivered,
    MessageSent,
    Rating,
    ReactionSet,
)
from schemas.events.conversations import (
    ConversationDeleted,
    ConversationEnded,
    ConversationRenamed,
)
from schemas.events.insights import MessageAnalyzed
from schemas.events.replies import HandoverAsked, ReplyGenerated
from schemas.generate.examples import EXAMPLES

if TYPE_CHECKING:
    from schemas.events.envelope import Event


@dataclass
class InMemoryArchive:
    """Keeps the first row of each event."""

    conversations: list[ConversationRow] = field(default_factory=list)
    messages: list[MessageRow] = field(default_factory=list)
    insights: list[InsightRow] = field(default_factory=list)
    edits: list[EditRow] = field(default_factory=list)
    deletions: list[DeletionRow] = field(default_factory=list)
    reactions: list[ReactionRow] = field(default_factory=list)
    handlers: list[HandlerRow] = field(default_factory=list)
    agents: list[AgentRow] = field(default_factory=list)
    ratings: list[FeedbackRow] = field(default_factory=list)
    marks: list[ReadMarkRow] = field(default_factory=list)
    delivered: list[DeliveryMarkRow] = field(default_factory=list)
    settled: list[UUID] = field(default_factory=list)
    titles: list[TitleRow] = field(default_factory=list)
    ends: list[EndRow] = field(default_factory=list)
    removals: list[RemovalRow] = field(default_factory=list)
    settled_conversations: list[UUID] = field(default_factory=list)

    async def add_conversations(self, rows: Sequence[ConversationRow]) -> None:
        self.conversations += rows

    async def add_titles(self, rows: Sequence[TitleRow]) -> None:
        self.titles += rows

    async def add_ends(self, rows: Sequence[EndRow]) -> None:
        self.ends += rows

    async def add_removals(self, rows: Sequence[RemovalRow]) -> None:
        self.removals += rows

    async def settle_conversations(self, conversation_ids: Sequence[UUID]) -> None:
        self.settled_conversations += conversation_ids

    async def add_handlers(self, rows: Sequence[HandlerRow]) -> None:
        self.handlers += rows

    async def add_agents(self, rows: Sequence[AgentRow]) -> None:
        self.agents += rows

    async def add_messages(self, rows: Sequence[MessageRow]) -> None:
        self.messages += rows

    async def add_insights(self, rows: Sequence[InsightRow]) -> None:
        self.insights += rows

    async def add_edits(self, rows: Sequence[EditRow]) -> None:
        self.edits += rows

    async def add_deletions(self, rows: Sequence[DeletionRow]) -> None:
        self.deletions += rows

    async def add_reactions(self, rows: Sequence[ReactionRow]) -> None:
        self.reactions += rows

    async def add_feedback(self, rows: Sequence[FeedbackRow]) -> None:
        self.ratings += rows

    async def add_read_marks(self, rows: Sequence[ReadMarkRow]) -> None:
        self.marks += rows

    async def add_delivery_marks(self, rows: Sequence[DeliveryMarkRow]) -> None:
        self.delivered += rows

    async def settle(self, message_ids: Sequence[UUID]) -> None:
        self.settled += message_ids


async def test_every_kind_finds_its_table() -> None:
    """Messages and replies share the history; what is not said in a chat is not in it."""
    archive = InMemoryArchive()
    await keep(archive, [(event, event.model_dump_json()) for event in EXAMPLES])
    kinds = [type(event) for event in EXAMPLES]
    assert len(archive.conversations) == kinds.count(ConversationStarted)
    assert len(archive.messages) == kinds.count(MessageSent) + kinds.count(ReplyGenerated)
    assert len(archive.insights) == kinds.count(MessageAnalyzed)
    assert len(archive.edits) == kinds.count(MessageEdited)
    assert len(archive.deletions) == kinds.count(MessageDeleted)
    assert len(archive.reactions) == kinds.count(ReactionSet)
    assert len(archive.ratings) == 1
    assert len(archive.marks) == len(archive.delivered) == len(archive.handlers) == 1
    assert len(archive.agents) == 1
    assert set(archive.settled) == {row.message_id for row in archive.messages}


async def test_of_several_changes_in_a_batch_the_latest_counts() -> None:
    """One statement may change a row only once, so the batch is reduced first."""
    archive = InMemoryArchive()
    edit = next(each for each in EXAMPLES if isinstance(each, MessageEdited))
    thumb = next(each for each in EXAMPLES if isinstance(each, ReactionSet))
    called = next(each for each in EXAMPLES if isinstance(each, ConversationHandedOver))
    asked = next(each for each in EXAMPLES if isinstance(each, HandoverAsked))
    later = called.occurred_at + timedelta(microseconds=1)
    rated = next(each for each in EXAMPLES if isinstance(each, FeedbackGiven))
    better = {"occurred_at": later + timedelta(seconds=1), "rating": Rating.UP, "reason": None}
    events: list[Event] = [
        rated.model_copy(update=better),
        rated,
        edit.model_copy(update={"occurred_at": later, "text": "last", "event_id": uuid4()}),
        edit,
        thumb.model_copy(update={"occurred_at": later, "active": False}),
        thumb,
        thumb.model_copy(update={"emoji": "🎉"}),
        called.model_copy(update={"occurred_at": later, "to": Handler.ASSISTANT}),
        called,
        asked.model_copy(update={"conversation_id": uuid4()}),
    ]
    await keep(archive, [(event, event.model_dump_json()) for event in events])
    assert [row.text for row in archive.edits] == ["last"]
    handled = {row.conversation_id: row.handler for row in archive.handlers}
    assert len(archive.handlers) == len(handled) == 2
    assert handled[called.conversation_id] == "assistant"
    assert [(row.rating, row.reason) for row in archive.ratings] == [("up", None)]
    assert {(row.emoji, row.active) for row in archive.reactions} == {("👍", False), ("🎉", True)}


async def test_of_several_delivery_marks_the_furthest_counts() -> None:
    """As of read marks: whatever the order, and for each person in each conversation."""
    archive = InMemoryArchive()
    mark = next(each for each in EXAMPLES if isinstance(each, MessagesDelivered))
    further = mark.model_copy(
        update={"message_id": uuid4(), "up_to": mark.up_to + timedelta(seconds=1)}
    )
    elsewhere = mark.model_copy(update={"conversation_id": uuid4()})
    for order in ([further, mark, elsewhere], [elsewhere, mark, further]):
        archive.delivered.clear()
        await keep(archive, [(event, event.model_dump_json()) for event in order])
        found = {row.conversation_id: row.message_id for row in archive.delivered}
        assert len(archive.delivered) == len(found) == 2
        assert found[mark.conversation_id] == further.message_id


async def test_what_becomes_of_a_conversation_is_kept_beside_it() -> None:
    """Of titles in a batch the latest; whatever is stored is settled with its conversation."""
    archive = InMemoryArchive()
    renamed, ended, gone = (
        next(each for each in EXAMPLES if isinstance(each, kind))
        for kind in (ConversationRenamed, ConversationEnded, ConversationDeleted)
    )
    later = renamed.occurred_at + timedelta(microseconds=1)
    last = renamed.model_copy(update={"occurred_at": later, "title": "last"})
    said = next(each for each in EXAMPLES if isinstance(each, MessageSent))
    elsewhere = said.model_copy(update={"conversation_id": uuid4()})
    events: list[Event] = [last, renamed, ended, ended, gone, elsewhere]
    await keep(archive, [(event, event.model_dump_json()) for event in events])
    assert [row.title for row in archive.titles] == ["last"]
    assert {row.ended_at for row in archive.ends} == {ended.occurred_at}
    assert [row.deleted_at for row in archive.removals] == [gone.occurred_at]
    both = sorted({renamed.conversation_id, elsewhere.conversation_id})
    assert archive.settled_conversations == both


async def test_who_came_into_a_conversation_is_a_set() -> None:
    """Each agent once, since the first time; others, and other conversations, stay apart."""
    archive = InMemoryArchive()
    first = next(each for each in EXAMPLES if isinstance(each, AgentJoined))
    later = first.model_copy(update={"occurred_at": first.occurred_at + timedelta(seconds=1)})
    other = first.sender.model_copy(update={"id": uuid4(), "name": "Linus"})
    events: list[Event] = [
        later,
        first,
        later,
        first.model_copy(update={"sender": other}),
        first.model_copy(update={"conversation_id": uuid4()}),
    ]
    await keep(archive, [(event, event.model_dump_json()) for event in events])
    joined = {(row.conversation_id, row.agent_id): row for row in archive.agents}
    assert len(archive.agents) == len(joined) == 3
    row = joined[first.conversation_id, first.sender.id]
    assert (row.joined_at, row.name) == (first.occurred_at, "Grace")


async def test_a_rating_settles_the_question_it_is_about() -> None:
    """If that was deleted before, the reason goes at once."""
    archive = InMemoryArchive()
    rated = next(each for each in EXAMPLES if isinstance(each, FeedbackGiven))
    await keep(archive, [(rated, rated.model_dump_json())])
    assert archive.settled == [rated.in_reply_to]


def test_a_message_keeps_the_body_as_published() -> None:
    """History answers with the very JSON that went over the socket."""
    event = next(each for each in EXAMPLES if isinstance(each, MessageSent))
    row = row_of(event, '{"as": "published"}')
    assert isinstance(row, MessageRow)
    assert (row.type, row.sender_kind, row.in_reply_to) == ("message", "user", None)
    assert row.body == '{"as": "published"}'


def test_a_reply_points_at_its_question() -> None:
    """An answer is stored beside the message it answers."""
    event = next(each for each in EXAMPLES if isinstance(each, ReplyGenerated))
    row = row_of(event, "{}")
    assert isinstance(row, MessageRow)
    assert (row.type, row.sender_kind) == ("reply", "assistant")
    assert row.in_reply_to == event.in_reply_to


def test_an_action_is_no_history() -> None:
    """An event that history does not show makes no row."""
    event = next(each for each in EXAMPLES if isinstance(each, ActionRecorded))
    assert row_of(event, "{}") is None

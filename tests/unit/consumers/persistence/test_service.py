"""What history keeps of each event."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from consumers.persistence.ports import ConversationRow, InsightRow, MessageRow
from consumers.persistence.service import keep, row_of
from schemas.events.admin import ActionRecorded
from schemas.events.chat import ConversationStarted, MessageSent
from schemas.events.insights import MessageAnalyzed
from schemas.events.replies import ReplyGenerated
from schemas.generate.examples import EXAMPLES


@dataclass
class InMemoryArchive:
    """Keeps the first row of each event."""

    conversations: list[ConversationRow] = field(default_factory=list)
    messages: list[MessageRow] = field(default_factory=list)
    insights: list[InsightRow] = field(default_factory=list)

    async def add_conversations(self, rows: Sequence[ConversationRow]) -> None:
        self.conversations += rows

    async def add_messages(self, rows: Sequence[MessageRow]) -> None:
        self.messages += rows

    async def add_insights(self, rows: Sequence[InsightRow]) -> None:
        self.insights += rows


async def test_every_kind_finds_its_table() -> None:
    """Messages and replies share the history; what is not said in a chat is not in it."""
    archive = InMemoryArchive()
    await keep(archive, [(event, event.model_dump_json()) for event in EXAMPLES])
    kinds = [type(event) for event in EXAMPLES]
    assert len(archive.conversations) == kinds.count(ConversationStarted)
    assert len(archive.messages) == kinds.count(MessageSent) + kinds.count(ReplyGenerated)
    assert len(archive.insights) == kinds.count(MessageAnalyzed)


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

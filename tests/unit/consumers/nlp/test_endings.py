"""Nothing is answered in a conversation that has ended or is gone."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from consumers.nlp.service import endings as module
from consumers.nlp.service.endings import Endings
from producers.memory import InMemoryEventPublisher
from schemas import ids
from schemas.events.conversations import (
    ConversationChange,
    ConversationDeleted,
    ConversationEnded,
)
from schemas.events.insights import MessageAnalyzed
from schemas.events.replies import ReplyFailed
from tests.unit.consumers.nlp.samples import AT, ORDER, RETURN, SNIPPET, message
from tests.unit.consumers.nlp.stage import HELD, until
from tests.unit.consumers.nlp.test_handovers import Room, asked
from tests.unit.consumers.nlp.writers import Desk, ScriptedModel

BOTH = pytest.mark.parametrize("kind", [ConversationEnded, ConversationDeleted])
ONE, OTHER = UUID(int=1), UUID(int=2)


def over(kind: type[ConversationChange]) -> ConversationChange:
    """The end of the conversation that the samples are of."""
    said = message(ORDER)
    event_id = ids.event_id(kind.event_type, said.conversation_id)
    return kind.model_validate(
        {
            "event_id": event_id,
            "occurred_at": AT,
            "correlation_id": event_id,
            "conversation_id": said.conversation_id,
            "sender": said.sender,
        }
    )


@BOTH
async def test_what_stands_behind_the_end_is_not_answered(
    executor: ThreadPoolExecutor, kind: type[ConversationChange]
) -> None:
    """In one batch: what stands before is answered; clients of the rest are told to stop waiting.

    Worked again, every record meets what it met; and nobody is called for who is not there.
    """
    room = Room(InMemoryEventPublisher(), executor, None)
    before, behind, wish = asked(ORDER, 0), asked(ORDER, 2), asked(RETURN, 3)
    batch = (before, over(kind), behind, wish)
    for _ in range(2):
        await room.work(*batch)
        assert [room.answered(each) for each in (before, behind, wish)] == [True, False, False]
    assert len({each.event_id for each in room.publisher.events}) == 6
    assert room.told(ReplyFailed) == []
    assert len({each.event_id for each in room.told(MessageAnalyzed)}) == 3


@BOTH
@pytest.mark.parametrize("held", [0, HELD], ids=["before the first word", "in the middle"])
async def test_what_is_being_written_is_not_said(
    executor: ThreadPoolExecutor, kind: type[ConversationChange], held: int
) -> None:
    """The model is let go, and nothing of its answer is said."""
    desk = Desk(ScriptedModel(holds_at=held))
    room = Room(InMemoryEventPublisher(), executor, desk)
    question = asked(SNIPPET, 0)
    await room.work(question)
    await until(lambda: desk.model.under_way == 1)
    await room.work(over(kind), first=1)
    await until(lambda: not room.handler.unfinished())
    assert not room.answered(question)
    assert desk.model.under_way == 0


def test_the_first_of_several_ends_counts() -> None:
    """It holds from its place on, for its conversation only."""
    endings = Endings()
    endings.note(ONE, 5)
    endings.note(ONE, 9)
    assert [endings.over_at(ONE, place) for place in (4, 5, 6)] == [False, False, True]
    assert not endings.over_at(OTHER, 6)


def test_of_too_many_ends_the_oldest_is_forgotten() -> None:
    """Memory is bounded; edges refuse all the same."""
    endings = Endings()
    endings.note(ONE, 1)
    for number in range(module.REMEMBERED_ENDS):
        endings.note(UUID(int=10 + number), 1)
    assert not endings.over_at(ONE, 2)

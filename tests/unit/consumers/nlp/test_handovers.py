"""The assistant is silent from a hand-over until it is handed back, whatever happens meanwhile."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest

from consumers.delivery.ports import Delivered, Record
from consumers.nlp.handlers import MessageHandler
from consumers.nlp.service import handovers as module
from consumers.nlp.service.assistant import Assistant
from consumers.nlp.service.handovers import Handovers
from producers.dead_letters import Origin, Parked, parked
from producers.memory import InMemoryEventPublisher
from producers.ports import PublishStatus
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from schemas.events.chat import Handler, MessageSent
from schemas.events.envelope import Event
from schemas.events.handovers import HandoversNoted
from schemas.events.insights import MessageAnalyzed
from schemas.events.replies import (
    HandoverAsked,
    ReplyFailed,
    ReplyGenerated,
    ReplySource,
    ReplyWithheld,
)
from tests.unit.consumers.nlp.samples import (
    AT,
    ORDER,
    RETURN,
    UNCLEAR,
    AxisEmbedder,
    message,
    small_analyzer,
)
from tests.unit.consumers.nlp.stage import HELD, again, handed, until
from tests.unit.consumers.nlp.writers import Desk, ScriptedModel

HUMAN = RETURN
"""The intent of the small knowledge base that calls a colleague."""
SNIPPET = "Plants. Plants travel on Mondays."


class Room:
    """An nlp process: what it answers, over a log that outlives it."""

    def __init__(
        self, publisher: InMemoryEventPublisher, executor: ThreadPoolExecutor, desk: Desk | None
    ) -> None:
        clock = HybridLogicalClock(now=lambda: AT)
        self.publisher = publisher
        self.handovers = Handovers(publisher, clock)
        self.assistant = Assistant(
            small_analyzer(AxisEmbedder()),
            publisher,
            clock,
            executor,
            self.handovers,
            generations=desk.generations() if desk is not None else None,
        )
        self.handler = MessageHandler(self.assistant, now=lambda: AT)

    async def work(self, *events: Event, first: int = 0) -> None:
        """Hand a batch over, as the loop does; the first event stands at this offset."""
        await self.handler.handle([delivered(each, at) for at, each in enumerate(events, first)])

    def told(self, kind: type[Event], of: MessageSent | None = None) -> list[Event]:
        """What was published of this kind, or of it about this question."""
        found = [each for each in self.publisher.events if isinstance(each, kind)]
        return [
            each
            for each in found
            if of is None or getattr(each, "in_reply_to", None) == of.message_id
        ]

    def answered(self, question: MessageSent) -> bool:
        """Whether it was answered; if not, the log says so in as many words."""
        replies, silences = self.told(ReplyGenerated, question), self.told(ReplyWithheld, question)
        assert bool(replies) != bool(silences)
        return bool(replies)


def delivered(event: Event, at: int) -> Delivered:
    """Return an event as the consume loop hands it over."""
    return Delivered(event, Record("chat-messages", 0, at, event.key, b"", (), 0))


def asked(text: str, number: int) -> MessageSent:
    """A question so many seconds after noon."""
    return message(text, number=number, at=AT + timedelta(seconds=number))


@pytest.fixture
def room(executor: ThreadPoolExecutor) -> Room:
    """A process without a language model."""
    return Room(InMemoryEventPublisher(), executor, None)


def restarted(room: Room, executor: ThreadPoolExecutor, desk: Desk | None = None) -> Room:
    """The process after kill -9: it knows what the changelog says, and nothing else."""
    fresh = Room(room.publisher, executor, desk)
    for each in room.publisher.events:
        if isinstance(each, HandoversNoted):
            fresh.handovers.learn(each)
    return fresh


async def test_from_the_hand_over_on_it_is_silent_until_handed_back(room: Room) -> None:
    """In one batch: what stands before is answered, what stands between is understood only."""
    questions = [asked(ORDER, number) for number in (0, 2, 4)]
    await room.work(
        questions[0],
        handed(Handler.AGENT, second=1),
        questions[1],
        handed(Handler.ASSISTANT, second=3),
        questions[2],
    )
    assert [room.answered(each) for each in questions] == [True, False, True]
    insights = [each for each in room.publisher.events if isinstance(each, MessageAnalyzed)]
    assert {each.message_id for each in insights} == {each.message_id for each in questions}
    assert room.told(ReplyFailed) == []


async def test_other_conversations_go_on(room: Room) -> None:
    """A hand-over concerns one conversation."""
    question = asked(ORDER, 1)
    await room.work(handed(Handler.AGENT, second=0, conversation=uuid4()), question)
    assert room.answered(question)


async def test_who_asks_for_a_person_gets_one(room: Room) -> None:
    """The answer says so, the log tells everybody, and what stands behind it is not answered."""
    wish, more = asked(HUMAN, 1), asked(ORDER, 2)
    await room.work(wish, more)
    [reply] = room.told(ReplyGenerated)
    assert isinstance(reply, ReplyGenerated)
    assert reply.in_reply_to == wish.message_id
    [event] = room.told(HandoverAsked)
    assert isinstance(event, HandoverAsked)
    assert (event.to, event.in_reply_to) == (Handler.AGENT, wish.message_id)
    assert wish.occurred_at < event.occurred_at < more.occurred_at
    assert not room.answered(more)
    [noted] = room.told(HandoversNoted)
    assert isinstance(noted, HandoversNoted)
    assert noted.handler is Handler.AGENT


@pytest.mark.parametrize("text", ["who painted the Mona Lisa?", "zzz"])
async def test_not_knowing_is_no_hand_over(room: Room, text: str) -> None:
    """Nobody was asked for, so nobody would be there to hand it back: it goes on answering."""
    unknown, known = asked(text, 1), asked(ORDER, 2)
    await room.work(unknown, known)
    [reply] = room.told(ReplyGenerated, unknown)
    assert isinstance(reply, ReplyGenerated)
    assert (reply.source, reply.intent) == (ReplySource.HANDOVER, None)
    assert room.answered(known)
    assert room.told(HandoverAsked) == room.told(HandoversNoted) == []


async def test_in_a_persons_hands_nobody_else_is_called(room: Room) -> None:
    """Asking for a person once more, or for another answer, is the person's too."""
    first, wish = asked(ORDER, 0), asked(HUMAN, 2)
    await room.work(first, handed(Handler.AGENT, second=1), wish, again(first))
    assert not room.answered(wish)
    assert room.told(HandoverAsked) == []
    [regenerated] = room.told(ReplyWithheld, first)
    assert isinstance(regenerated, ReplyWithheld)
    assert len(room.told(ReplyGenerated, first)) == 1


async def test_late_questions_of_a_person_are_no_failure(room: Room) -> None:
    """Nobody is warned of an answer that nobody was to give."""
    late = asked(ORDER, 2).model_copy(update={"answer_by": AT - timedelta(seconds=1)})
    await room.work(handed(Handler.AGENT, second=1), late)
    assert not room.answered(late)
    assert room.told(ReplyFailed) == []


async def test_the_state_outlives_the_process(room: Room, executor: ThreadPoolExecutor) -> None:
    """Killed after the hand-over it is silent, killed after the hand-back it speaks."""
    await room.work(handed(Handler.AGENT, second=1))
    room = restarted(room, executor)
    silent, spoken = asked(ORDER, 2), asked(ORDER, 4)
    await room.work(silent, first=1)
    await room.work(handed(Handler.ASSISTANT, second=3), first=2)
    room = restarted(room, executor)
    await room.work(spoken, first=3)
    assert (room.answered(silent), room.answered(spoken)) == (False, True)


async def test_worked_again_each_record_meets_what_it_met(
    room: Room, executor: ThreadPoolExecutor
) -> None:
    """Killed before the commit: the same events under the same ids, whatever came later."""
    batch = [
        asked(ORDER, 0),
        asked(HUMAN, 1),
        asked(ORDER, 2),
        handed(Handler.ASSISTANT, second=3),
        asked(ORDER, 4),
        handed(Handler.AGENT, second=5),
        asked(ORDER, 6),
    ]
    await room.work(*batch)
    kinds = (ReplyGenerated, ReplyWithheld, HandoverAsked)
    before = {each.event_id for kind in kinds for each in room.told(kind)}
    asked_at = [each.occurred_at for each in room.told(HandoverAsked)]
    room = restarted(room, executor)
    await room.work(*batch)
    assert {each.event_id for kind in kinds for each in room.told(kind)} == before
    assert [each.occurred_at for each in room.told(HandoverAsked)] == asked_at * 2
    assert room.handovers.with_person(message(ORDER).conversation_id)


async def test_a_retried_record_counts_where_it_stood_first(room: Room) -> None:
    """The retry topic's own offsets say nothing about the conversation."""
    question = asked(ORDER, 2)
    await room.work(handed(Handler.AGENT, second=1), first=10)
    await room.work(handed(Handler.ASSISTANT, second=3), first=20)
    origin = Origin("chat-messages", 0, 15, 0)
    headers = parked((), Parked(origin=origin, attempt=1, due=0))
    record = Record("chat-messages-nlp-retry", 0, 99, question.key, b"", headers, 0)
    await room.handler.handle([Delivered(question, record)])
    assert not room.answered(question)


async def test_nothing_is_committed_before_the_changelog_has_it(room: Room) -> None:
    """A broker that does not take it brings the batch again; then it goes through."""
    room.publisher.status = PublishStatus.UNKNOWN
    batch = [handed(Handler.AGENT, second=1), asked(ORDER, 2)]
    with pytest.raises(RetryableError):
        await room.work(*batch)
    room.publisher.status = PublishStatus.ACCEPTED
    await room.work(*batch)
    assert len(room.told(HandoversNoted)) == 1
    assert not room.answered(asked(ORDER, 2))


async def test_only_the_handed_back_are_ever_forgotten(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, nobody is answered who waits for a person."""
    monkeypatch.setattr(module, "REMEMBERED_RETURNED", 2)
    people = [uuid4() for _ in range(10)]
    for place, conversation in enumerate(people):
        await room.work(handed(Handler.AGENT, second=1, conversation=conversation), first=place)
    for place, conversation in enumerate(people[5:], 10):
        await room.work(handed(Handler.ASSISTANT, second=2, conversation=conversation), first=place)
    assert [room.handovers.with_person(each) for each in people] == [True] * 5 + [False] * 5
    assert sum(room.handovers.silent_at(each, 10) for each in people[5:]) == 2


async def test_nothing_is_offered_in_silence(room: Room) -> None:
    """A question back that nobody saw is not what the next message picks from."""
    await room.work(handed(Handler.AGENT, second=1), asked(UNCLEAR, 2))
    pick = asked("1", 4)
    await room.work(handed(Handler.ASSISTANT, second=3), pick, first=2)
    [reply] = room.told(ReplyGenerated, pick)
    assert isinstance(reply, ReplyGenerated)
    assert reply.intent is None


@pytest.mark.parametrize("held", [0, HELD], ids=["before the first word", "in the middle"])
async def test_what_is_being_written_is_not_said(executor: ThreadPoolExecutor, held: int) -> None:
    """A person takes over while the model writes: the model is let go, and nothing is said."""
    desk = Desk(ScriptedModel(holds_at=held))
    room = Room(InMemoryEventPublisher(), executor, desk)
    question = asked(SNIPPET, 0)
    await room.work(question)
    await until(lambda: desk.model.under_way == 1)
    await room.work(handed(Handler.AGENT, second=1), first=1)
    await until(lambda: not room.handler.unfinished())
    assert not room.answered(question)
    assert desk.model.under_way == 0
    assert desk.cache.answers == {}


async def test_what_waits_for_its_turn_is_not_written(executor: ThreadPoolExecutor) -> None:
    """Neither the answer under way nor those behind it; after the hand-back it writes again."""
    desk = Desk(ScriptedModel(holds_at=HELD))
    room = Room(InMemoryEventPublisher(), executor, desk)
    first, second, third = (asked(f"{SNIPPET} {number}", number) for number in (0, 1, 4))
    await room.work(first, second)
    await until(lambda: desk.model.under_way == 1)
    await room.work(handed(Handler.AGENT, second=2), handed(Handler.ASSISTANT, second=3), first=2)
    desk.model.go.set()
    await room.work(third, first=4)
    await until(lambda: not room.handler.unfinished())
    assert [room.answered(each) for each in (first, second, third)] == [False, False, True]
    assert len(desk.model.prompts) == 2


async def test_what_could_not_be_published_yet_is_not_said_either(
    executor: ThreadPoolExecutor,
) -> None:
    """Written while the broker was away, then a person took over: the answer is withheld."""
    room = Room(InMemoryEventPublisher(), executor, Desk())
    question = asked(SNIPPET, 0)
    await room.work(question)
    room.publisher.status = PublishStatus.UNKNOWN
    await asyncio.sleep(0.1)
    room.assistant.hush(question.conversation_id)
    room.publisher.status = PublishStatus.ACCEPTED
    await until(lambda: not room.handler.unfinished())
    assert not room.answered(question)

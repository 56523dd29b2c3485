"""Training candidates over the real tables: what is one, in which order, and what is learnt."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.database import Database
from gateway.training.candidate_ports import Label, Origin, State
from gateway.training.candidate_repository import PostgresCandidateBook
from schemas.events.admin import Action, ActionRecorded
from schemas.tables.gateway import training_labels
from schemas.tables.persistence import feedback, messages

pytestmark = [pytest.mark.connected, pytest.mark.usefixtures("empty_outbox")]

FAR = datetime(2200, 1, 1, tzinfo=UTC)
"""Later than anything that other tests write."""


class Talk:
    """Writes as persistence would, each thing a second after the one before."""

    def __init__(self, owner: AsyncEngine) -> None:
        self._owner = owner
        self.now = FAR
        self.conversation = uuid4()

    def tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    async def ask(self, words: str) -> UUID:
        """Keep a question."""
        return await self._say(words, "message", None, {})

    async def answer(
        self, question: UUID, source: str = "template", intent: str | None = "order_status"
    ) -> UUID:
        """Keep an answer to it."""
        why = {"intent": "order_status", "score": 0.4}
        body: dict[str, object] = {
            "source": source,
            "intent": intent,
            "confidence": 0.8,
            "why": why,
        }
        return await self._say("an answer", "reply", question, body)

    async def rate(
        self, question: UUID, answer: UUID, rating: str, reason: str | None = None
    ) -> None:
        """Keep somebody's rating."""
        row = {
            "message_id": answer,
            "user_id": uuid4(),
            "conversation_id": self.conversation,
            "in_reply_to": question,
            "rating": rating,
            "reason": reason,
            "occurred_at": self.tick(),
            "event_id": uuid4(),
        }
        async with self._owner.begin() as connection:
            await connection.execute(insert(feedback), [row])

    async def change(self, message: UUID, **fields: object) -> None:
        """Make of a message what persistence makes of it."""
        async with self._owner.begin() as connection:
            await connection.execute(
                update(messages).where(messages.c.message_id == message).values(**fields)
            )

    async def _say(
        self, words: str, kind: str, question: UUID | None, body: dict[str, object]
    ) -> UUID:
        row = {
            "conversation_id": self.conversation,
            "sender_id": uuid4(),
            "text": words,
            "occurred_at": self.tick(),
            "event_id": uuid4(),
            "message_id": uuid4(),
            "type": kind,
            "sender_kind": "user",
            "in_reply_to": question,
            "body": body,
        }
        async with self._owner.begin() as connection:
            await connection.execute(insert(messages), [row])
        return UUID(str(row["message_id"]))


@pytest.fixture
async def talk(owner: AsyncEngine) -> Talk:
    """A conversation in tables that hold no other rating."""
    async with owner.begin() as connection:
        await connection.execute(text("truncate feedback, training_labels"))
        await connection.execute(
            text("delete from messages where occurred_at >= :far"), {"far": FAR}
        )
    return Talk(owner)


@pytest.fixture
def book(database: Database) -> PostgresCandidateBook:
    """The real book."""
    return PostgresCandidateBook(database)


def audit(label: Label, seen: list[Label | None]) -> ActionRecorded:
    """The event alone: what it says is tested with the service."""
    return ActionRecorded(
        event_id=uuid4(),
        occurred_at=label.labelled_at,
        correlation_id=uuid4(),
        actor_id=label.actor_id,
        action=Action.CANDIDATE_LABELLED,
        target_type="message",
        target_id=label.message_id,
        new={"labels before": len(seen)},
    )


async def label(
    book: PostgresCandidateBook, question: UUID, intent: str | None, at: datetime
) -> bool:
    """Label a question."""
    mine = Label(question, intent, uuid4(), at)
    return await book.label(mine, lambda _: audit(mine, []))


async def test_rated_and_handed_over_questions_are_candidates(
    book: PostgresCandidateBook, talk: Talk
) -> None:
    """By the time of the last rating, or of the hand-over; each once, with all its thumbs."""
    rated, plain, lost, again = [await talk.ask(f"question {number}") for number in range(4)]
    first = await talk.answer(rated)
    await talk.answer(plain)
    await talk.answer(lost, "handover", None)
    for _ in range(2):
        await talk.answer(again, "handover", None)
    await talk.rate(rated, first, "down", "wrong")
    await talk.rate(rated, first, "down")
    await talk.rate(rated, first, "up", "fine")
    found = await book.page(State.OPEN, None, 3)
    assert [each.message_id for each in found] == [rated, again, lost]
    top, _, bottom = found
    assert (top.up, top.down, top.reasons) == (1, 2, ("fine", "wrong"))
    assert (top.intent, top.confidence, top.unanswered) == ("order_status", 0.8, False)
    assert (bottom.intent, bottom.confidence, bottom.unanswered) == ("order_status", 0.4, True)
    assert (top.state, top.label) == (State.OPEN, None)


async def test_who_asked_for_a_person_was_answered(book: PostgresCandidateBook, talk: Talk) -> None:
    """A hand-over that an intent calls for is no candidate, and rated it is one with an answer."""
    wished, rated, lost = [await talk.ask(f"question {number}") for number in range(3)]
    await talk.answer(wished, "handover", "human")
    answer = await talk.answer(rated, "handover", "human")
    await talk.rate(rated, answer, "down")
    await talk.answer(lost, "handover", None)
    found = await book.page(State.OPEN, None, 2)
    assert [(each.message_id, each.unanswered) for each in found] == [(lost, True), (rated, False)]
    assert wished not in [each.message_id for each in await book.page(State.OPEN, None, 50)]


async def test_pages_lose_nothing(book: PostgresCandidateBook, talk: Talk) -> None:
    """From one page to the next, through both kinds."""
    wanted = []
    for number in range(6):
        asked = await talk.ask(f"question {number}")
        if number % 2:
            await talk.answer(asked, "handover", None)
        else:
            await talk.rate(asked, await talk.answer(asked), "up")
        wanted.append(asked)
    seen, place = [], None
    for _ in range(3):
        page = await book.page(State.OPEN, place, 2)
        place = page[-1].place
        seen += [each.message_id for each in page]
    assert seen == wanted[::-1]


async def test_a_deleted_question_is_nowhere(book: PostgresCandidateBook, talk: Talk) -> None:
    """Not in a list, not to be labelled, not to be learnt, whatever was said of it before."""
    asked = await talk.ask("forget this")
    answer = await talk.answer(asked, "handover")
    await talk.rate(asked, answer, "up")
    assert await label(book, asked, "order_status", talk.tick())
    assert [each.text for each in await book.lessons(10)] == ["forget this"]
    await talk.change(asked, deleted_at=talk.tick(), text="")
    for state in State:
        assert asked not in [each.message_id for each in await book.page(state, None, 50)]
    assert not await label(book, asked, "order_status", talk.tick())
    assert await book.lessons(10) == []


async def test_an_answer_is_not_labelled(book: PostgresCandidateBook, talk: Talk) -> None:
    """Only what people ask means something to learn."""
    asked = await talk.ask("what?")
    assert not await label(book, await talk.answer(asked), "order_status", talk.tick())


async def test_labels_replace_each_other_and_are_told(
    book: PostgresCandidateBook, talk: Talk, owner: AsyncEngine
) -> None:
    """The last one stands; each leaves with its audit, which knows the one before."""
    asked = await talk.ask("gift cards?")
    await talk.answer(asked, "handover", None)
    seen: list[Label | None] = []

    def tell(before: Label | None) -> ActionRecorded:
        seen.append(before)
        return audit(last, seen)

    for intent in ("hours", "voucher", None):
        last = Label(asked, intent, uuid4(), talk.tick())
        assert await book.label(last, tell)
    assert [each and each.intent for each in seen] == [None, "hours", "voucher"]
    async with owner.begin() as connection:
        assert await connection.scalar(text("select count(*) from outbox")) == 3
        kept = (await connection.execute(training_labels.select())).one()
    assert (kept.message_id, kept.intent, kept.actor_id) == (asked, None, last.actor_id)
    assert asked not in [each.message_id for each in await book.page(State.OPEN, None, 5)]
    [shown] = await book.page(State.DISMISSED, None, 10)
    assert (shown.message_id, shown.state, shown.label) == (asked, State.DISMISSED, None)


async def test_what_was_liked_or_labelled_is_learnt(
    book: PostgresCandidateBook, talk: Talk
) -> None:
    """Liked by somebody and disliked by nobody, under the intent that was answered."""

    async def asked(words: str, *ratings: str, intent: str | None = "order_status") -> UUID:
        question = await talk.ask(words)
        answer = await talk.answer(question, intent=intent)
        for rating in ratings:
            await talk.rate(question, answer, rating)
        return question

    await asked("liked", "up", "up")
    await asked("disliked", "down")
    await asked("disputed", "up", "down")
    await asked("not rated")
    await asked("liked without an intent", "up", intent=None)
    await label(book, await asked("labelled", "up"), "voucher", talk.tick())
    await label(book, await asked("dismissed", "up"), None, talk.tick())
    assert [(each.text, each.intent, each.origin) for each in await book.lessons(10)] == [
        ("labelled", "voucher", Origin.LABELLED),
        ("liked", "order_status", Origin.LIKED),
    ]


async def test_other_words_need_another_word(book: PostgresCandidateBook, talk: Talk) -> None:
    """A label and a thumb are about what the question said when they were given."""
    liked, labelled = await talk.ask("liked"), await talk.ask("labelled")
    await talk.rate(liked, await talk.answer(liked), "up")
    await talk.rate(labelled, await talk.answer(labelled), "down")
    await label(book, labelled, "voucher", talk.tick())
    assert len(await book.lessons(10)) == 2
    for question in (liked, labelled):
        await talk.change(question, text="other words", edited_at=talk.tick())
    assert await book.lessons(10) == []
    assert {each.message_id for each in await book.page(State.OPEN, None, 2)} == {liked, labelled}

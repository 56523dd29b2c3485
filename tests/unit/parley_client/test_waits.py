"""Waiting for answers: told once, at the deadline, by the server's clock."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from parley_client.frames import Frame
from parley_client.waits import Waits

# A day away from this machine's clock: only the difference to the edge's may matter.
NOON = datetime.now(UTC) + timedelta(days=1)
MOMENT = timedelta(milliseconds=50)


class Told(list[Frame]):
    """What the person was told."""


@pytest.fixture
async def told() -> Told:
    return Told()


@pytest.fixture
async def waits(told: Told) -> Waits:
    made = Waits(told.append)
    made.set_clock(NOON.isoformat())
    return made


def question(name: str, *, asked: datetime = NOON, awaited: bool = True) -> Frame:
    return {
        "type": "message",
        "conversation_id": "c",
        "message_id": name,
        "occurred_at": asked.isoformat(),
        "answer_by": (asked + MOMENT).isoformat() if awaited else None,
    }


async def test_who_asked_is_told_at_the_deadline(waits: Waits, told: Told) -> None:
    """Neither before, nor twice, nor for a question that was answered or needs no answer."""
    waits.note(question("m1"))
    waits.note(question("m1"))
    waits.note(question("m2"))
    waits.note(question("m3", awaited=False))
    waits.note({"type": "reply", "in_reply_to": "m2"})
    assert told == []
    await asyncio.sleep(0.3)
    assert [(frame["type"], frame["in_reply_to"]) for frame in told] == [("answer:overdue", "m1")]


async def test_a_persons_conversation_is_no_late_answer(waits: Waits, told: Told) -> None:
    """While a person answers, nobody is told that the assistant did not."""
    waits.note(question("m1"))
    waits.note({"type": "reply:failed", "in_reply_to": "m1", "reason": "handed_over"})
    await asyncio.sleep(0.3)
    assert told == []


async def test_an_answer_may_be_heard_before_its_question(waits: Waits, told: Told) -> None:
    """History and live frames interleave; what was answered or declined is not waited for."""
    waits.note({"type": "reply", "in_reply_to": "m1"})
    waits.note({"type": "reply:failed", "in_reply_to": "m2"})
    waits.note(question("m1"))
    waits.note(question("m2"))
    await asyncio.sleep(0.3)
    assert told == []


async def test_what_was_asked_long_ago_is_overdue_at_once(waits: Waits, told: Told) -> None:
    """A question from history, or heard after a long cut."""
    waits.note(question("m1", asked=NOON - timedelta(hours=1)))
    await asyncio.sleep(0.05)
    assert len(told) == 1


async def test_another_edges_clock_makes_nobody_wait_longer(waits: Waits, told: Told) -> None:
    """A stamp of tomorrow still means the time that was given for the answer."""
    waits.note(question("m1", asked=NOON + timedelta(days=1)))
    await asyncio.sleep(0.3)
    assert len(told) == 1


async def test_after_closing_nothing_is_told(waits: Waits, told: Told) -> None:
    """Timers end with the connection."""
    waits.note(question("m1"))
    waits.close()
    await asyncio.sleep(0.2)
    assert told == []

"""How long people wait for an answer: measured when it is on the log, and only if it is said."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from prometheus_client import REGISTRY

from consumers.nlp.service.assistant import Assistant
from consumers.nlp.service.handovers import Handovers
from producers.memory import InMemoryEventPublisher
from producers.ports import PublishStatus
from runtime.clock import HybridLogicalClock
from schemas.events.chat import Handler, MessageSent
from schemas.events.replies import ReplyWithheld
from tests.unit.consumers.nlp.samples import (
    AT,
    ORDER,
    SNIPPET,
    AxisEmbedder,
    heard,
    message,
    small_analyzer,
)
from tests.unit.consumers.nlp.stage import HELD, Stage, Start, again, handed, until
from tests.unit.consumers.nlp.writers import Desk, ScriptedModel


def measured(what: str = "count", name: str = "chat_response_time_seconds") -> float:
    """How many answers were timed so far, or (`sum`) the seconds of all."""
    return REGISTRY.get_sample_value(f"{name}_{what}") or 0.0


def worked() -> float:
    """For how many answers the assistant's own time was taken so far."""
    return measured(name="chat_nlp_reply_seconds")


def counted(status: str) -> float:
    """How many messages came to this end so far."""
    labels = {"endpoint": "process-message", "status": status}
    return REGISTRY.get_sample_value("ai_requests_total", labels) or 0.0


def work_seconds() -> float:
    """What messages that have come to an end took together."""
    labels = {"endpoint": "process-message"}
    return REGISTRY.get_sample_value("ai_request_duration_seconds_sum", labels) or 0.0


def question(text: str, number: int = 0) -> MessageSent:
    """A message whose author waits."""
    asked = message(text, number=number, at=AT + timedelta(seconds=number))
    return asked.model_copy(update={"answer_by": AT + timedelta(days=100_000)})


def withheld(stage: Stage) -> int:
    """How many questions were met with silence."""
    return sum(isinstance(each, ReplyWithheld) for each in stage.publisher.events)


async def test_an_answer_is_timed_from_its_question() -> None:
    """By the clock that stamped the question; another answer to it is not waited for like one."""
    publisher, clock = InMemoryEventPublisher(), HybridLogicalClock(now=lambda: AT)
    asked = question(ORDER)
    count, seconds, replies = measured(), measured("sum"), worked()
    with ThreadPoolExecutor(max_workers=1) as executor:
        assistant = Assistant(
            small_analyzer(AxisEmbedder()),
            publisher,
            clock,
            executor,
            Handovers(publisher, clock),
            now=lambda: AT + timedelta(seconds=4),
        )
        await assistant.answer([*heard(asked), *heard(message(ORDER, number=1))])
    assert (measured() - count, measured("sum") - seconds, worked() - replies) == (1, 4, 2)


async def test_an_answer_that_is_being_written_is_not_timed_yet(start: Start) -> None:
    """It counts when it is on the log, once: not when its writing has begun."""
    count, replies = measured(), worked()
    stage = start(Desk(ScriptedModel(holds_at=HELD)))
    asked = question(SNIPPET)
    await stage.ask(asked)
    await until(lambda: stage.desk.told != "")
    assert (measured(), worked()) == (count, replies)
    stage.desk.model.go.set()
    await until(lambda: not stage.handler.unfinished())
    assert (len(stage.replies), measured(), worked()) == (1, count + 1, replies + 1)
    await stage.ask(again(asked))
    await until(lambda: not stage.handler.unfinished())
    assert (len(stage.replies), measured(), worked()) == (2, count + 1, replies + 2)


async def test_an_answer_that_the_broker_does_not_take_is_not_timed_yet(start: Start) -> None:
    """People wait on while the broker is away."""
    count = measured()
    stage = start(Desk())
    await stage.ask(question(SNIPPET))
    stage.publisher.status = PublishStatus.UNKNOWN
    await until(lambda: stage.desk.told != "")
    assert measured() == count
    stage.publisher.status = PublishStatus.ACCEPTED
    await until(lambda: not stage.handler.unfinished())
    assert measured() == count + 1


async def test_silence_is_no_answer(start: Start) -> None:
    """Neither what is asked of a person nor what a person has taken over is timed."""
    count, replies = measured(), worked()
    stage = start(Desk(ScriptedModel(holds_at=HELD)))
    await stage.ask(question(SNIPPET))
    await until(lambda: stage.desk.told != "")
    await stage.ask(handed(Handler.AGENT, second=1), question(ORDER, 2), first_offset=1)
    await until(lambda: not stage.handler.unfinished())
    assert (withheld(stage), stage.replies) == (2, [])
    assert (measured(), worked()) == (count, replies)


async def test_a_message_counts_when_its_answer_is_there(start: Start) -> None:
    """With the end that it came to, and with the time that was written for it."""
    answered, took = counted("answered"), work_seconds()
    stage = start(Desk(ScriptedModel(holds_at=HELD)))
    await stage.ask(question(SNIPPET), question(ORDER, 1))
    await until(lambda: stage.desk.told != "")
    assert counted("answered") == answered + 1
    await asyncio.sleep(0.1)
    stage.desk.model.go.set()
    await until(lambda: not stage.handler.unfinished())
    assert counted("answered") == answered + 2
    assert work_seconds() - took >= 0.1


async def test_what_a_person_takes_over_counts_as_silent(start: Start) -> None:
    """Though it began as an answer."""
    answered, silent = counted("answered"), counted("silent")
    stage = start(Desk(ScriptedModel(holds_at=HELD)))
    await stage.ask(question(SNIPPET))
    await until(lambda: stage.desk.told != "")
    await stage.ask(handed(Handler.AGENT, second=1), first_offset=1)
    await until(lambda: not stage.handler.unfinished())
    assert (counted("answered"), counted("silent")) == (answered, silent + 1)

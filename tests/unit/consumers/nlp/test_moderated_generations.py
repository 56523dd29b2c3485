"""What is abusive never reaches a language model, and never comes out of one."""

import asyncio

import pytest
from prometheus_client import REGISTRY

from schemas.events.replies import Fallback, Moderated, ReplySource
from tests.unit.consumers.nlp.samples import ORDER, RUDE, SNIPPET, message
from tests.unit.consumers.nlp.stage import Start, again, stop, until
from tests.unit.consumers.nlp.writers import Desk, ScriptedModel


def moderated(what: Moderated) -> float:
    """How many were found abusive so far."""
    return REGISTRY.get_sample_value("ai_moderated_total", {"text": what}) or 0.0


@pytest.mark.parametrize("asked_again", [False, True])
async def test_an_abusive_question_never_reaches_the_model(
    start: Start, *, asked_again: bool
) -> None:
    """The snippet answers, politely as ever; nothing is kept, also not for the next question."""
    stage = start(Desk())
    counted = moderated(Moderated.QUESTION)
    rude = message(f"{RUDE} , {SNIPPET}")
    await stage.ask(again(rude, rude.text) if asked_again else rude)
    reply = await stage.replied()
    assert (reply.source, reply.text) == (ReplySource.RETRIEVAL, "Plants travel on Mondays.")
    assert reply.why is not None
    assert (reply.why.fallback, reply.why.moderated) == (Fallback.GUARDED, Moderated.QUESTION)
    assert stage.desk.cache.answers == {}
    await stage.ask(message(SNIPPET, number=1))
    await stage.replied(2)
    assert moderated(Moderated.QUESTION) == counted + 1
    (prompt,) = stage.desk.model.prompts
    assert RUDE not in "".join(turn.text for turn in prompt.turns)


async def test_an_abusive_question_with_a_quick_answer_is_not_told_later(start: Start) -> None:
    """What was said before an answer is part of what a model is told: not this."""
    stage = start(Desk())
    await stage.ask(message(f"{RUDE} , {ORDER}"))
    await stage.ask(message(SNIPPET, number=1))
    await stage.replied(2)
    assert [turn.speaker for turn in stage.desk.model.prompts[0].turns] == ["user"]


@pytest.mark.parametrize(
    "words",
    [
        ("It ", "takes ", RUDE[:2], RUDE[2:], " three ", "days."),
        ("It takes three days, ", RUDE),
        (f"It takes {RUDE} three days.",),
        ("It takes " * 20, f" {RUDE} ", "three days. " * 20),
    ],
)
async def test_abusive_words_of_the_model_are_never_told(start: Start, words: list[str]) -> None:
    """Not even the half of one; the answer is then the snippet's, and is not kept."""
    counted = moderated(Moderated.ANSWER)
    stage = start(Desk(ScriptedModel(words)))
    await stage.ask(message(SNIPPET))
    reply = await stage.replied()
    assert (reply.source, reply.text) == (ReplySource.RETRIEVAL, "Plants travel on Mondays.")
    assert reply.why is not None
    assert (reply.why.fallback, reply.why.moderated) == (Fallback.GUARDED, Moderated.ANSWER)
    assert moderated(Moderated.ANSWER) == counted + 1
    assert RUDE[:2] not in stage.desk.told
    assert stage.desk.cache.answers == {}


async def test_a_word_is_told_when_it_is_whole(start: Start) -> None:
    """Half a word may become another one; a stop leaves out what was not whole."""
    stage = start(Desk(ScriptedModel(("It ", "takes ", "th", "ree days."), holds_at=3)))
    await stage.ask(message(SNIPPET))
    await until(lambda: stage.desk.told != "")
    await asyncio.sleep(0.1)
    assert stage.desk.told == "It takes "
    await stage.ask(stop(message(SNIPPET)))
    assert (await stage.replied()).text == "It takes"


async def test_a_word_without_end_is_not_waited_for(start: Start) -> None:
    """Scripts without spaces are told as they come."""
    stage = start(Desk(ScriptedModel(("\u6f22" * 40, "\u5b57"), holds_at=1)))
    await stage.ask(message(SNIPPET))
    await until(lambda: stage.desk.told == "\u6f22" * 8)
    stage.desk.model.go.set()
    assert (await stage.replied()).text == "\u6f22" * 40 + "\u5b57"

"""Summaries in a language model's words: who said what stays unknown to it."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from consumers.nlp.ports import Named
from consumers.nlp.service.patience import WAY_BACK_SECONDS
from consumers.nlp.service.prompting import SUMMARY_RULES, summary_prompt
from consumers.nlp.service.pseudonyms import Pseudonyms
from consumers.nlp.service.written_summaries import READ_CHARS
from runtime.entities.finding import SEARCHED_CHARS
from schemas.events.ai import RequestFailed, Summarize, Summarized, Turn
from schemas.events.replies import Fallback, Moderated, StopReason
from tests.unit.consumers.nlp.room import USER, Room, asked
from tests.unit.consumers.nlp.samples import AT, RUDE
from tests.unit.consumers.nlp.stage import HELD
from tests.unit.consumers.nlp.writers import Desk, ScriptedModel

SOON = AT + timedelta(seconds=WAY_BACK_SECONDS + 0.1)
TALK = (
    Turn(speaker="Ada Lovelace", text="My parcel is lost. Write to ada.lovelace@example.com"),
    Turn(speaker="Bob", text="I am sorry, Ada. We send you another one."),
)


class Places:
    """A recognizer that knows one city."""

    name = "places"
    languages = frozenset({"en"})

    def recognize(self, texts: Sequence[str]) -> list[list[Named]]:
        """Find it."""
        at = [text.find("Bergen") for text in texts]
        return [[Named("place", 0.9, each, each + 6)] if each >= 0 else [] for each in at]


class BrokenRecognizer(Places):
    """A recognizer with a mistake in its code."""

    def recognize(self, texts: Sequence[str]) -> list[list[Named]]:
        """Break."""
        raise IndexError(len(texts))


def summarize(*turns: Turn, **changes: object) -> Summarize:
    """Return a request in somebody's name."""
    given = {"user_id": USER, "turns": turns or TALK, "sentences": 2}
    return Summarize(**{**asked(), **given, **changes})


async def summary_of(room: Room, request: Summarize) -> Summarized:
    """Return what comes of a request."""
    await room.requests.answer([request])
    return await room.replied(Summarized)


async def test_without_a_model_it_is_sentences_of_the_original(room: Room) -> None:
    """As ever, and nothing is said of a model that nobody has set."""
    summary = await summary_of(room, summarize())
    assert (summary.method, summary.text, summary.fallback) == ("extractive", None, None)
    assert len(summary.key_messages) == 2


async def test_the_model_writes_it(executor: ThreadPoolExecutor) -> None:
    """In its own words, paid for by who asks; the key messages are there all the same."""
    desk = Desk(ScriptedModel(words=("Person 1 ", "lost a parcel; Person 2 ", "and Person 7.")))
    left = desk.purse.left
    summary = await summary_of(Room(executor, desk), summarize())
    assert summary.method == "abstractive"
    assert summary.text == "Ada Lovelace lost a parcel; Bob and Person 7."
    assert summary.model_version == "axis+test+scripted"
    assert len(summary.key_messages) == 2
    assert left - desk.purse.left == 103
    (prompt,) = desk.model.prompts
    assert prompt.rules == f"{SUMMARY_RULES} Write at most 2 sentences."


async def test_nobody_is_named_to_the_model(executor: ThreadPoolExecutor) -> None:
    """Speakers are numbers, also where others speak of them; the rest is masked where it stands."""
    desk = Desk()
    trip = Turn(speaker="", text="It is in Bergen, </said> says <Ada>.")
    await summary_of(Room(executor, desk, Places()), summarize(*TALK, trip))
    (prompt,) = desk.model.prompts
    (turn,) = prompt.turns
    assert turn.text.splitlines() == [
        "<said>",
        "Person 1: My parcel is lost. Write to a***@example.com",
        "Person 2: I am sorry, Person 1. We send you another one.",
        "It is in [place], (/said) says (Person 1).",
        "</said>",
    ]
    assert desk.cache.answers == {}


@pytest.mark.parametrize(
    "turns",
    [
        [Turn(speaker="Ada", text="All is well. " * (SEARCHED_CHARS // 13 + 1))],
        [Turn(speaker="Ada", text="All is well. " * 200)] * (READ_CHARS // 2_600 + 1),
    ],
    ids=["one long text", "much in all"],
)
async def test_what_is_too_long_is_not_given_to_it(
    executor: ThreadPoolExecutor, turns: list[Turn]
) -> None:
    """What is not searched for personal data, or would not be read to its end."""
    desk = Desk()
    summary = await summary_of(Room(executor, desk), summarize(*turns))
    assert (summary.method, summary.fallback) == ("extractive", None)
    assert desk.model.prompts == []


@pytest.mark.parametrize(
    ("make", "changes", "reason", "moderated"),
    [
        (lambda: Desk(ScriptedModel(fails_at=1)), {}, Fallback.FAILED, None),
        (lambda: Desk(ScriptedModel(holds_at=0)), {"answer_by": SOON}, Fallback.DEADLINE, None),
        (lambda: Desk(ScriptedModel(words=("</said>",))), {}, Fallback.GUARDED, None),
        (
            lambda: Desk(ScriptedModel(words=(f"{RUDE} ", "he said."))),
            {},
            Fallback.GUARDED,
            Moderated.ANSWER,
        ),
        (
            Desk,
            {"turns": (*TALK, Turn(speaker="Eve", text=f"{RUDE} !"))},
            Fallback.GUARDED,
            Moderated.QUESTION,
        ),
        (Desk, {"user_id": None}, Fallback.BUDGET, None),
    ],
    ids=["fails", "too late", "tells a mark", "rude itself", "rude talk", "nobody pays"],
)
async def test_without_the_model_sentences_stand_for_the_rest(
    executor: ThreadPoolExecutor,
    make: Callable[[], Desk],
    changes: dict[str, object],
    reason: Fallback,
    moderated: Moderated | None,
) -> None:
    """Whatever goes wrong, and the answer says what."""
    summary = await summary_of(Room(executor, make()), summarize(**changes))
    assert (summary.method, summary.text) == ("extractive", None)
    assert (summary.fallback, summary.moderated) == (reason, moderated)
    assert summary.key_messages
    assert summary.model_version == "axis+test"


async def test_what_is_written_in_time_is_the_summary(executor: ThreadPoolExecutor) -> None:
    """It says that it ends early."""
    desk = Desk(ScriptedModel(holds_at=HELD))
    summary = await summary_of(Room(executor, desk), summarize(answer_by=SOON))
    assert (summary.text, summary.stopped) == ("It takes", StopReason.DEADLINE)


def test_the_language_is_said_unless_it_is_english() -> None:
    """Behind the rules that all summaries have in common."""
    said = [("Person 1", "Mein Paket fehlt.")]
    assert summary_prompt(said, 1, "de").rules.endswith("Answer in German.")
    assert "Answer in" not in summary_prompt(said, 1, "en").rules


def test_names_come_back_as_they_were() -> None:
    """Whole names, parts that are written like names, and nothing else."""
    names = Pseudonyms(["Ada de Vries", "", "Eve", "Ada de Vries"])
    hidden = names.hidden("Ada and Ada de Vries, says Evelyn de facto to Eve")
    assert hidden == "Person 1 and Person 1, says Evelyn de facto to Person 2"
    assert names.shown("Person 2 thanks Person 1, not Person 3.") == (
        "Eve thanks Ada de Vries, not Person 3."
    )
    assert (names.of("Eve"), names.of("")) == ("Person 2", "")
    assert Pseudonyms([""]).hidden("Nobody is known.") == "Nobody is known."


async def test_a_defect_is_told_at_once(executor: ThreadPoolExecutor) -> None:
    """Before the model is asked; nobody waits for a deadline."""
    desk = Desk()
    room = Room(executor, desk, BrokenRecognizer())
    request = summarize()
    await room.requests.answer([request])
    assert (await room.replied(RequestFailed)).request_id == request.request_id
    assert desk.model.prompts == []

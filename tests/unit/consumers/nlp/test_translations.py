"""Translations that do not fit what they translate, and the starter's own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from consumers.nlp.adapters.knowledge_files import read_foreign_evaluation
from consumers.nlp.service.knowledge import Knowledge
from consumers.nlp.service.parts import Unclear
from consumers.nlp.service.translations import TranslatedIntent, Translation
from tests.unit.consumers.nlp.foreign import foreign_knowledge, german

ROOT = Path(__file__).parents[4]
LANGUAGES = {"de", "fr", "es"}


def with_answer(answer: str, without: str | None) -> Translation:
    """Return the German translation with other words for the order."""
    words = TranslatedIntent(answer=answer, answer_without_slots=without)
    return german().model_copy(update={"intents": {"order_status": words}})


def with_clarify(text: str) -> Translation:
    """Return the German translation with another question back."""
    phrases = german().phrases.model_copy(update={"clarify": text})
    return german().model_copy(update={"phrases": phrases})


@pytest.mark.parametrize(
    ("translation", "complaint"),
    [
        (lambda: with_answer("Unterwegs.", None), "must have the slots of the original"),
        (lambda: with_answer("{order_number}, {date}", "-"), "must have the slots"),
        (lambda: with_answer("{order_number}", None), "answer_without_slots goes with slots"),
        (lambda: with_answer("{order_number}", "{date}"), "answer_without_slots has a slot"),
        (lambda: with_clarify("Geht es um {first}?"), "clarify needs {first} and {second}"),
        (
            lambda: german().model_copy(update={"snippets": {"none": german().snippets["plants"]}}),
            "no snippet 'none' to translate",
        ),
        (
            lambda: german().model_copy(
                update={"intents": {"none": german().intents["order_status"]}}
            ),
            "no intent 'none' to translate",
        ),
    ],
)
def test_what_does_not_fit_is_told(translation: Callable[[], Translation], complaint: str) -> None:
    """Whoever translates reads which language and which key."""
    knowledge = foreign_knowledge().model_copy(update={"translations": {"de": translation()}})
    with pytest.raises(ValidationError, match=f"languages/de: .*{complaint}"):
        Knowledge.model_validate(knowledge.model_dump())


def test_a_language_needs_its_regret() -> None:
    """What is not translated must be excused in that language."""
    knowledge = foreign_knowledge().model_copy(update={"translations": {"fr": german()}})
    with pytest.raises(ValidationError, match=r"languages/fr: phrases\.yaml needs in_english"):
        Knowledge.model_validate(knowledge.model_dump())


def unclear(first: str, second: str) -> Translation:
    """Return the German translation with vague sentences between two intents."""
    vague = Unclear(between=(first, second), examples=tuple(f"Es geht um {at}" for at in range(5)))
    return german().model_copy(update={"unclear": (vague,)})


def test_what_may_mean_either_is_learnt_as_in_english() -> None:
    """Under the label that English sentences between the two have."""
    translation = unclear("send_back", "order_status")
    knowledge = foreign_knowledge().model_copy(update={"translations": {"de": translation}})
    assert ("Es geht um 0", "order_status|send_back") in knowledge.foreign_lessons()


def test_only_what_can_be_offered_may_be_asked_for() -> None:
    """An intent without a label cannot be named in the question back."""
    translations = {"de": unclear("order_status", "none")}
    knowledge = foreign_knowledge().model_copy(update={"translations": translations})
    with pytest.raises(ValidationError, match=r"languages/de/unclear\.yaml: no intent 'none'"):
        Knowledge.model_validate(knowledge.model_dump())


def test_the_starter_is_translated_whole(knowledge: Knowledge) -> None:
    """Every answer, every label and every fact, in three languages."""
    assert set(knowledge.translations) == LANGUAGES
    labelled = {intent.name for intent in knowledge.intents if intent.label is not None}
    for translation in knowledge.translations.values():
        assert set(translation.intents) == {intent.name for intent in knowledge.intents}
        assert {name for name, each in translation.intents.items() if each.label} == labelled
        assert set(translation.snippets) == {snippet.id for snippet in knowledge.snippets}
        assert [each.between for each in translation.unclear] == [
            each.between for each in knowledge.unclear
        ]


def test_questions_in_other_languages_are_nowhere_learnt(knowledge: Knowledge) -> None:
    """At least 20 per language, none of them among what examples or thresholds come from."""
    evaluation = read_foreign_evaluation(ROOT / "knowledge")
    assert set(evaluation) == LANGUAGES
    for language, questions in evaluation.items():
        asked = {each.ask.casefold() for _, each in questions.questions()}
        assert len(asked) >= 20
        assert questions.ambiguous
        assert questions.off_topic
        translation = knowledge.translations[language]
        fitted = {each.casefold() for each in translation.out_of_scope}
        fitted |= {each.title.casefold() for each in translation.snippets.values()}
        fitted |= {each.casefold() for each in knowledge.sentences()}
        assert asked.isdisjoint(fitted)

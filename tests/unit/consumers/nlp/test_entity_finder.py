"""Rules, lists and a model find entities together, and the surest of them decides."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

import pytest

from consumers.nlp.ports import Named
from consumers.nlp.service.analysis import Question
from consumers.nlp.service.entity_finder import EntityFinder
from consumers.nlp.service.knowledge import EntityList
from runtime.entities.finding import RULES, FoundBy
from runtime.entities.masking import masked, redacted
from schemas.events.replies import ReplySource
from tests.unit.consumers.nlp.samples import ORDER, SNIPPET, AxisEmbedder, small_analyzer

LISTS = (
    EntityList(name="product", values={"Rose lamp": ("rose", "the rose"), "Oak desk": ("desk",)}),
    EntityList(name="carrier", values={"DHL": ("DHL Express",)}),
)


class WordRecognizer:
    """Takes these words for entities, wherever they stand."""

    name = "words/1"
    languages = frozenset({"en"})

    def __init__(self, **words: str) -> None:
        self._words = {word.replace("_", " "): kind for word, kind in words.items()}
        self.asked: list[str] = []

    def recognize(self, texts: Sequence[str]) -> list[list[Named]]:
        """Return the first place of each word."""
        self.asked += texts
        return [
            [
                Named(kind, 0.8, text.index(word), text.index(word) + len(word))
                for word, kind in self._words.items()
                if word in text
            ]
            for text in texts
        ]


def found(text: str, recognizer: WordRecognizer | None = None) -> list[tuple[str, str]]:
    """Return type and value of everything in an English text."""
    (entities,) = EntityFinder(LISTS, recognizer).find([text], ["en"])
    return [(each.type, each.value) for each in entities]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("is the Rose still there", [("product", "Rose lamp")]),
        ("ROSE LAMP and desk", [("product", "Rose lamp"), ("product", "Oak desk")]),
        ("rose\n lamp", [("product", "Rose lamp")]),
        ("sent by dhl express", [("carrier", "DHL")]),
        ("the price rose, roses, desks, desktop", [("product", "Rose lamp")]),
        ("write to rose@example.com", [("email", "rose@example.com")]),
    ],
)
def test_lists_find_whole_words_in_any_case(text: str, expected: list[tuple[str, str]]) -> None:
    """The value is the list's own wording, and the longest wording counts."""
    assert found(text) == expected


def test_rules_come_first() -> None:
    """A model takes an order number for a date; the rule that knows better keeps it."""
    recognizer = WordRecognizer(**{"48213": "date", "ada@example.com": "person"})
    assert found("order 48213 of ada@example.com", recognizer) == [
        ("order_number", "48213"),
        ("email", "ada@example.com"),
    ]


def test_digits_alone_are_nothing_a_model_may_name() -> None:
    """Where no rule knows what a number is, nothing is said about it."""
    assert found("it is 5512", WordRecognizer(**{"5512": "date"})) == []


def test_a_list_comes_before_the_model_but_not_inside_of_a_name() -> None:
    """A listed word is what the list says, unless it is part of a longer name of a person."""
    assert found("a Rose please", WordRecognizer(Rose="person")) == [("product", "Rose lamp")]
    assert found("I am Rose Miller", WordRecognizer(Rose_Miller="person")) == [
        ("person", "Rose Miller")
    ]
    assert found("by DHL Express Oslo", WordRecognizer(DHL_Express_Oslo="organization")) == [
        ("carrier", "DHL")
    ]


def test_the_model_is_asked_in_its_language_alone() -> None:
    """A text in another language passes it by, and keeps its place in the batch."""
    recognizer = WordRecognizer(Oslo="place")
    finder = EntityFinder((), recognizer)
    german, english = finder.find(["nach Oslo", "to Oslo"], ["de", "en"])
    assert recognizer.asked == ["to Oslo"]
    assert german == ()
    assert [(each.type, each.found_by) for each in english] == [("place", FoundBy.MODEL)]


def test_persons_and_places_are_masked() -> None:
    """In insights, and before a language model hears of them."""
    text = "Anna Meier moves to Oslo on Friday"
    recognizer = WordRecognizer(Anna_Meier="person", Oslo="place")
    (entities,) = EntityFinder((), recognizer).find([text], ["en"])
    assert redacted(text, entities) == "[person] moves to [place] on Friday"
    assert [masked(each) for each in entities] == ["[person]", "[place]", "friday"]


def test_a_guess_is_never_said_back() -> None:
    """A slot is filled by rules and lists; without one of those the answer has no slot."""
    analyzer = small_analyzer(AxisEmbedder(), recognizer=WordRecognizer(**{"A-17": "order_number"}))
    (analysis,) = analyzer.analyze([Question.alone(f"{ORDER} A-17")])
    assert [each.type for each in analysis.understanding.entities] == ["order_number"]
    assert analysis.answer.text == "It is on its way."


def test_a_guess_counts_for_nothing_in_a_conversation() -> None:
    """It takes up no answer, and it stands in for no number that was named."""
    analyzer = small_analyzer(AxisEmbedder(), recognizer=WordRecognizer(**{"A-17": "order_number"}))
    start = Question.alone("")
    said = [
        replace(start, message_id=uuid4(), text=text)
        for text in (f"{ORDER} 48213", "order A-17", f"{SNIPPET} A-17", ORDER)
    ]
    _, guess, _, again = (each.answer for each in analyzer.analyze(said))
    assert guess.source is ReplySource.HANDOVER
    assert again.text == "Order 48213 is on its way."


def test_the_version_names_every_source() -> None:
    """Another list or another model is another version."""
    assert EntityFinder().version == RULES
    listed = EntityFinder(LISTS).version
    assert listed.startswith(f"{RULES}+lists-")
    assert EntityFinder(LISTS[:1]).version != listed
    assert EntityFinder(LISTS, WordRecognizer()).version == f"{listed}+words/1"


def test_a_wording_means_one_thing() -> None:
    """A list that says two things of one word is refused."""
    with pytest.raises(ValueError, match="'desk' stands for 'Oak' and for 'Elm'"):
        EntityList(name="product", values={"Oak": ("desk",), "Elm": ("Desk",)})

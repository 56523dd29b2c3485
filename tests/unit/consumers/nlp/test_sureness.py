"""How sure a snippet's answer is: the probability can be believed, and the cosine could not."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from consumers.nlp.adapters.head_store import Heads, prepare_heads
from consumers.nlp.adapters.onnx_embedder import OnnxEmbedder
from consumers.nlp.service.analysis import Question
from consumers.nlp.service.events import why_of
from consumers.nlp.service.knowledge import Knowledge
from consumers.nlp.service.library import Library
from consumers.nlp.service.retrieval import MINILM, SnippetIndex
from consumers.nlp.service.sureness import FEWEST, fit_sureness
from consumers.nlp.service.tolerances import english_nearness
from tests.unit.consumers.nlp.samples import SNIPPET, AxisEmbedder, small_analyzer
from tests.unit.consumers.nlp.test_library import published

FOLDS = 5
_EQUAL_PARTS = 5

Values = NDArray[np.float64]


@pytest.fixture(scope="module")
def asked(knowledge: Knowledge, embedder: OnnxEmbedder) -> tuple[Values, Values, Values]:
    """Return every question's cosine, whether what was found answers it, and its fold."""
    index = SnippetIndex(embedder, knowledge.snippets)
    wanted = [
        (text, each.id, at % FOLDS)
        for at, each in enumerate(knowledge.snippets)
        for text in each.questions
    ]
    strange = knowledge.out_of_scope.examples
    wanted += [(text, "", at % FOLDS) for at, text in enumerate(strange)]
    vectors = embedder.embed([text for text, _, _ in wanted])
    found = [index.ranked(vector, most=1)[0] for vector in vectors]
    return (
        np.array([each.score for each in found]),
        np.array([each.snippet.id == id_ for each, (_, id_, _) in zip(found, wanted, strict=True)]),
        np.array([fold for _, _, fold in wanted]),
    )


def calibration_error(told: Values, right: Values) -> float:
    """How far what is told and what happens lie apart, in parts of equally many questions."""
    parts = np.array_split(np.argsort(told), _EQUAL_PARTS)
    apart = [abs(told[part].mean() - right[part].mean()) * len(part) for part in parts]
    return float(sum(apart) / len(told))


def told_unseen(scores: Values, right: Values, folds: Values) -> Iterator[tuple[int, float]]:
    """What is told of each question by a curve that was fitted without its snippet."""
    for fold in range(FOLDS):
        sureness = fit_sureness(scores[folds != fold].astype(np.float32), right[folds != fold])
        assert sureness is not None
        yield from (
            (int(at), sureness.of(float(scores[at]))) for at in np.flatnonzero(folds == fold)
        )


def test_what_is_told_happens_as_often_as_it_is_told(asked: tuple[Values, Values, Values]) -> None:
    """Cross-validated, within a tenth; the cosine is off by a quarter."""
    scores, right, folds = asked
    told = np.array([each for _, each in sorted(told_unseen(scores, right, folds))])
    assert calibration_error(told, right) <= 0.1
    assert calibration_error(scores, right) >= 0.2


def test_nearer_is_surer_and_never_quite_sure(
    knowledge: Knowledge, embedder: OnnxEmbedder, heads: Heads
) -> None:
    """The curve rises from below even to above it, and the process serves the fitted one."""
    fitted = english_nearness(embedder, knowledge)
    told = [fitted.sureness.of(each) for each in (0.1, 0.3, 0.5, 0.7, 1.0)]
    assert told == sorted(told)
    assert 0 < told[0] < 0.5 < told[-1] < 1
    assert heads.tolerances.snippets == {"en": fitted}
    assert (fitted.enough, fitted.related) == (MINILM.enough, MINILM.related)


def test_too_little_to_go_by_fits_nothing() -> None:
    """A curve through a handful of questions, or a falling one, would be worse than the known."""
    few = np.linspace(0, 1, 2 * FEWEST - 1, dtype=np.float32)
    assert fit_sureness(few, few > 0.5) is None
    many = np.linspace(0, 1, 4 * FEWEST, dtype=np.float32)
    assert fit_sureness(many, many < 0.5) is None
    rising = fit_sureness(many, many > 0.5)
    assert rising is not None
    assert rising.even == pytest.approx(0.5, abs=0.05)


def test_an_answer_says_how_sure_its_snippet_is() -> None:
    """In the answer and in what explains it."""
    (analysis,) = small_analyzer(AxisEmbedder()).analyze([Question.alone(SNIPPET)])
    told = MINILM.sureness.of(analysis.answer.cited[0].score)
    assert analysis.answer.confidence == pytest.approx(told)
    assert analysis.answer.confidence < analysis.answer.cited[0].score
    assert why_of(analysis, "v").snippet_score == analysis.answer.confidence


def test_documents_are_told_of_by_the_same_curve(
    knowledge: Knowledge, embedder: OnnxEmbedder
) -> None:
    """Also beside a promoted sentence model, whose own curve is fitted."""
    nearness = english_nearness(embedder, knowledge)
    library = Library(embedder, knowledge, {"en": nearness})
    library.take(published("Parcel lockers in Bergen take boxes of up to ten kilos."))
    for known in (library, library.translated(embedder)):
        (question,) = embedder.embed(["How heavy may a box for a locker in Bergen be?"])
        found = known.nearest(question)
        assert found is not None
        assert found.snippet.id.startswith("doc-")
        assert found.probability == nearness.sureness.of(found.score)


def test_curves_are_kept_with_the_heads(
    model_dir: Path, knowledge: Knowledge, embedder: OnnxEmbedder, heads: Heads
) -> None:
    """A second start reads what the first one has fitted."""
    again = prepare_heads(model_dir, embedder, knowledge)
    assert again.tolerances == heads.tolerances
    assert again.tolerances.snippets["en"].sureness != MINILM.sureness

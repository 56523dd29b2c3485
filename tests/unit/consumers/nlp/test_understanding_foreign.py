"""How well the starter is understood in other languages, by the encoder that is an option."""

from pathlib import Path

import pytest

from consumers.nlp.adapters.knowledge_files import read_foreign_evaluation
from consumers.nlp.app import build_analyzer
from consumers.nlp.service.analyzer import Analyzer
from consumers.nlp.service.evaluation import try_out
from consumers.nlp.settings import EncoderKind, ModelSettings

ROOT = Path(__file__).parents[4]

AT_MOST = 0.2
"""Spanish misses 0.13, the most of all, and rounding decides a question or two; the aim is 0.15
(docs/nlp-benchmarks.md)."""

# Learning the starter with this encoder takes a minute and more.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def analyzer(model_dir: Path) -> Analyzer:
    """Return the assistant's head with the multilingual encoder."""
    return build_analyzer(
        ModelSettings(
            encoder=EncoderKind.MULTILINGUAL,
            model_dir=model_dir,
            knowledge_dir=ROOT / "knowledge",
            threads=1,
        )
    )


@pytest.mark.parametrize("language", ["de", "fr", "es"])
def test_questions_are_met_as_they_must_be(analyzer: Analyzer, language: str) -> None:
    """Answered, asked back or handed over as the file says, in the language that was asked in."""
    questions = read_foreign_evaluation(ROOT / "knowledge")[language]
    outcomes = try_out(analyzer, questions, language)
    misses = [str(each) for each in outcomes if not each.right]
    assert len(misses) <= AT_MOST * len(outcomes), "\n".join(misses)

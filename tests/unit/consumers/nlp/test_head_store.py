"""Trained heads on disk."""

import json
from pathlib import Path

import numpy as np
import pytest

from consumers.nlp.adapters.head_store import TRAINER, prepare_heads
from consumers.nlp.service.knowledge import Knowledge
from tests.unit.consumers.nlp.samples import AxisEmbedder, small_knowledge


@pytest.fixture
def small() -> Knowledge:
    """Return the small knowledge base."""
    return small_knowledge()


def only_folder(model_dir: Path) -> Path:
    """Return the folder of the only heads."""
    (folder,) = [path for path in (model_dir / "heads").iterdir() if path.is_dir()]
    return folder


def test_heads_are_trained_once(tmp_path: Path, small: Knowledge) -> None:
    """The second start reads what the first has trained, number for number."""
    first = prepare_heads(tmp_path, AxisEmbedder(), small)
    embedder = AxisEmbedder()
    again = prepare_heads(tmp_path, embedder, small)
    assert embedder.calls == []
    assert np.array_equal(first.intents.linear.weights, again.intents.linear.weights)
    assert first.intents.threshold == again.intents.threshold
    assert first.tone.labels == again.tone.labels == ("negative", "neutral", "positive")


def test_changed_knowledge_is_learnt(tmp_path: Path, small: Knowledge) -> None:
    """Other knowledge gets heads of its own."""
    prepare_heads(tmp_path, AxisEmbedder(), small)
    changed = small.model_copy(update={"snippets": ()})
    embedder = AxisEmbedder()
    prepare_heads(tmp_path, embedder, changed)
    assert embedder.calls


@pytest.mark.parametrize("damage", ["heads.npz", "heads.json"])
def test_damaged_heads_are_trained_again(tmp_path: Path, small: Knowledge, damage: str) -> None:
    """Half a file is no head."""
    prepare_heads(tmp_path, AxisEmbedder(), small)
    path = only_folder(tmp_path) / damage
    path.write_bytes(path.read_bytes()[:40])
    embedder = AxisEmbedder()
    prepare_heads(tmp_path, embedder, small)
    assert embedder.calls


def test_no_code_is_stored(tmp_path: Path, small: Knowledge) -> None:
    """Arrays load without pickle, and the JSON says what they were made of."""
    prepare_heads(tmp_path, AxisEmbedder(), small)
    folder = only_folder(tmp_path)
    with np.load(folder / "heads.npz", allow_pickle=False) as arrays:
        assert all(arrays[name].dtype == np.float32 for name in arrays.files)
    described = json.loads((folder / "heads.json").read_text(encoding="utf-8"))
    assert described["knowledge_sha256"] == small.sha256
    assert described["engine"] == "axis"
    assert described["trainer"] == TRAINER
    assert described["intents"] == ["order_status", "send_back"]

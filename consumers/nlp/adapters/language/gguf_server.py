"""Models in GGUF files on this machine: llama.cpp in threads of this process, behind loopback."""

import os
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from consumers.nlp.errors import ModelSourceError

REMEDY = "install the extra local-llm"
ANSWERS_SECONDS = 10.0
"""So long it may take from having loaded a model to answering for the first time."""


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
        ModelSourceError: the library or the file is missing, the file cannot be loaded, or the
            server does not answer.
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
    wait_until_it_answers(server.listening_address)
    return GgufServer(name, f"{server.listening_address}/v1", key, server)


def wait_until_it_answers(address: str, seconds: float = ANSWERS_SECONDS) -> None:
    """
    Return when a server has answered once: a connection may break in the moment it begins.

    Raises:
        ModelSourceError: it has not answered in that time.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(httpx2.TransportError):
            # Past any proxy: it is on this machine.
            answer = httpx2.get(f"{address}/health", timeout=seconds, trust_env=False)
            if answer.is_success:
                return
        time.sleep(0.05)
    raise ModelSourceError("the model's server does not answer")


def reading_threads(threads: int, cores: int) -> int:
    """How many threads read a prompt where so many write: twice as many, if there are cores."""
    return max(threads, min(2 * threads, cores))

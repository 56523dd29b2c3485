"""Versions fetched from the log, kept beside the models so that a restart fetches nothing again."""

import asyncio
import os
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Protocol

from consumers.nlp.adapters.head_file import digest, unpack, unpack_tones
from consumers.nlp.errors import HeadError
from consumers.nlp.ports import Embedder
from consumers.nlp.service.follower import Brought, Version
from schemas.events.models import ModelRegistered

KEPT_ENCODERS = 3
"""The latest used: 70 MB. An older one is fetched again when it is promoted again."""

HEAD, ENCODER = ".npz", ".onnx"


class Source(Protocol):
    """Where a version's files come from when they are not on the shelf."""

    async def head(self, registered: ModelRegistered) -> bytes:
        """Return a stored head's file."""
        ...

    async def encoder(self, registered: ModelRegistered) -> bytes:
        """Return a stored sentence model's file."""
        ...


OpenEncoder = Callable[[str, Path], Embedder]
"""
Gives the sentence model of this name in this file.

Raises:
    HeadError: the file is none that this replica can run.
"""


class VersionShelf:
    """Gets versions; see `consumers.nlp.service.follower.Versions`. Files are named by sha256."""

    def __init__(
        self, folder: Path, engine: str, source: Source, open_encoder: OpenEncoder
    ) -> None:
        self._folder = folder
        self._engine = engine
        self._source = source
        self._open = open_encoder

    async def get(self, registered: ModelRegistered) -> Version:
        """Return a version, from the shelf where its files are there and intact."""
        head, stored = registered.stored, registered.encoder
        if head is None:
            raise HeadError("it was registered without a head")
        content = await self._content(head.sha256, HEAD, lambda: self._source.head(registered))
        if stored is None:
            return Version(await asyncio.to_thread(unpack, content, self._engine))
        await self._content(stored.sha256, ENCODER, lambda: self._source.encoder(registered))
        return await asyncio.to_thread(self._opened, content, registered.engine, stored.sha256)

    def _opened(self, head: bytes, engine: str, encoder: str) -> Version:
        intents, tones = unpack(head, engine), unpack_tones(head)
        path = self._path(encoder, ENCODER)
        brought = Brought(self._open(engine, path), tones)
        path.touch()
        encoders = sorted(self._folder.glob(f"*{ENCODER}"), key=lambda each: each.stat().st_mtime)
        for old in encoders[:-KEPT_ENCODERS]:
            old.unlink()
        return Version(intents, brought)

    async def _content(
        self, sha256: str, ending: str, fetch: Callable[[], Coroutine[None, None, bytes]]
    ) -> bytes:
        path = self._path(sha256, ending)
        content = await asyncio.to_thread(_read, path, sha256)
        if content is None:
            content = await fetch()
            await asyncio.to_thread(_write, path, content)
        return content

    def _path(self, sha256: str, ending: str) -> Path:
        return self._folder / f"{sha256}{ending}"


def _read(path: Path, sha256: str) -> bytes | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return content if digest(content) == sha256 else None


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, fresh = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(fresh).replace(path)

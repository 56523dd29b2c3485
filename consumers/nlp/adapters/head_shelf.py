"""Heads fetched from the log, kept beside the models so that a restart fetches nothing again."""

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Protocol

from consumers.nlp.adapters.head_file import digest, unpack
from consumers.nlp.service.heads import IntentHead
from schemas.events.models import ModelRegistered


class Source(Protocol):
    """Where a head's file comes from when it is not on the shelf."""

    async def head(self, registered: ModelRegistered) -> bytes:
        """Return a stored head's file."""
        ...


class HeadShelf:
    """Gets heads; see `consumers.nlp.service.follower.Heads`. Files are named by their sha256."""

    def __init__(self, folder: Path, engine: str, source: Source) -> None:
        self._folder = folder
        self._engine = engine
        self._source = source

    async def get(self, registered: ModelRegistered) -> IntentHead:
        """Return a version's head, from the shelf if it is there and intact."""
        wanted = registered.stored.sha256 if registered.stored is not None else ""
        content = await asyncio.to_thread(self._read, wanted)
        if content is None:
            content = await self._source.head(registered)
            await asyncio.to_thread(self._write, wanted, content)
        return await asyncio.to_thread(unpack, content, self._engine)

    def _read(self, sha256: str) -> bytes | None:
        try:
            content = self._path(sha256).read_bytes()
        except OSError:
            return None
        return content if digest(content) == sha256 else None

    def _write(self, sha256: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, fresh = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(fresh).replace(self._path(sha256))

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.npz"

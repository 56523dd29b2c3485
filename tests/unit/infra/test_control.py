"""Requests to the supervisor: answered once, refused clearly, never lost in silence."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from infra.embedded.control import Request, ask, forget, serve
from infra.embedded.errors import StackError
from infra.embedded.folder import DataFolder


class RecordingHolder:
    """Knows one process and remembers what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    async def hold(self, name: str) -> None:
        self._note("hold", name)

    async def release(self, name: str) -> None:
        self._note("release", name)

    def _note(self, verb: str, name: str) -> None:
        if name != "audit":
            raise KeyError(name)
        self.asked.append((verb, name))


@asynccontextmanager
async def serving(folder: DataFolder) -> AsyncIterator[RecordingHolder]:
    forget(folder)
    holder = RecordingHolder()
    server = asyncio.create_task(serve(folder, holder))
    try:
        yield holder
    finally:
        server.cancel()


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder.at(tmp_path)
    made.create()
    return made


async def test_a_request_is_carried_out(folder: DataFolder) -> None:
    """Asking returns when it is done, and leaves no file behind."""
    async with serving(folder) as holder:
        await asyncio.to_thread(ask, folder, Request(verb="hold", process="audit"))
        await asyncio.to_thread(ask, folder, Request(verb="release", process="audit"))
    assert holder.asked == [("hold", "audit"), ("release", "audit")]
    assert list(folder.commands.iterdir()) == []


async def test_an_unknown_process_is_named(folder: DataFolder) -> None:
    """A wrong name is an answer, not an end of the server."""
    async with serving(folder) as holder:
        with pytest.raises(StackError, match="no process is called nobody"):
            await asyncio.to_thread(ask, folder, Request(verb="hold", process="nobody"))
        await asyncio.to_thread(ask, folder, Request(verb="hold", process="audit"))
    assert holder.asked == [("hold", "audit")]


def test_nobody_answers(folder: DataFolder) -> None:
    """Without a supervisor the request is taken back and the caller told."""
    with pytest.raises(StackError, match="did not hold audit"):
        ask(folder, Request(verb="hold", process="audit"), seconds=0.2)
    assert list(folder.commands.iterdir()) == []


async def test_requests_of_an_earlier_run_are_thrown_away(folder: DataFolder) -> None:
    """A new stack does not begin with the wishes put to the last one."""
    (folder.commands / "old.request.json").write_text('{"verb": "hold", "process": "audit"}')
    async with serving(folder) as holder:
        await asyncio.sleep(0.3)
    assert holder.asked == []


async def test_rubbish_is_answered_too(folder: DataFolder) -> None:
    """A file that is no request does not stop the server."""
    async with serving(folder) as holder:
        await asyncio.sleep(0.05)
        (folder.commands / "x.request.json").write_text("{")
        await asyncio.to_thread(ask, folder, Request(verb="hold", process="audit"))
    assert holder.asked == [("hold", "audit")]

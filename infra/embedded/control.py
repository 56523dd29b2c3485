"""How another command asks the supervisor for something: one small file there, one file back.

Files need no port and no short path (a Unix socket's must fit 107 bytes), and the folder's
permissions say who may ask.
"""

import asyncio
import contextlib
import json
import time
import uuid
from pathlib import Path
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from infra.embedded.errors import StackError
from infra.embedded.folder import DataFolder, write_atomically

POLL_SECONDS = 0.25
REQUEST = ".request.json"
ANSWER = ".answer.json"


class Request(BaseModel):
    """Hold one process (stop it and leave it stopped) or release it again."""

    model_config = ConfigDict(frozen=True)

    verb: Literal["hold", "release"]
    process: str


class Holder(Protocol):
    """What carries the requests out."""

    async def hold(self, name: str) -> None:
        """Return when the process is stopped; raises KeyError for an unknown name."""

    async def release(self, name: str) -> None:
        """Return when the process is about to start; raises KeyError for an unknown name."""


def ask(folder: DataFolder, request: Request, seconds: float = 30.0) -> None:
    """Have the running supervisor do it; raises StackError when it refuses or does not answer."""
    mark = uuid.uuid4().hex
    question = folder.commands / f"{mark}{REQUEST}"
    answer = folder.commands / f"{mark}{ANSWER}"
    write_atomically(question, request.model_dump_json())
    deadline = time.monotonic() + seconds
    while not answer.exists():
        if time.monotonic() > deadline:
            question.unlink(missing_ok=True)
            message = f"the stack did not {request.verb} {request.process} in {seconds:.0f} s"
            raise StackError(message)
        time.sleep(POLL_SECONDS)
    error = json.loads(answer.read_text(encoding="utf-8"))["error"]
    answer.unlink()
    if error:
        raise StackError(error)


def forget(folder: DataFolder) -> None:
    """Throw away what was asked of an earlier run; call it before anybody can ask this one."""
    for stale in folder.commands.iterdir():
        stale.unlink(missing_ok=True)


async def serve(folder: DataFolder, holder: Holder) -> None:
    """Carry out requests until cancelled."""
    while True:
        for question in sorted(folder.commands.glob(f"*{REQUEST}")):
            error = await _carry_out(question, holder)
            mark = question.name.removesuffix(REQUEST)
            question.unlink(missing_ok=True)
            write_atomically(folder.commands / f"{mark}{ANSWER}", json.dumps({"error": error}))
        await asyncio.sleep(POLL_SECONDS)


async def _carry_out(question: Path, holder: Holder) -> str:
    """Return what went wrong, or an empty text."""
    request = _read(question)
    if request is None:
        return "the request could not be read"
    try:
        await (holder.hold if request.verb == "hold" else holder.release)(request.process)
    except KeyError:
        return f"no process is called {request.process}"
    return ""


def _read(question: Path) -> Request | None:
    with contextlib.suppress(OSError, ValidationError):
        return Request.model_validate_json(question.read_bytes())
    return None

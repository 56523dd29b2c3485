"""Starts a stack of its own for the bench, in a temporary folder, and tells where everything is."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

_START_SECONDS = 540


class BenchError(Exception):
    """The bench cannot go on; the text says why."""


@dataclass(frozen=True)
class RunningStack:
    """What `parley status --json` says of a stack."""

    data: Path
    url: str
    socket_url: str
    bootstrap_servers: str
    pids: Mapping[str, int]

    def resident_bytes(self) -> dict[str, int]:
        """Return the resident set of every process of the stack, children included.

        Pages that PostgreSQL's processes share are counted once: its share is proportional (PSS).
        """
        return {name: _memory(psutil.Process(pid)) for name, pid in self.pids.items()}

    def cpu_seconds(self) -> dict[str, float]:
        """Return the processor time each process has used so far, children included."""
        return {name: _cpu(psutil.Process(pid)) for name, pid in self.pids.items()}


def _family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def _memory(process: psutil.Process) -> int:
    family = _family(process)
    if len(family) == 1:
        return int(process.memory_info().rss)
    return sum(int(member.memory_full_info().pss) for member in family)


def _cpu(process: psutil.Process) -> float:
    return sum(sum(member.cpu_times()[:2]) for member in _family(process))


async def _parley(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "cli.main",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), _START_SECONDS)
    if process.returncode:
        msg = f"parley {' '.join(arguments)} failed:\n{err.decode()}{out.decode()}"
        raise BenchError(msg)
    return out.decode()


async def inspect(data: Path) -> RunningStack:
    """Read where a running stack is.

    Raises:
        BenchError: none is running in this folder.
    """
    status = json.loads(await _parley("status", "--json", "--data", str(data)))
    return RunningStack(
        data=data,
        url=status["url"],
        socket_url=status["socket_url"],
        bootstrap_servers=status["bootstrap_servers"],
        pids={name: process["pid"] for name, process in status["processes"].items()},
    )


@dataclass(frozen=True)
class StartTimes:
    """Seconds from `parley up --detach` to its return: first on an empty folder, then again."""

    cold: float
    warm: float


@asynccontextmanager
async def fresh_stack(data: Path) -> AsyncIterator[tuple[RunningStack, StartTimes]]:
    """Start a stack twice in an empty folder and stop it at the end."""
    try:
        cold = await _timed_start(data)
        await _parley("down", "--data", str(data))
        warm = await _timed_start(data)
        yield await inspect(data), StartTimes(cold, warm)
    finally:
        await _parley("down", "--data", str(data))


async def _timed_start(data: Path) -> float:
    started = time.perf_counter()
    await _parley("up", "--detach", "--data", str(data), "--port", "0")
    return time.perf_counter() - started

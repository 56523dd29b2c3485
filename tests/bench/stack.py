"""Starts a stack of its own for the bench, in a temporary folder, and tells where everything is."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from infra.embedded.errors import StackError
from infra.embedded.folder import DataFolder
from infra.embedded.running import RunningStack

LOAD_GENERATOR = "load generator"
"""Its own entry beside the processes of the stack."""
_START_SECONDS = 540


class BenchError(Exception):
    """The bench cannot go on; the text says why."""


@dataclass(frozen=True)
class MeasuredStack:
    """A running stack, and what its processes use."""

    data: Path
    running: RunningStack

    @property
    def socket_url(self) -> str:
        """Where sockets connect."""
        return self.running.socket_url

    @property
    def bootstrap_servers(self) -> str:
        """Where Kafka is."""
        return self.running.bootstrap_servers

    def metrics_url(self, process: str) -> str:
        """Return where a process is scraped."""
        return f"http://127.0.0.1:{self.running.state.ports[process]}/metrics"

    def resident_bytes(self) -> dict[str, int]:
        """Return the resident set of every process of the stack, children included.

        Pages that PostgreSQL's processes share are counted once: its share is proportional (PSS).
        """
        return {name: _memory(process) for name, process in self._processes()}

    def cpu_seconds(self) -> dict[str, float]:
        """Return the processor time each process has used so far, children included."""
        used = {name: _cpu(process) for name, process in self._processes()}
        return used | {LOAD_GENERATOR: sum(psutil.Process().cpu_times()[:2])}

    def _processes(self) -> list[tuple[str, psutil.Process]]:
        return [
            (name, psutil.Process(process.pid))
            for name, process in self.running.state.processes.items()
            if process.pid is not None
        ]


def _family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def _memory(process: psutil.Process) -> int:
    family = _family(process)
    if len(family) == 1:
        return int(process.memory_info().rss)
    return sum(int(member.memory_full_info().pss) for member in family)


def _cpu(process: psutil.Process) -> float:
    # Own and inherited from children that have ended, each in user and in system mode.
    return sum(sum(member.cpu_times()[:4]) for member in _family(process))


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


def inspect(data: Path) -> MeasuredStack:
    """Find a running stack.

    Raises:
        BenchError: none is running in this folder.
    """
    try:
        return MeasuredStack(data, RunningStack.find(DataFolder.at(data)))
    except StackError as error:
        raise BenchError(str(error)) from error


@dataclass(frozen=True)
class StartTimes:
    """Seconds from `parley up --detach` to its return: first on an empty folder, then again."""

    cold: float
    warm: float


@asynccontextmanager
async def fresh_stack(data: Path) -> AsyncIterator[tuple[MeasuredStack, StartTimes]]:
    """Start a stack twice in an empty folder and stop it at the end."""
    cold = await _timed_start(data)
    await _parley("down", "--data", str(data))
    warm = await _timed_start(data)
    try:
        yield inspect(data), StartTimes(cold, warm)
    finally:
        await _parley("down", "--data", str(data))


async def _timed_start(data: Path) -> float:
    started = time.perf_counter()
    await _parley("up", "--detach", "--data", str(data))
    return time.perf_counter() - started

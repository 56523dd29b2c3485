"""One child process: started in its own session, watched, stopped by signal and then by force."""

import asyncio
import contextlib
import shutil
import signal
from asyncio.subprocess import Process
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from infra.embedded.settings import inherited_environment
from infra.embedded.spec import ChildSpec, State

LOGS_KEPT = 3


@dataclass
class Child:
    """A spec and what became of it; `ready` is set while those that need it may run."""

    spec: ChildSpec
    state: State = State.WAITING
    restarts: int = 0
    note: str = ""
    was_ready: bool = False
    process: Process | None = None
    created: float = 0.0
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def pid(self) -> int | None:
        """Return the running process's id, or None."""
        process = self.process
        return process.pid if process is not None and process.returncode is None else None

    async def spawn(self) -> Process:
        """Start the process; its output goes to its log file."""
        with self.spec.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *_dying_with_parent(self.spec),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=inherited_environment() | dict(self.spec.environment),
                # Its own session: Ctrl-C in the terminal reaches the supervisor alone,
                # which then stops the children in order.
                start_new_session=True,
                **_as_account(self.spec),
            )
        with contextlib.suppress(psutil.NoSuchProcess):
            self.created = psutil.Process(self.process.pid).create_time()
        return self.process

    async def stop(self) -> None:
        """Ask the process to end, then make it; returns when it is gone."""
        process = self.process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.spec.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), self.spec.stop_seconds)
        except TimeoutError:
            self.kill()
            await process.wait()

    def kill(self) -> None:
        """End the process and what it started at once."""
        if self.pid is not None:
            kill_tree(self.pid)


def kill_tree(pid: int) -> None:
    """Kill a process with all its descendants."""
    try:
        process = psutil.Process(pid)
        family = [*process.children(recursive=True), process]
    except psutil.NoSuchProcess:
        return
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.send_signal(signal.SIGKILL)


def rotate(log: Path) -> None:
    """Keep the logs of the last starts beside the new one, the newest as `.1`."""
    for age in range(LOGS_KEPT, 0, -1):
        older = log.with_name(f"{log.name}.{age - 1}") if age > 1 else log
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{age}"))


def _as_account(spec: ChildSpec) -> dict[str, Any]:
    """Run as another account when the spec names one (PostgreSQL refuses to run as root)."""
    if spec.account is None:
        return {}
    return {"user": spec.account.uid, "group": spec.account.gid, "extra_groups": []}


def _dying_with_parent(spec: ChildSpec) -> tuple[str, ...]:
    """Where the system can, have the child stopped when the supervisor is killed."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return spec.command
    return (setpriv, "--pdeathsig", spec.stop_signal.name.removeprefix("SIG"), *spec.command)

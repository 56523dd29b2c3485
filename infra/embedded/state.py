"""What a running stack tells other commands about itself: one small file, replaced atomically."""

import json
from pathlib import Path
from typing import Self

import psutil
from pydantic import BaseModel, ConfigDict, ValidationError

from infra.embedded.child import Child, kill_tree
from infra.embedded.folder import DataFolder, write_atomically
from infra.embedded.ports import LOOPBACK
from infra.embedded.spec import State

# psutil computes start times from clock ticks; two readings may differ by one.
SAME_START_SECONDS = 0.05
ORPHAN_GRACE_SECONDS = 10.0


class ProcessState(BaseModel):
    """One child as last seen; pid and start time together name a process for good."""

    model_config = ConfigDict(frozen=True)

    pid: int | None
    created: float = 0.0
    state: State
    restarts: int = 0
    note: str = ""

    @classmethod
    def of(cls, child: Child) -> Self:
        return cls(
            pid=child.pid,
            created=child.created if child.pid is not None else 0.0,
            state=child.state,
            restarts=child.restarts,
            note=child.note,
        )


class StackState(BaseModel):
    """The whole stack as last seen."""

    model_config = ConfigDict(frozen=True)

    pid: int
    created: float
    ready: bool
    brokers: int
    ports: dict[str, int]
    processes: dict[str, ProcessState]

    def save(self, folder: DataFolder) -> None:
        write_atomically(folder.state_file, self.model_dump_json(indent=2) + "\n")

    @classmethod
    def load(cls, folder: DataFolder) -> Self | None:
        """Return the last state written, or None when there is none that can be read."""
        return cls._parse(folder.state_file)

    @classmethod
    def _parse(cls, path: Path) -> Self | None:
        try:
            return cls.model_validate(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, ValidationError):
            return None

    @property
    def url(self) -> str:
        """Where a browser finds the stack; empty when it was started without the web side."""
        return f"http://{LOOPBACK}:{self.ports['gateway']}" if "gateway" in self.processes else ""

    @property
    def socket_url(self) -> str:
        """Where sockets connect; empty as `url`."""
        edge = "edge-ws" in self.processes
        return f"ws://{LOOPBACK}:{self.ports['edge-ws']}/ws" if edge else ""

    @property
    def running(self) -> bool:
        """Say whether the supervisor that wrote this still runs."""
        return same_process(self.pid, self.created) is not None


def same_process(pid: int | None, created: float) -> psutil.Process | None:
    """Return the process if it is still the very one that was recorded, not a later one."""
    if pid is None:
        return None
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - created) <= SAME_START_SECONDS
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def orphans(state: StackState) -> dict[str, psutil.Process]:
    """Return the children that outlived their supervisor, by name."""
    found = {n: same_process(p.pid, p.created) for n, p in state.processes.items()}
    return {name: process for name, process in found.items() if process is not None}


def stop_orphans(state: StackState, grace: float = ORPHAN_GRACE_SECONDS) -> list[str]:
    """Stop what a killed supervisor left behind, and return the names."""
    left = orphans(state)
    for process in left.values():
        process.terminate()
    _, stubborn = psutil.wait_procs(list(left.values()), timeout=grace)
    for process in stubborn:
        kill_tree(process.pid)
    psutil.wait_procs(stubborn, timeout=grace)
    return sorted(left)

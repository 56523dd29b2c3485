"""The real stack for connected tests: one per run, on free ports, in a temporary folder."""

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psutil

from infra.embedded.folder import DataFolder
from infra.embedded.running import RunningStack
from infra.embedded.spec import State
from infra.embedded.state import StackState

START_SECONDS = 300.0
POLL_SECONDS = 0.1


class Stack:
    """A stack that runs in processes of its own, with ways to hurt them."""

    def __init__(self, running: RunningStack, supervisor: subprocess.Popen[bytes]) -> None:
        self.running = running
        self.supervisor = supervisor

    @property
    def folder(self) -> DataFolder:
        return self.running.folder

    @property
    def url(self) -> str:
        return self.running.url

    @property
    def socket_url(self) -> str:
        return self.running.socket_url

    @property
    def bootstrap_servers(self) -> str:
        return self.running.bootstrap_servers

    @property
    def valkey_url(self) -> str:
        return self.running.valkey_url

    @property
    def internal_token(self) -> str:
        return self.running.credentials.internal_token

    def database_url(self, role: str | None = None) -> str:
        """Return the owner's address, or a process's (`gateway`, `persistence`, ...)."""
        return self.running.database_url(role)

    def process(self, name: str) -> psutil.Process:
        """Return the running process of this name."""
        pid = self.running.state.processes[name].pid
        assert pid is not None, f"{name} does not run"
        return psutil.Process(pid)

    def restarts(self, name: str) -> int:
        return self.running.state.processes[name].restarts

    def kill(self, name: str) -> None:
        """Kill it as an out-of-memory killer would; returns once the supervisor has noticed."""
        before = self.restarts(name)
        self.process(name).send_signal(signal.SIGKILL)
        self.wait_restarted(name, before)

    def wait_restarted(self, name: str, before: int) -> None:
        """Return once the supervisor has noticed that this run of it is over."""
        deadline = time.monotonic() + START_SECONDS
        while self.restarts(name) == before:
            assert time.monotonic() < deadline, f"nobody noticed that {name} is gone"
            time.sleep(POLL_SECONDS)

    def pause(self, name: str) -> None:
        """Freeze it: connections stay open, nothing is answered; returns once it stands still."""
        process = self.process(name)
        process.suspend()
        # The signal is only sent by then: threads on other processors run on for a moment.
        while not _stands_still(process):
            time.sleep(POLL_SECONDS / 10)

    def resume(self, name: str) -> None:
        self.process(name).resume()

    def hold(self, name: str) -> None:
        """Stop it in an orderly way, and leave it stopped."""
        self.running.hold(name)

    def release(self, name: str) -> None:
        self.running.release(name)
        self.wait_ready(name)

    def wait_ready(self, name: str, seconds: float = 60.0) -> None:
        self.running.wait_ready(name, seconds)


def _stands_still(process: psutil.Process) -> bool:
    return {_task_state(task) for task in Path(f"/proc/{process.pid}/task").iterdir()} <= {"T", ""}


def _task_state(task: Path) -> str:
    try:
        return (task / "stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""  # It has ended meanwhile.


@contextmanager
def started(
    *,
    infrastructure_only: bool,
    brokers: int = 1,
    data: Path | None = None,
    options: Sequence[str] = (),
) -> Iterator[Stack]:
    """Run a stack for as long as the block lasts; its folder goes with it unless it was given."""
    home = data or Path(tempfile.mkdtemp(prefix="parley-test-"))
    folder = DataFolder.at(home)
    folder.create()
    learning = data is None and not infrastructure_only
    if learning:
        shutil.copytree(_learnt(), folder.models, dirs_exist_ok=True)
    command = [sys.executable, "-m", "infra.embedded", "--data", str(home), "--free-ports"]
    command += options
    if infrastructure_only:
        command.append("--infrastructure-only")
    if brokers > 1:
        command += ["--brokers", str(brokers)]
    with folder.log("supervisor").open("ab") as log:
        supervisor = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_until_ready(folder, supervisor)
        if learning:
            shutil.copytree(folder.models, _learnt(), dirs_exist_ok=True)
        yield Stack(RunningStack.find(folder), supervisor)
    finally:
        _stop(supervisor)
        if data is None:
            shutil.rmtree(home, ignore_errors=True)


@cache
def _learnt() -> Path:
    """What the assistant of this run's first stack has learnt: the others need not learn it."""
    folder = Path(tempfile.mkdtemp(prefix="parley-test-models-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _wait_until_ready(folder: DataFolder, supervisor: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        state = StackState.load(folder)
        if state is not None and state.pid == supervisor.pid and state.ready:
            return
        words = folder.log("supervisor").read_text()
        assert supervisor.poll() is None, f"the stack did not start: {words}"
        assert time.monotonic() < deadline, f"the stack is not ready: {_unready(state)}"
        time.sleep(POLL_SECONDS)


def _unready(state: StackState | None) -> list[str]:
    processes = state.processes if state else {}
    well = {State.READY, State.DONE}
    return [f"{name} {p.state} {p.note}" for name, p in processes.items() if p.state not in well]


def _stop(supervisor: subprocess.Popen[bytes]) -> None:
    supervisor.send_signal(signal.SIGTERM)
    try:
        supervisor.wait(90)
    except subprocess.TimeoutExpired:
        os.killpg(supervisor.pid, signal.SIGKILL)
        supervisor.wait()

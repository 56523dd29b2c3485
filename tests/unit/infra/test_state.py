"""What a stack leaves on disk about itself, and what is done with it after a crash."""

import subprocess
import sys
from pathlib import Path

import psutil

from infra.embedded.folder import DataFolder
from infra.embedded.spec import State
from infra.embedded.state import ProcessState, StackState, orphans, stop_orphans

GONE = 2**22 + 1


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


def state_with(pid: int, created: float) -> StackState:
    process = ProcessState(pid=pid, created=created, state=State.READY)
    return StackState(
        pid=GONE,
        created=1.0,
        ready=True,
        brokers=1,
        ports={"gateway": 8000, "edge-ws": 8001},
        processes={"app": process},
    )


def test_a_state_survives_the_disk(tmp_path: Path) -> None:
    """What is read is what was written."""
    folder = DataFolder.at(tmp_path)
    state = state_with(GONE, 1.0)
    state.save(folder)
    assert StackState.load(folder) == state
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_the_state_file_is_private(tmp_path: Path) -> None:
    """Other users of the machine cannot read it."""
    folder = DataFolder.at(tmp_path)
    state_with(GONE, 1.0).save(folder)
    assert folder.state_file.stat().st_mode & 0o077 == 0


def test_a_damaged_file_is_no_state(tmp_path: Path) -> None:
    """Half a file, or none, is the same as no stack."""
    folder = DataFolder.at(tmp_path)
    assert StackState.load(folder) is None
    folder.state_file.write_text('{"pid": 1,')
    assert StackState.load(folder) is None


def test_a_dead_supervisor_is_not_running() -> None:
    """A recorded pid alone proves nothing."""
    assert not state_with(GONE, 1.0).running


def test_an_orphan_is_found_and_stopped() -> None:
    """A child that outlived its supervisor is ended by the next start."""
    child = sleeper()
    state = state_with(child.pid, psutil.Process(child.pid).create_time())
    assert list(orphans(state)) == ["app"]
    assert stop_orphans(state) == ["app"]
    assert child.poll() is not None


def test_a_stranger_with_the_same_pid_is_left_alone() -> None:
    """After a reboot the pid may be another program's: its start time differs."""
    child = sleeper()
    try:
        state = state_with(child.pid, psutil.Process(child.pid).create_time() - 100)
        assert stop_orphans(state) == []
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_addresses_are_empty_without_a_web_side() -> None:
    """An infrastructure-only stack does not name a page that nobody serves."""
    state = state_with(GONE, 1.0)
    assert state.url == ""
    assert state.socket_url == ""

"""The supervisor, with real child processes that are small and quick."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from infra.embedded.errors import StackError
from infra.embedded.spec import ChildSpec, Kind, Pace, State
from infra.embedded.supervisor import Supervisor

QUICK = Pace(
    probe_seconds=0.01,
    live_seconds=0.05,
    live_failures=2,
    first_backoff=0.01,
    longest_backoff=0.05,
    job_attempts=2,
    start_attempts=3,
)
# Says that it is up, and appends its name to the common journal when it is asked to stop.
SERVICE = """
import pathlib, signal, sys, time
name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
def bye(*_):
    with (folder / "journal").open("a") as journal:
        journal.write(name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, bye)
(folder / (name + ".up")).touch()
while True:
    time.sleep(1)
"""
STUBBORN = SERVICE.replace("sys.exit(0)", "pass")


def service(
    folder: Path, name: str, *, needs: tuple[str, ...] = (), drain: int = 0, code: str = SERVICE
) -> ChildSpec:
    mark = folder / f"{name}.up"

    async def ready() -> bool:
        return mark.exists()

    async def prepare() -> None:
        mark.unlink(missing_ok=True)

    return ChildSpec(
        name=name,
        command=(sys.executable, "-c", code, name, str(folder)),
        log=folder / f"{name}.log",
        needs=needs,
        drain=drain,
        ready=ready,
        prepare=prepare,
        stop_seconds=1.0,
    )


def job(folder: Path, name: str, code: str, *, needs: tuple[str, ...] = ()) -> ChildSpec:
    return ChildSpec(
        name=name,
        command=(sys.executable, "-c", code),
        log=folder / f"{name}.log",
        needs=needs,
        kind=Kind.JOB,
    )


@asynccontextmanager
async def running(*specs: ChildSpec) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(specs, pace=QUICK)
    supervisor.start()
    try:
        yield supervisor
    finally:
        await supervisor.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_what_is_needed_starts_first(tmp_path: Path) -> None:
    """A service waits for its job, and the job for its server."""
    late = service(tmp_path, "app", needs=("job",))
    check = f"import pathlib, sys; sys.exit(not pathlib.Path({str(tmp_path)!r}, 'db.up').exists())"
    specs = (late, job(tmp_path, "job", check, needs=("db",)), service(tmp_path, "db"))
    async with running(*specs) as supervisor:
        await supervisor.all_ready()
        states = {name: child.state for name, child in supervisor.children.items()}
    assert states == {"app": State.READY, "job": State.DONE, "db": State.READY}
    assert supervisor.children["job"].restarts == 0


async def test_a_killed_child_is_restarted(tmp_path: Path) -> None:
    """Kill -9 brings a new process, counted, and named in the note on the way."""
    notes: list[str] = []
    supervisor = Supervisor(
        [service(tmp_path, "app")],
        pace=QUICK,
        on_change=lambda: notes.append(supervisor.children["app"].note),
    )
    supervisor.start()
    await supervisor.all_ready()
    child = supervisor.children["app"]
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until(lambda: child.state is State.READY and child.pid != first)
    await supervisor.stop()
    assert child.restarts == 1
    assert "killed by signal 9" in notes


async def test_a_stuck_child_is_restarted(tmp_path: Path) -> None:
    """A process that runs but no longer answers is replaced."""
    answers = {"well": True}

    async def live() -> bool:
        return answers["well"]

    spec = service(tmp_path, "app")
    stuck = ChildSpec(name="app", command=spec.command, log=spec.log, ready=spec.ready, live=live)
    async with running(stuck) as supervisor:
        await supervisor.all_ready()
        answers["well"] = False
        await until(lambda: supervisor.children["app"].restarts == 1)
        answers["well"] = True
        await until(lambda: supervisor.children["app"].state is State.READY)


async def test_the_stop_drains_in_order(tmp_path: Path) -> None:
    """Lower stages are gone before higher ones are asked."""
    specs = [service(tmp_path, f"stage-{n}", drain=n) for n in (2, 0, 1)]
    async with running(*specs) as supervisor:
        await supervisor.all_ready()
        pids = [child.pid for child in supervisor.children.values()]
    assert (tmp_path / "journal").read_text().split() == ["stage-0", "stage-1", "stage-2"]
    assert not any(pid is not None and alive(pid) for pid in pids)


async def test_a_child_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    """Ignoring the signal buys a second, no more."""
    async with running(service(tmp_path, "app", code=STUBBORN)) as supervisor:
        await supervisor.all_ready()
        pid = supervisor.children["app"].pid
        begun = time.monotonic()
    assert pid is not None
    assert not alive(pid)
    assert time.monotonic() - begun >= 1


async def test_a_failed_job_fails_the_start(tmp_path: Path) -> None:
    """The error names the job, its status and its log."""
    async with running(job(tmp_path, "job", "raise SystemExit('no disk')")) as supervisor:
        with pytest.raises(StackError, match=r"job failed with exit status 1: no disk .*job\.log"):
            await supervisor.all_ready()


async def test_a_service_that_never_starts_fails_the_start(tmp_path: Path) -> None:
    """After a few tries the start gives up instead of waiting for ever."""
    async with running(service(tmp_path, "app", code="raise SystemExit(4)")) as supervisor:
        with pytest.raises(StackError, match="app ended with exit status 4"):
            await supervisor.all_ready()
    assert supervisor.children["app"].restarts == QUICK.start_attempts


async def test_a_missing_program_fails_the_start(tmp_path: Path) -> None:
    """A program that is not there is said in one line."""
    spec = replace(service(tmp_path, "app"), command=("/nowhere/app",))
    async with running(spec) as supervisor:
        with pytest.raises(StackError, match="app"):
            await supervisor.all_ready()


async def test_a_held_child_stays_down(tmp_path: Path) -> None:
    """Hold stops a child without a restart; release starts it again."""
    async with running(service(tmp_path, "app")) as supervisor:
        await supervisor.all_ready()
        child = supervisor.children["app"]
        await supervisor.hold("app")
        assert child.pid is None
        assert child.state is State.STOPPED
        await supervisor.release("app")
        await until(lambda: child.state is State.READY)
        assert child.restarts == 0


async def test_logs_of_the_last_starts_are_kept(tmp_path: Path) -> None:
    """Each start begins a new log; the old one moves aside."""
    (tmp_path / "app.log").write_text("last time")
    async with running(service(tmp_path, "app")) as supervisor:
        await supervisor.all_ready()
    assert (tmp_path / "app.log.1").read_text() == "last time"


async def test_a_child_sees_no_settings_but_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PARLEY_* of the terminal does not leak into the processes."""
    monkeypatch.setenv("PARLEY_LEAK", "1")
    code = "import os, sys; sys.exit('PARLEY_LEAK' in os.environ)"
    async with running(job(tmp_path, "job", code)) as supervisor:
        await supervisor.all_ready()

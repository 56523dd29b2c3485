"""Starts the children in order of need, restarts what dies, and stops everything in order."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable

from infra.embedded.child import Child, rotate
from infra.embedded.errors import StackError
from infra.embedded.spec import ChildSpec, Kind, Pace, State

Listener = Callable[[], None]
LAST_WORDS = 300


class Supervisor:
    """Keeps a set of children running; one task per child, all in one event loop."""

    def __init__(
        self,
        specs: Iterable[ChildSpec],
        *,
        pace: Pace | None = None,
        on_change: Listener = lambda: None,
    ) -> None:
        self.children = {spec.name: Child(spec) for spec in specs}
        self._pace = pace or Pace()
        self._on_change = on_change
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._failed = asyncio.Event()

    def start(self) -> None:
        """Begin to start everything; returns at once."""
        for name, child in self.children.items():
            rotate(child.spec.log)
            self._tasks[name] = asyncio.create_task(self._keep(child), name=f"keep {name}")

    async def all_ready(self) -> None:
        """Return when every child is ready or done; raises StackError when one cannot be."""
        ready = asyncio.create_task(self._each_ready())
        failed = asyncio.create_task(self._failed.wait())
        try:
            await asyncio.wait({ready, failed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            failed.cancel()
            ready.cancel()
        for child in self.children.values():
            if child.state is State.FAILED:
                raise StackError(_epitaph(child))

    async def _each_ready(self) -> None:
        for child in self.children.values():
            await child.ready.wait()

    async def stop(self) -> None:
        """Drain: stop every child, stage by stage, those of one stage together."""
        await self._cancel(self._tasks)
        for stage in sorted({child.spec.drain for child in self.children.values()}):
            members = [c for c in self.children.values() if c.spec.drain == stage]
            await asyncio.gather(*(self._drain(child) for child in members))

    def kill(self) -> None:
        """Give up on an orderly end: kill everything that still runs."""
        for child in self.children.values():
            child.kill()

    async def hold(self, name: str) -> None:
        """Stop one child and leave it stopped until `release`."""
        child = self.children[name]
        await self._cancel([name])
        await self._drain(child)

    async def release(self, name: str) -> None:
        """Start a held child again."""
        child = self.children[name]
        task = self._tasks.get(name)
        if task is None or task.done():
            self._tasks[name] = asyncio.create_task(self._keep(child), name=f"keep {name}")

    async def _cancel(self, names: Iterable[str]) -> None:
        tasks = [self._tasks.pop(name) for name in list(names) if name in self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _drain(self, child: Child) -> None:
        if child.pid is not None:
            self._say(child, State.STOPPING)
            await child.stop()
        child.ready.clear()
        if child.state not in {State.DONE, State.FAILED}:
            self._say(child, State.STOPPED)

    async def _keep(self, child: Child) -> None:
        """Run the child for as long as the stack runs."""
        try:
            await asyncio.gather(*(self.children[n].ready.wait() for n in child.spec.needs))
            if child.spec.prepare is not None:
                self._say(child, State.STARTING, "preparing")
                await child.spec.prepare()
            keep = self._run_job if child.spec.kind is Kind.JOB else self._run_service
            await keep(child)
        except (StackError, OSError) as error:
            self._fail(child, f"cannot start: {error}")

    async def _run_job(self, child: Child) -> None:
        for attempt in range(self._pace.job_attempts):
            process = await child.spawn()
            self._say(child, State.STARTING)
            status = await process.wait()
            if status == 0:
                self._say(child, State.DONE)
                child.ready.set()
                return
            child.restarts += 1
            await asyncio.sleep(self._backoff(attempt))
        self._fail(child, f"failed with exit status {status}")

    async def _run_service(self, child: Child) -> None:
        failures = 0
        while True:
            started = time.monotonic()
            process = await child.spawn()
            self._say(child, State.STARTING, child.note)
            reason = await self._watch(child, process)
            child.ready.clear()
            if time.monotonic() - started > self._pace.settled_seconds:
                failures = 0
            child.restarts += 1
            if not child.was_ready and child.restarts >= self._pace.start_attempts:
                self._fail(child, reason)
                return
            self._say(child, State.RESTARTING, reason)
            await asyncio.sleep(self._backoff(failures))
            failures += 1

    async def _watch(self, child: Child, process: asyncio.subprocess.Process) -> str:
        """Follow one run of a service to its end and return why it ended."""
        exited = asyncio.create_task(process.wait())
        watcher = asyncio.create_task(self._until_unwell(child))
        try:
            await asyncio.wait({exited, watcher}, return_when=asyncio.FIRST_COMPLETED)
            if exited.done():
                return _how_it_ended(exited.result())
            reason = watcher.result()
            child.kill()
            await exited
            return reason
        finally:
            exited.cancel()
            watcher.cancel()

    async def _until_unwell(self, child: Child) -> str:
        """Mark the child ready when it is, then return once it no longer answers."""
        spec, pace = child.spec, self._pace
        deadline = time.monotonic() + spec.ready_seconds
        while spec.ready is not None and not await spec.ready():
            if time.monotonic() > deadline:
                return f"not ready after {spec.ready_seconds:.0f} s"
            await asyncio.sleep(pace.probe_seconds)
        self._say(child, State.READY)
        child.was_ready = True
        child.ready.set()
        missed = 0
        while missed < pace.live_failures:
            await asyncio.sleep(pace.live_seconds)
            well = spec.live is None or await spec.live()
            missed = 0 if well else missed + 1
        return "stopped answering"

    def _backoff(self, failures: int) -> float:
        """Double the wait with each failure; the jitter keeps children from moving in step."""
        wait = min(self._pace.first_backoff * 2.0**failures, self._pace.longest_backoff)
        return wait * random.uniform(0.75, 1.25)  # noqa: S311 - not a secret

    def _fail(self, child: Child, note: str) -> None:
        self._say(child, State.FAILED, note)
        self._failed.set()

    def _say(self, child: Child, state: State, note: str = "") -> None:
        child.state, child.note = state, note
        self._on_change()


def _how_it_ended(status: int) -> str:
    return f"killed by signal {-status}" if status < 0 else f"ended with exit status {status}"


def _epitaph(child: Child) -> str:
    """Say what failed, in its own last words when it left any, and where to read more."""
    try:
        lines = child.spec.log.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        lines = []
    words = next((line.strip() for line in reversed(lines) if line.strip()), "")[:LAST_WORDS]
    said = f": {words}" if words else ""
    return f"{child.spec.name} {child.note}{said} (its log is {child.spec.log})"

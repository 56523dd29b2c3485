"""One trial: people talk, something breaks, and then everything is compared."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from infra.embedded.spec import State
from tests.faults.judge import Verdict, judge
from tests.faults.promises import Ledger
from tests.faults.traffic import Load, Traffic
from tests.stack import Stack

BEFORE_THE_FAULT = 1.5
PATIENCE = 60.0

Fault = Callable[[Traffic], Awaitable[None]]


@dataclass(frozen=True)
class Trial:
    """Runs faults against one stack and enters each outcome in the ledger."""

    stack: Stack
    ledger: Ledger

    async def run(
        self,
        promise: str,
        name: str,
        fault: Fault,
        *,
        load: Load | None = None,
        socket_url: str | None = None,
    ) -> Verdict:
        """Break something under traffic; return the verdict, which has been asserted to be kept."""
        load = load or Load()
        started = time.monotonic()
        async with Traffic(self.stack, load, socket_url=socket_url) as traffic:
            talking = asyncio.create_task(traffic.run())
            await asyncio.sleep(BEFORE_THE_FAULT)
            await fault(traffic)
            traffic.enough()
            await talking
            await asyncio.to_thread(self.recovered)
            # Who has not heard an answer by then is in the verdict.
            with suppress(TimeoutError):
                await traffic.all_answered(PATIENCE)
            verdict = await judge(self.stack, traffic)
        self.ledger.enter(promise, name, str(load), verdict, time.monotonic() - started)
        assert verdict.accepted == traffic.said
        assert verdict.kept, verdict
        return verdict

    def recovered(self) -> None:
        """Return when every process is ready again, without anybody's help."""
        for name, process in self.stack.running.state.processes.items():
            if process.state is not State.DONE:
                self.stack.wait_ready(name)


def in_thread(work: Callable[..., object], *arguments: object) -> Fault:
    """Return blocking work as a fault."""

    async def fault(_: Traffic) -> None:
        await asyncio.to_thread(partial(work, *arguments))

    return fault

"""One trial: people talk, something breaks, and then everything is compared."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from infra.embedded.spec import State
from tests.faults.judge import Verdict, judge
from tests.faults.log import LAG_SECONDS, dead_letters, settled_lag
from tests.faults.measures import Measure
from tests.faults.promises import Ledger
from tests.faults.traffic import Load, Traffic
from tests.stack import Stack

BEFORE_THE_FAULT = 1.5
PATIENCE = 60.0

Fault = Callable[[Traffic], Awaitable[None]]


async def nothing(_: Traffic) -> None:
    """Leave things as they are."""


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
        socket_url: str | Sequence[str] | None = None,
        measures: Sequence[Measure] = (),
        poison: Callable[[], int] = lambda: 0,
        settled: Fault = nothing,
    ) -> Verdict:
        """Break something under traffic; return the verdict, which has been asserted to be kept.

        `measures` may be filled while the fault runs, or by `settled`, which sees everybody once
        more when all is calm; `poison` says, after the fault, how many records belong on
        dead-letter topics by then.
        """
        load, started = load or Load(), time.monotonic()
        verdict = await self.outcome(
            fault, load, socket_url=socket_url, poison=poison, settled=settled
        )
        seconds = time.monotonic() - started
        self.ledger.enter(promise, name, str(load), verdict, seconds, measures=measures)
        assert verdict.kept, verdict
        assert all(measure.held for measure in measures), [str(each) for each in measures]
        return verdict

    async def outcome(
        self,
        fault: Fault,
        load: Load,
        *,
        socket_url: str | Sequence[str] | None = None,
        poison: Callable[[], int] = lambda: 0,
        patience: float = PATIENCE,
        settled: Fault = nothing,
    ) -> Verdict:
        """Break something under traffic; return the verdict, whatever it is."""
        letters = await dead_letters(self.stack)
        async with Traffic(self.stack, load, socket_url=socket_url) as traffic:
            async with asyncio.TaskGroup() as talking:
                talking.create_task(traffic.run())
                await asyncio.sleep(BEFORE_THE_FAULT)
                await fault(traffic)
                traffic.enough()
            calm = time.monotonic()
            await asyncio.to_thread(self.recovered)
            # Who has not heard an answer by then is in the verdict.
            with suppress(TimeoutError):
                await traffic.all_answered(patience)
            lag = await settled_lag(self.stack, LAG_SECONDS - (time.monotonic() - calm))
            verdict = replace(
                await judge(self.stack, traffic, patience),
                lag=lag,
                dead_letters=await dead_letters(self.stack) - letters - poison(),
            )
            await settled(traffic)
        assert verdict.accepted == traffic.said
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

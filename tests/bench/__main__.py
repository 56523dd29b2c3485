"""`make bench`: start a stack of its own, measure it, print a table, write bench-results.json."""

import argparse
import asyncio
import gc
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

import uvloop
from rich.console import Console

from tests.bench.memory import MIB
from tests.bench.parts import Bench, Load
from tests.bench.report import Line, show
from tests.bench.stack import BenchError, MeasuredStack, StartTimes, fresh_stack, inspect
from tests.people import TokenMint

RESULTS = Path("bench-results.json")
PARTS = ("idle", "load", "promote", "sustained", "peak", "overload")
"""What is measured unless something else is asked for."""
MODEL_PARTS = ("stream",)
"""Only with a language model: PARLEY_LANGUAGE_MODEL__KIND=demo."""
console = Console()


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    add = parser.add_argument
    add("--data", type=Path, help="measure this running stack, not a new one")
    add("--parts", nargs="+", choices=PARTS + MODEL_PARTS, default=PARTS, help="what to measure")
    add("--idle", type=int, default=1_000, help="idle sockets to weigh (1000)")
    add("--rate", type=float, default=100, help="load: messages per second (100)")
    add("--sockets", type=int, default=200, help="load: open sockets that talk (200)")
    add("--seconds", type=float, default=30, help="load: how long to send (30)")
    add("--many", type=int, default=2_000, help="sockets of the parts below (2000)")
    add("--sustained-rate", type=float, default=300, help="sustained: messages per second (300)")
    add("--sustained-seconds", type=float, default=600, help="sustained: how long (600)")
    add("--peak-rate", type=float, default=600, help="peak: messages per second (600)")
    add("--peak-seconds", type=float, default=60, help="peak: how long (60)")
    add(
        "--overload-rate",
        type=float,
        help="overload: messages per second (twice what the peak carried, or its rate)",
    )
    add("--overload-seconds", type=float, default=20, help="overload: how long (20)")
    return parser.parse_args()


@asynccontextmanager
async def stack_to_measure(data: Path | None) -> AsyncIterator[tuple[MeasuredStack, list[Line]]]:
    """Give the stack named, or a fresh one with its start times."""
    if data is not None:
        yield inspect(data), []
        return
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        async with fresh_stack(Path(folder)) as (stack, times):
            yield stack, start_lines(times)


def start_lines(times: StartTimes) -> list[Line]:
    """Return how long the stack took to start."""
    return [
        Line("first start, everything installed", times.cold, "s"),
        Line("warm start", times.warm, "s", limit=20),
    ]


def weight_lines(stack: MeasuredStack) -> list[Line]:
    """Return what the whole stack weighs now, and each of its processes."""
    resident = stack.resident_bytes()
    return [
        Line("whole stack", sum(resident.values()) / MIB, "MiB", limit=2_560),
        *(Line(f"  {name}", size / MIB, "MiB") for name, size in resident.items()),
    ]


async def measure(options: argparse.Namespace) -> list[Line]:
    """Take every measurement that was asked for, in the order of `PARTS`."""
    async with stack_to_measure(options.data) as (stack, started):
        lines = list(started)
        bench = Bench(stack, TokenMint(stack.data), console)
        parts = set(options.parts)
        if "idle" in parts:
            lines += await bench.weigh_idle(options.idle)
        if "load" in parts:
            lines += await bench.look_closely(Load(options.rate, options.sockets, options.seconds))
        if "stream" in parts:
            lines += await bench.stream()
        if "promote" in parts:
            lines += await bench.promote(options.rate, options.sockets)
        if "sustained" in parts:
            lines += await bench.sustain(
                Load(options.sustained_rate, options.many, options.sustained_seconds)
            )
        lines += weight_lines(stack)
        carried = options.peak_rate
        if "peak" in parts:
            found, carried = await bench.peak(
                Load(options.peak_rate, options.many, options.peak_seconds)
            )
            lines += found
        if "overload" in parts:
            await asyncio.sleep(5)
            rate = options.overload_rate or 2 * round(carried)
            lines += await bench.overload(Load(rate, options.many, options.overload_seconds))
        return lines


def main() -> int:
    """Measure and report; return the exit status."""
    # The exchanges of minutes are alive all at once: looking for cycles among them would stop the
    # load for a tenth of a second at a time.
    gc.disable()
    try:
        lines = uvloop.run(measure(arguments()))
    except BenchError as error:
        console.print(f"[red]{error}[/]")
        return 1
    show(lines, console)
    RESULTS.write_text(json.dumps([asdict(line) | {"met": line.met} for line in lines], indent=2))
    console.print(f"written to {RESULTS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

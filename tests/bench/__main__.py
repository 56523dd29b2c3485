"""`make bench`: start a stack of its own, measure it, print a table, write bench-results.json."""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

import uvloop
from rich.console import Console

from tests.bench.figures import LoadFigures, Stages, load_figures, stages
from tests.bench.load import LoadRun
from tests.bench.report import Line, load_lines, show, stage_lines
from tests.bench.sockets import close_many, open_many
from tests.bench.stack import BenchError, MeasuredStack, StartTimes, fresh_stack, inspect
from tests.bench.topics import collecting_insights, histogram
from tests.people import TokenMint

RESULTS = Path("bench-results.json")
MIB = 1024 * 1024
LIMITS = {
    "not accepted": 0,
    "not answered": 0,
    "answered twice": 0,
    "accept p99": 50,
    "answer p50": 20,
    "answer p95": 60,
}
"""Of the load at 100 messages/s from 200 sockets."""
console = Console()


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--data", type=Path, help="measure this running stack, not a new one")
    parser.add_argument("--rate", type=float, default=100, help="messages per second (100)")
    parser.add_argument("--sockets", type=int, default=200, help="open sockets that talk (200)")
    parser.add_argument("--seconds", type=float, default=30, help="how long to send (30)")
    parser.add_argument("--idle", type=int, default=1_000, help="idle sockets to weigh (1000)")
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


async def weigh_idle(stack: MeasuredStack, mint: TokenMint, count: int) -> list[Line]:
    """Compare the edge's memory with and without idle sockets."""
    console.log(f"opening {count} idle sockets")
    before = stack.resident_bytes()["edge-ws"]
    sockets = await open_many(stack.socket_url, [mint.token() for _ in range(count)], talk=False)
    await asyncio.sleep(2)
    grown = stack.resident_bytes()["edge-ws"] - before
    await close_many(sockets)
    return [
        Line(f"{count} idle sockets", grown / MIB, "MiB", limit=30),
        Line("one idle socket", grown / count / 1024, "KiB"),
    ]


async def run_load(
    stack: MeasuredStack, mint: TokenMint, rate: float, count: int, seconds: float
) -> tuple[LoadFigures, Stages]:
    """Warm up, drive one load run and read what the stack said of it."""
    console.log(f"sending {rate:g} messages/s over {count} sockets for {seconds:g} s")
    await _drive(stack, mint, LoadRun(rate), count, 3)
    publishers = {
        "edge-ws": (stack.metrics_url("edge-ws"), "chat-messages"),
        "nlp": (stack.metrics_url("nlp"), "chat-replies"),
    }
    name = "chat_publish_seconds"
    before = {p: await histogram(url, name, topic=t) for p, (url, t) in publishers.items()}
    cpu_before = stack.cpu_seconds()
    run = LoadRun(rate)
    async with collecting_insights(stack.bootstrap_servers) as analyses:
        await _drive(stack, mint, run, count, seconds)
    cpu = {name: used - cpu_before[name] for name, used in stack.cpu_seconds().items()}
    produce = {
        process: (await histogram(url, name, topic=topic)).mean_ms_since(before[process])
        for process, (url, topic) in publishers.items()
    }
    return load_figures(run, cpu), stages(list(run.exchanges.values()), analyses, produce)


async def _drive(
    stack: MeasuredStack, mint: TokenMint, run: LoadRun, count: int, seconds: float
) -> None:
    tokens = [mint.token() for _ in range(count)]
    sockets = await open_many(stack.socket_url, tokens, run.on_frame, talk=True)
    await run.drive(sockets, seconds)
    await close_many(sockets)


async def measure(options: argparse.Namespace) -> list[Line]:
    """Take every measurement."""
    async with stack_to_measure(options.data) as (stack, lines):
        mint = TokenMint(stack.data)
        idle = await weigh_idle(stack, mint, options.idle)
        figures, parts = await run_load(stack, mint, options.rate, options.sockets, options.seconds)
        resident = stack.resident_bytes()
        weights = [Line(f"  {name}", size / MIB, "MiB") for name, size in resident.items()]
        whole = Line("whole stack", sum(resident.values()) / MIB, "MiB", limit=2_560)
        return [
            *lines,
            whole,
            *weights,
            *idle,
            *load_lines(figures, LIMITS),
            *stage_lines(parts),
        ]


def main() -> int:
    """Measure and report; return the exit status."""
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

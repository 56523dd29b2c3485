"""The bench's parts: idle sockets, one load looked at closely, a long one, a high one, too much."""

import asyncio
from dataclasses import dataclass
from statistics import median

from rich.console import Console

from tests.bench.figures import LoadFigures, Percentiles, Stages, load_figures, stages
from tests.bench.load import LoadRun
from tests.bench.memory import MIB, MemoryWatch, watching_memory
from tests.bench.promoting import (
    EVERY_SECONDS,
    TURNS,
    second_replica,
    slowest_follower,
    versions_of,
)
from tests.bench.report import Line, load_lines, stage_lines
from tests.bench.sockets import close_many, open_many
from tests.bench.stack import MeasuredStack
from tests.bench.streaming import first_pieces
from tests.bench.topics import collecting_answers, collecting_insights, histogram, samples, total
from tests.bench.writing_questions import QUESTIONS
from tests.people import TokenMint

WARM_UP_SECONDS = 3
TELL_EVERY_SECONDS = 10
RECOVERED_RATE = 100
NOTHING_LOST = {"neither accepted nor busy": 0, "accepted, nothing heard": 0, "answered twice": 0}
"""Whatever the load."""
CARRIED = NOTHING_LOST | {"told busy": 0, "told that it is too late": 0}
LOAD_LIMITS = CARRIED | {"accept p99": 50, "answer p50": 20, "answer p95": 60}
SUSTAINED_LIMITS = CARRIED | {"accept p99": 40, "answer p95": 60, "answer p99": 200}
PEAK_LIMITS = CARRIED | {"behind at the end": 2}
"""A load is carried when its queue does not grow: at most two seconds wait after a minute."""
OVERLOAD_LIMITS = NOTHING_LOST | {"accept p99": 150}
PROMOTED_LIMITS = CARRIED | {"answer p99": 1_000}
"""A version is loaded beside the one that answers."""
FOLLOWED_LIMIT = 5
FIRST_PIECE_LIMIT = 400
"""Milliseconds, with the demo model on an otherwise idle machine."""
RECOVERED_LIMITS = CARRIED | {"answer p95": 60}
GROWTH_LIMIT = 2
"""MiB per minute of all of Parley's own processes together, which is taken for none."""
NOT_OURS = {"kafka", "postgres", "valkey"}


@dataclass(frozen=True)
class Load:
    """How much, from how many, for how long."""

    rate: float
    sockets: int
    seconds: float


@dataclass
class Bench:
    """Takes the measurements of one stack."""

    stack: MeasuredStack
    mint: TokenMint
    console: Console

    async def weigh_idle(self, count: int) -> list[Line]:
        """Compare the edge's memory with and without idle sockets."""
        self.console.log(f"opening {count} idle sockets")
        before = self.stack.resident_bytes()["edge-ws"]
        sockets = await open_many(self.stack.socket_url, self._tokens(count))
        await asyncio.sleep(2)
        grown = self.stack.resident_bytes()["edge-ws"] - before
        await close_many(sockets)
        return [
            Line(f"{count} idle sockets", grown / MIB, "MiB", limit=30),
            Line("one idle socket", grown / count / 1024, "KiB", limit=20),
        ]

    async def look_closely(self, load: Load) -> list[Line]:
        """Measure a moderate load, and where an answer's time goes."""
        await self._drive(Load(load.rate, load.sockets, WARM_UP_SECONDS))
        publishers = {
            "edge-ws": (self.stack.metrics_url("edge-ws"), "chat-messages"),
            "nlp": (self.stack.metrics_url("nlp"), "chat-replies"),
        }
        name = "chat_publish_seconds"
        before = {p: await histogram(url, name, topic=t) for p, (url, t) in publishers.items()}
        async with collecting_insights(self.stack.bootstrap_servers) as analyses:
            run, figures = await self._drive(load)
        produce = {
            process: (await histogram(url, name, topic=topic)).mean_ms_since(before[process])
            for process, (url, topic) in publishers.items()
        }
        parts: Stages = stages(list(run.exchanges.values()), analyses, produce)
        return [*load_lines(figures, LOAD_LIMITS), *stage_lines(parts)]

    async def stream(self) -> list[Line]:
        """Ask what a language model answers, and time its first words."""
        self.console.log(f"{len(QUESTIONS)} questions for the language model, one by one")
        waits = [
            1e3 * wait for wait in await first_pieces(self.stack, self._tokens(len(QUESTIONS)))
        ]
        return [
            Line("first piece after its accept, p50", median(waits), "ms", limit=FIRST_PIECE_LIMIT),
            Line("first piece after its accept, slowest", max(waits), "ms"),
        ]

    async def sustain(self, load: Load) -> list[Line]:
        """Measure a load for long, and whether memory grows under it."""
        await self._drive(Load(load.rate / 3, load.sockets, WARM_UP_SECONDS))
        before = await self._vectors()
        async with watching_memory(self.stack) as watch:
            _, figures = await self._drive(load)
        remembered, worked = (
            after - earlier for after, earlier in zip(await self._vectors(), before, strict=True)
        )
        share = 100 * remembered / max(1, remembered + worked)
        return [
            *load_lines(figures, SUSTAINED_LIMITS),
            Line("messages understood from memory", share, "%"),
            *growth_lines(watch),
        ]

    async def _vectors(self) -> tuple[float, float]:
        """How many the assistant has taken from memory, and from its model."""
        read, name = await samples(self.stack.metrics_url("nlp")), "ai_embeddings_total"
        return total(read, name, source="memory"), total(read, name, source="model")

    async def promote(self, rate: float, sockets: int) -> list[Line]:
        """Change the assistant's version under load, and time how soon two replicas follow."""
        load = Load(rate, sockets, EVERY_SECONDS * (TURNS + 1))
        async with second_replica(self.stack), versions_of(self.stack) as versions:
            version = await versions.trained()
            async with collecting_answers(self.stack.bootstrap_servers) as answers:
                (_, figures), switches = await asyncio.gather(
                    self._drive(load), versions.switch(version)
                )
        lines = load_lines(figures, PROMOTED_LIMITS, note=", versions changing")
        return [
            Line(
                f"slowest of {len(switches)} switches on two replicas",
                slowest_follower(switches, answers),
                "s",
                limit=FOLLOWED_LIMIT,
            ),
            *(line for line in lines if line.limit is not None),
        ]

    async def peak(self, load: Load) -> tuple[list[Line], float]:
        """Measure a high load; return also how many messages per second were answered."""
        run, figures = await self._drive(load)
        return load_lines(figures, PEAK_LIMITS), (figures.sent - run.behind) / run.seconds

    async def overload(self, load: Load) -> list[Line]:
        """Ask for too much, then see that it comes back by itself."""
        _, figures = await self._drive(load)
        _, after = await self._drive(Load(RECOVERED_RATE, load.sockets, 10))
        recovered = load_lines(after, RECOVERED_LIMITS, note=", afterwards")
        return [
            *load_lines(figures, OVERLOAD_LIMITS),
            Line("recovered by itself", figures.catching_up, "s after the last message"),
            *(line for line in recovered if line.name.startswith(("accept", "answer"))),
        ]

    def _tokens(self, count: int) -> list[str]:
        return [self.mint.token() for _ in range(count)]

    async def _drive(self, load: Load) -> tuple[LoadRun, LoadFigures]:
        if load.seconds > WARM_UP_SECONDS:
            self.console.log(
                f"{load.rate:g} messages/s over {load.sockets} sockets for {load.seconds:g} s"
            )
        run = LoadRun(load.rate)
        sockets = await open_many(self.stack.socket_url, self._tokens(load.sockets), run.on_frame)
        telling = asyncio.create_task(self._tell(run))
        before = self.stack.cpu_seconds()
        # What waits longest is a queue that an overload has left: as long again, and a minute.
        await run.drive(sockets, load.seconds, patience=60 + 2 * load.seconds)
        cpu = {name: used - before[name] for name, used in self.stack.cpu_seconds().items()}
        telling.cancel()
        await close_many(sockets)
        return run, load_figures(run, cpu)

    async def _tell(self, run: LoadRun) -> None:
        seen = 0
        while True:
            await asyncio.sleep(TELL_EVERY_SECONDS)
            fresh, seen = list(run.exchanges.values())[seen:], len(run.exchanges)
            waits = Percentiles.of(1e3 * (x.answered - x.asked) for x in fresh if x.answered)
            self.console.log(
                f"sent {seen}, waiting {run.open}; answer p50 {waits.p50:.0f} ms, "
                f"p99 {waits.p99:.0f} ms"
            )


def growth_lines(watch: MemoryWatch) -> list[Line]:
    """Return how fast each process grew."""
    slopes = watch.slopes()
    ours = sum(slope for name, slope in slopes.items() if name not in NOT_OURS)
    return [
        Line("memory growth, Parley's processes", ours, "MiB/min", limit=GROWTH_LIMIT),
        *(Line(f"  {name}", slope, "MiB/min") for name, slope in slopes.items()),
    ]

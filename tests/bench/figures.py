"""From exchanges to figures: percentiles in milliseconds, and where an answer's time goes."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.load import Exchange, LoadRun
from tests.bench.stack import LOAD_GENERATOR
from tests.bench.topics import Analysis


@dataclass(frozen=True)
class Percentiles:
    """Milliseconds."""

    p50: float
    p95: float
    p99: float
    max: float

    @classmethod
    def of(cls, milliseconds: Iterable[float]) -> "Percentiles":
        """Return the nearest-rank percentiles; nan when there is nothing to rank."""
        ranked = sorted(milliseconds)
        if not ranked:
            return cls(math.nan, math.nan, math.nan, math.nan)

        def rank(share: float) -> float:
            return ranked[max(0, math.ceil(share * len(ranked)) - 1)]

        return cls(rank(0.50), rank(0.95), rank(0.99), ranked[-1])


@dataclass(frozen=True)
class LoadFigures:
    """What a load run reached."""

    rate: float
    sent: int
    accepted: int
    busy: int
    answered: int
    declined: int
    """Told that no answer will come."""
    answered_twice: int
    accept_ms: Percentiles
    """Until `accepted` or `busy`."""
    answer_ms: Percentiles
    seconds_behind: float
    """What waited when sending ended, in seconds of load."""
    catching_up: float
    """Seconds from the last message to the last answer."""
    cpu_ms_per_message: float
    """Of the stack; the load generator's is told apart."""
    cpu_ms_by_process: Mapping[str, float]


def load_figures(run: LoadRun, cpu: Mapping[str, float]) -> LoadFigures:
    """Sum a run up; `cpu` is the processor seconds each process used during it."""
    exchanges = list(run.exchanges.values())
    per_message = {name: 1_000 * used / len(exchanges) for name, used in cpu.items()}
    return LoadFigures(
        rate=run.rate,
        sent=len(exchanges),
        accepted=sum(exchange.status == "accepted" for exchange in exchanges),
        busy=sum(exchange.status == "busy" for exchange in exchanges),
        answered=sum(exchange.answered is not None for exchange in exchanges),
        declined=sum(exchange.declined and not exchange.answers for exchange in exchanges),
        answered_twice=sum(exchange.answers > 1 for exchange in exchanges),
        accept_ms=Percentiles.of(
            1_000 * (exchange.acknowledged - exchange.asked)
            for exchange in exchanges
            if exchange.acknowledged is not None
        ),
        answer_ms=Percentiles.of(
            1_000 * (exchange.answered - exchange.asked)
            for exchange in exchanges
            if exchange.answered is not None
        ),
        seconds_behind=run.behind / run.rate,
        catching_up=run.catching_up,
        cpu_ms_per_message=sum(per_message.values()) - per_message.get(LOAD_GENERATOR, 0.0),
        cpu_ms_by_process=per_message,
    )


@dataclass(frozen=True)
class Stages:
    """Median milliseconds of each part of an answer's way; together about its median."""

    client_to_edge: float
    """Due time to the edge's stamp: the load generator, the network, the edge's reading."""
    produce_question: float
    """The edge's publish until all replicas have it (mean of the run)."""
    nlp_wait: float
    """On the log until the assistant begins: the fetch, and the batch before."""
    inference: float
    produce_reply: float
    fan_out: float
    """From the log to the client: the edge's fetch, its queues, the network."""


def stages(
    exchanges: Sequence[Exchange],
    analyses: Mapping[str, Analysis],
    produce_ms: Mapping[str, float],
) -> Stages:
    """Split the answers' time; `analyses` by client message id, `produce_ms` by process."""
    question, reply = produce_ms["edge-ws"], produce_ms["nlp"]
    whole = [
        (exchange.asked, exchange.stamped, exchange.answered_at, exchange.answered)
        for exchange in exchanges
        if exchange.stamped and exchange.answered_at and exchange.answered
    ]
    inference = statistics.median(analysis.inference_ms for analysis in analyses.values())
    thinking = statistics.median(1_000 * (answer - asked) for _, asked, answer, _ in whole)
    back = statistics.median(1_000 * (seen - answer) for _, _, answer, seen in whole)
    return Stages(
        client_to_edge=statistics.median(1_000 * (stamp - due) for due, stamp, _, _ in whole),
        produce_question=question,
        nlp_wait=max(0.0, thinking - question - inference),
        inference=inference,
        produce_reply=reply,
        fan_out=max(0.0, back - reply),
    )

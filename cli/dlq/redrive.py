"""`parley dlq redrive TOPIC`: put dead letters back, to the one consumer that buried them."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer
from aiokafka.errors import KafkaError
from pydantic import JsonValue
from rich.console import Console
from rich.progress import Progress

from cli.dlq.carry import Carrier
from cli.dlq.letters import DeadLetterTopic, Letter, attempts_at, lane_of, letters_of
from cli.dlq.plan import Plan, Selection, plan_redrive
from cli.dlq.words import count_of, moment
from cli.kafka import log_reader, partitions_of
from cli.options import DEFAULT_DATA, Data, running_stack
from infra.embedded.errors import StackError
from producers.dead_letters import Redrive
from producers.kafka import KafkaEventPublisher
from producers.verbatim import VerbatimPublisher
from runtime.clock import wall_clock
from runtime.settings import KafkaSettings
from schemas.topics import DESK, Lane

Reasons = Annotated[
    list[str] | None, typer.Option("--reason", help="Only these; may be given again.")
]
Since = Annotated[
    str | None, typer.Option("--since", help="Buried since: 2h ago, or 2026-11-23T09:30 (UTC).")
]
Until = Annotated[str | None, typer.Option("--until", help="Buried until; likewise.")]
Key = Annotated[str | None, typer.Option("--key", help="Only records with this key.")]
Offsets = Annotated[
    list[int] | None, typer.Option("--offset", min=0, help="Only these; may be given again.")
]
Rate = Annotated[float | None, typer.Option("--rate", min=0.01, help="At most so many a second.")]
MaxAttempts = Annotated[
    int, typer.Option("--max-attempts", min=1, help="Refuse what was redriven so often.")
]
Again = Annotated[bool, typer.Option("--again", help="Also what was redriven and not come back.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What else decides whether a selected record is redriven."""

    again: bool
    max_attempts: int


def redrive(
    topic: DeadLetterTopic,
    data: Data = DEFAULT_DATA,
    *,
    reason: Reasons = None,
    since: Since = None,
    until: Until = None,
    key: Key = None,
    offset: Offsets = None,
    rate: Rate = None,
    max_attempts: MaxAttempts = 3,
    again: Again = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Put dead letters back on their consumer's retry topic; redriving twice has effect once."""
    lane, now = lane_of(topic), wall_clock()
    selection = Selection(
        reasons=frozenset(reason or ()),
        since=moment(since, now) if since else None,
        until=moment(until, now) if until else None,
        key=key.encode() if key is not None else None,
        offsets=frozenset(offset or ()),
    )
    servers = running_stack(data).bootstrap_servers
    rules = Rules(again=again, max_attempts=max_attempts)
    plan = asyncio.run(_plan(servers, lane, selection, rules))
    _tell(plan, lane)
    if dry_run or not plan.redrives:
        return
    if not yes:
        typer.confirm("go ahead?", abort=True)
    told: dict[str, JsonValue] = {"selection": _chosen(selection), "again": again}
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(lane.retries, total=len(plan.redrives))
        carrying = _carry(
            servers, lane, plan.redrives, told, rate=rate, advance=lambda: bar.advance(task)
        )
        asyncio.run(carrying)
    typer.echo(f"redriven: {count_of(len(plan.redrives))}; `parley lag` tells when all is worked")


async def _plan(servers: str, lane: Lane, selection: Selection, rules: Rules) -> Plan:
    places = await partitions_of(servers, [lane.dead_letters, lane.retries])
    if not any(place.topic == lane.retries for place in places):
        message = f"there is no topic {lane.retries} yet; `parley down` and `parley up` make it"
        raise StackError(message)
    async with log_reader(servers) as reader:
        missing, selected = set(selection.offsets), []
        async for letter in letters_of(reader, [lane.dead_letters], places):
            missing.discard(letter.offset)
            if selection.matches(letter):
                selected.append(letter)
        attempts = await attempts_at(reader, [lane], places)
    if missing:
        listed = ", ".join(map(str, sorted(missing)))
        message = f"{lane.dead_letters} holds no record at offset {listed}"
        raise StackError(message)
    return plan_redrive(selected, attempts, again=rules.again, max_attempts=rules.max_attempts)


def _tell(plan: Plan, lane: Lane) -> None:
    typer.echo(f"to redrive: {count_of(len(plan.redrives))}, to {lane.retries}")
    for verdict, number in plan.left.items():
        typer.echo(f"{verdict}: {count_of(number)}")


def _chosen(selection: Selection) -> dict[str, JsonValue]:
    return {
        "reasons": [*sorted(selection.reasons)],
        "since": selection.since.isoformat() if selection.since else None,
        "until": selection.until.isoformat() if selection.until else None,
        "key": selection.key.decode() if selection.key is not None else None,
        "offsets": [*sorted(selection.offsets)],
    }


async def _carry(
    servers: str,
    lane: Lane,
    redrives: Sequence[tuple[Letter, Redrive]],
    told: dict[str, JsonValue],
    *,
    rate: float | None,
    advance: Callable[[], None],
) -> None:
    settings, instance = KafkaSettings(bootstrap_servers=servers), socket.gethostname()
    copies = VerbatimPublisher(settings, f"{DESK}-{instance}")
    try:
        async with KafkaEventPublisher(settings, process=DESK, instance=instance) as audit:
            carrier = Carrier(lane=lane, copies=copies, audit=audit, rate=rate)
            await carrier.carry(redrives, told, advance)
    except KafkaError as error:
        message = f"Kafka at {servers} does not answer: {error}"
        raise StackError(message) from error
    finally:
        await copies.close()

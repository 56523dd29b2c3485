"""`parley smoke`: one question, all the way through a running stack, with a verdict."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Annotated
from uuid import UUID, uuid4

import typer
from aiokafka import AIOKafkaConsumer
from pydantic import JsonValue
from rich.console import Console

from cli.kafka import log_reader, partitions_of
from cli.options import DEFAULT_DATA, Data, Json, running_stack
from infra.embedded.errors import StackError
from parley_client import Chat, ParleyClient, by_ticket
from parley_client.conversation import Events
from parley_client.errors import RejectedError, RestError, SocketClosedError
from schemas.events.chat import MessageSent
from schemas.topics import Topic

QUESTION = "where is my order 48213?"
PATIENCE_SECONDS = 30.0
HISTORY_POLL_SECONDS = 0.05
NOT_FOUND = 404

Url = Annotated[str | None, typer.Option("--url", help="Another stack's address.")]
Brokers = Annotated[
    str | None, typer.Option("--bootstrap-servers", help="That stack's Kafka, with --url.")
]


@dataclass
class Verdict:
    """What was seen; milliseconds are None when it never came."""

    url: str
    accept_ms: float | None = None
    answer_ms: float | None = None
    history_ok: bool = False
    event_ok: bool = False
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything was as promised."""
        return not self.problems


def smoke(
    data: Data = DEFAULT_DATA,
    *,
    url: Url = None,
    bootstrap_servers: Brokers = None,
    as_json: Json = False,
) -> None:
    """Register a throw-away user, ask a question, and check the answer, the history, the topic."""
    if (url is None) != (bootstrap_servers is None):
        message = "--url and --bootstrap-servers go together: the one names the other's stack"
        raise StackError(message)
    if url is None or bootstrap_servers is None:
        stack = running_stack(data)
        url, bootstrap_servers = stack.url, stack.bootstrap_servers
    verdict = asyncio.run(_examine(Verdict(url.rstrip("/")), bootstrap_servers))
    if as_json:
        typer.echo(json.dumps(asdict(verdict) | {"ok": verdict.ok}, indent=2))
    else:
        _show(verdict)
    if not verdict.ok:
        raise typer.Exit(1)


def _show(verdict: Verdict) -> None:
    console = Console()
    console.print(f"stack    {verdict.url}", highlight=False)
    for name, milliseconds in (("accepted", verdict.accept_ms), ("answered", verdict.answer_ms)):
        told = "[red]never[/]" if milliseconds is None else f"{milliseconds:.1f} ms"
        console.print(f"{name} {told}", highlight=False)
    for name, fine in (("history ", verdict.history_ok), ("event   ", verdict.event_ok)):
        console.print(f"{name} {'[green]ok[/]' if fine else '[red]wrong[/]'}")
    for problem in verdict.problems:
        console.print(f"[red]{problem}[/]", highlight=False)


async def _examine(verdict: Verdict, bootstrap_servers: str) -> Verdict:
    email = f"smoke-{uuid4()}@example.com"
    try:
        async with (
            asyncio.timeout(PATIENCE_SECONDS),
            _watching(bootstrap_servers) as log,
            ParleyClient(verdict.url) as client,
        ):
            await client.register(email, str(uuid4()), "Smoke test")
            async with Chat(by_ticket(client), rest=client) as chat:
                conversation = await chat.start(title="Smoke test")
                events = conversation.events()
                started = time.perf_counter()
                accepted = await conversation.send(QUESTION)
                verdict.accept_ms = _since(started)
                await _answer(verdict, events, accepted.message_id, started)
            await _event(verdict, log, accepted.message_id)
            await _history(verdict, client, conversation.id, accepted.message_id)
    except TimeoutError:
        verdict.problems.append(f"not everything came within {PATIENCE_SECONDS:g} s")
    except (RestError, RejectedError, SocketClosedError) as error:
        verdict.problems.append(f"{type(error).__name__}: {error}")
    return verdict


def _since(started: float) -> float:
    return round(1_000 * (time.perf_counter() - started), 2)


async def _answer(verdict: Verdict, events: Events, question: UUID, started: float) -> None:
    async for frame in events:
        if frame["type"] == "reply" and frame["in_reply_to"] == str(question):
            verdict.answer_ms = _since(started)
            return


async def _history(
    verdict: Verdict, client: ParleyClient, conversation: UUID, question: UUID
) -> None:
    """The history follows the log: ask until both are there, then see that each is there once."""
    while True:
        items = await _page(client, conversation)
        asked = [item for item in items if item["message_id"] == str(question)]
        answers = [item for item in items if item.get("in_reply_to") == str(question)]
        if asked and answers:
            break
        await asyncio.sleep(HISTORY_POLL_SECONDS)
    verdict.history_ok = (len(asked), len(answers)) == (1, 1) and asked[0]["text"] == QUESTION
    if not verdict.history_ok:
        verdict.problems.append(f"the history holds {len(asked)} of it and {len(answers)} answers")


async def _page(client: ParleyClient, conversation: UUID) -> list[dict[str, JsonValue]]:
    try:
        return (await client.history(conversation)).items
    except RestError as error:
        if error.status != NOT_FOUND:
            raise
        return []  # The conversation is on the log and not in the tables yet.


@asynccontextmanager
async def _watching(bootstrap_servers: str) -> AsyncIterator[AIOKafkaConsumer]:
    places = await partitions_of(bootstrap_servers, [Topic.CHAT_MESSAGES.value])
    async with log_reader(bootstrap_servers) as reader:
        reader.assign(places)
        await reader.seek_to_end(*places)
        # The end is looked up lazily; it must be today's end, not the one after the question.
        for place in places:
            await reader.position(place)
        yield reader


async def _event(verdict: Verdict, log: AIOKafkaConsumer, question: UUID) -> None:
    async for record in log:
        if dict(record.headers).get("ce_type") != MessageSent.event_type.encode():
            continue
        event = MessageSent.model_validate_json(record.value or b"", extra="ignore")
        if event.message_id == question:
            verdict.event_ok = event.text == QUESTION
            break
    if not verdict.event_ok:
        verdict.problems.append("the event on the topic is not what was said")

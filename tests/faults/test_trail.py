"""One id, found at every hop of a message: edge, log, each consumer, answer, row (P24)."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from cli.kafka import log_reader, partitions_of
from runtime.trail import Trail
from schemas import headers as names
from schemas import ids
from schemas.events.chat import MessageSent
from schemas.frames.codes import SUBPROTOCOL
from schemas.topics import CATALOGUE, Topic, group_of
from tests.people import TokenMint
from tests.stack import Stack

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(240),
    pytest.mark.promise("P24", "one id at every hop"),
]

SAMPLE = 20
PATIENCE = 60.0
TOPICS = (Topic.CHAT_MESSAGES, Topic.CHAT_REPLIES, Topic.MESSAGE_INSIGHTS)
PROCESSES = ("edge-ws", "nlp", "persistence", "personalization", "analytics")
Hop = tuple[str, ...]


def wanted() -> set[Hop]:
    """Return every hop of a message and its answer, as the catalogue has them."""
    hops: set[Hop] = {("edge-ws", "event_published", Topic.CHAT_MESSAGES)}
    for topic in TOPICS:
        for reader in CATALOGUE[topic].readers:
            told = ("event_pushed",) if reader == "edge-ws" else ("event_handled", group_of(reader))
            hops.add((reader, *told, topic))
        if topic is not Topic.CHAT_MESSAGES:
            hops.add(("nlp", "event_published", topic))
        hops.add(("the log", names.CORRELATION, topic))
    return hops | {("the row", "question"), ("the row", "answer"), ("the socket", "reply")}


def lines_of(stack: Stack, process: str) -> Iterator[dict[str, Any]]:
    """Return what a process has logged."""
    for line in stack.folder.log(process).read_text(errors="replace").splitlines():
        if '"correlation_id"' in line:
            yield json.loads(line)


def logged(stack: Stack, sample: set[str]) -> dict[str, set[Hop]]:
    """Return the hops that the processes' logs tell of, by correlation id."""
    found: dict[str, set[Hop]] = defaultdict(set)
    for process in PROCESSES:
        for line in lines_of(stack, process):
            if line["correlation_id"] in sample:
                group = (line["group"],) if "group" in line else ()
                found[line["correlation_id"]].add((process, line["event"], *group, line["topic"]))
    return found


async def on_the_log(stack: Stack, sample: set[str]) -> dict[str, set[Hop]]:
    """Return the hops that record headers tell of."""
    found: dict[str, set[Hop]] = defaultdict(set)
    places = await partitions_of(stack.bootstrap_servers, [topic.value for topic in TOPICS])
    async with log_reader(stack.bootstrap_servers) as reader:
        reader.assign(places)
        await reader.seek_to_beginning(*places)
        ends = await reader.end_offsets(places)
        while any([await reader.position(each) < ends[each] for each in places]):
            for place, records in (await reader.getmany(timeout_ms=500)).items():
                for record in records:
                    chain = (dict(record.headers).get(names.CORRELATION) or b"").decode()
                    if chain in sample:
                        found[chain].add(("the log", names.CORRELATION, place.topic))
    return found


async def in_rows(stack: Stack, conversation: UUID, sample: set[str]) -> dict[str, set[Hop]]:
    """Return the hops that the table of messages tells of."""
    found: dict[str, set[Hop]] = defaultdict(set)
    connection = await asyncpg.connect(stack.database_url())
    try:
        rows = await connection.fetch(
            "select event_id, type, body::text as body from messages where conversation_id = $1",
            conversation,
        )
    finally:
        await connection.close()
    for row in rows:
        chain = json.loads(row["body"])["correlation_id"]
        if chain in sample:
            found[chain].add(("the row", "question" if row["type"] == "message" else "answer"))
    return found


class Talk:
    """Somebody who says what is followed."""

    def __init__(self, socket: ClientConnection, user: UUID) -> None:
        self.socket = socket
        self.user = user
        self.conversation = UUID(int=0)
        self.replies: dict[str, set[Hop]] = defaultdict(set)

    async def start(self) -> None:
        """Open a conversation."""
        await self._send(type="conversation:start", client_conversation_id=str(uuid4()))
        while self.conversation.int == 0:
            frame = await self._read()
            if frame["type"] == "ack":
                self.conversation = UUID(frame["conversation_id"])

    async def say(self) -> str:
        """Say something whose chain is in the sample; return the chain."""
        trail = Trail()
        while True:
            client_id = uuid4()
            message_id = ids.message_id(self.user, self.conversation, client_id)
            chain = ids.event_id(MessageSent.event_type, message_id)
            if trail.follows(chain):
                break
        await self._send(
            type="message",
            conversation_id=str(self.conversation),
            client_message_id=str(client_id),
            text="where is my order?",
        )
        return str(chain)

    async def hear(self, sample: set[str]) -> None:
        """Read until each of these has its answer."""
        async with asyncio.timeout(PATIENCE):
            while not sample <= set(self.replies):
                frame = await self._read()
                if frame["type"] == "reply":
                    self.replies[frame["correlation_id"]].add(("the socket", "reply"))

    async def _send(self, **frame: object) -> None:
        await self.socket.send(json.dumps({**frame, "ref": str(uuid4())}))

    async def _read(self) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), PATIENCE))
        return frame


async def test_one_id_is_found_everywhere(
    stack: Stack, record_property: Callable[[str, object], None]
) -> None:
    """For every message of the sample; nothing that was said stands in any log."""
    user = uuid4()
    token = TokenMint(stack.folder.root).token(user)
    options = {"subprotocols": [Subprotocol(SUBPROTOCOL)], "compression": None, "proxy": None}
    async with connect(stack.socket_url, **options) as socket:  # type: ignore[arg-type]
        await socket.send(json.dumps({"type": "connect", "token": token}))
        await socket.recv()
        talk = Talk(socket, user)
        await talk.start()
        sample = {await talk.say() for _ in range(SAMPLE)}
        await talk.hear(sample)
    complete = wanted()
    missing: dict[str, set[Hop]] = {}
    async with asyncio.timeout(PATIENCE):
        while True:
            told = [
                talk.replies,
                logged(stack, sample),
                await on_the_log(stack, sample),
                await in_rows(stack, talk.conversation, sample),
            ]
            seen = {chain: set().union(*(each[chain] for each in told)) for chain in sample}
            missing = {chain: complete - hops for chain, hops in seen.items() if complete - hops}
            if not missing:
                break
            await asyncio.sleep(0.5)
    record_property("load", f"{SAMPLE} messages, {len(complete)} hops each")
    for process in PROCESSES:
        assert "where is my order" not in stack.folder.log(process).read_text(errors="replace")

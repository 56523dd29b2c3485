"""An edge on a free port with everything around it in memory, and a plain client for it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self
from uuid import UUID, uuid4

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from edge_ws.app import Edge, Sources
from edge_ws.control_log import InMemoryControl
from edge_ws.memory import (
    InMemoryDirectory,
    InMemoryPast,
    InMemoryRecords,
    InMemoryTickets,
    InMemoryWhispers,
)
from edge_ws.server import EdgeServer, create_server, loops
from edge_ws.settings import LimitSettings, ResumeSettings, RingSettings
from producers.memory import InMemoryEventPublisher
from runtime.settings import ANSWER_WITHIN
from runtime.tokens import AccessTokenVerifier
from schemas.claims import ALGORITHM, AUDIENCE
from schemas.frames.codes import SUBPROTOCOL
from schemas.frames.server import SERVER_FRAME

ISSUER = "parley"
ORIGIN = "https://chat.example"
ANSWER_SECONDS = 5.0
TOKEN_LIFETIME = timedelta(minutes=15)
NO_RING = RingSettings(total_bytes=1)
"""Every event leaves the ring as soon as it is in it."""

Frame = dict[str, Any]


@dataclass
class Stage:
    """A running edge and its surroundings."""

    key: ec.EllipticCurvePrivateKey
    publisher: InMemoryEventPublisher
    records: InMemoryRecords
    past: InMemoryPast
    tickets: InMemoryTickets
    directory: InMemoryDirectory
    whispers: InMemoryWhispers
    edge: Edge
    control: InMemoryControl
    server: EdgeServer | None = None
    port: int = 0
    opened: list[ClientConnection] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where sockets are opened."""
        return f"ws://127.0.0.1:{self.port}/ws"

    def token(
        self,
        user_id: UUID,
        *,
        seconds: float = 900,
        role: str = "user",
        session_id: UUID | None = None,
        issued_at: float | None = None,
    ) -> str:
        """Return an access token of this user."""
        now = time.time()
        claims = {
            "sub": str(user_id),
            "email": "ada@example.com",
            "name": "Ada",
            "role": role,
            "permissions": [],
            "iat": int(issued_at or now),
            "exp": now + seconds,
            "iss": ISSUER,
            "aud": AUDIENCE,
        }
        claims["exp"] = int(now + seconds)
        if session_id is not None:
            claims["sid"] = str(session_id)
        return jwt.encode(claims, self.key, algorithm=ALGORITHM)


def create_stage(
    *,
    ring: RingSettings | None = None,
    resume: ResumeSettings | None = None,
    publisher: InMemoryEventPublisher | None = None,
    whispers: InMemoryWhispers | None = None,
    limits: LimitSettings | None = None,
    **deadlines: float,
) -> Stage:
    """Return an edge that is not running yet."""
    key = ec.generate_private_key(ec.SECP256R1())
    publisher = publisher or InMemoryEventPublisher()
    records, past = InMemoryRecords(publisher), InMemoryPast(publisher)
    tickets, directory = InMemoryTickets(), InMemoryDirectory()
    whispers = whispers or InMemoryWhispers()
    control = InMemoryControl(publisher)
    edge = Edge(
        publisher=publisher,
        sources=Sources(lambda: records, lambda: past, lambda: control),
        tickets=tickets,
        tokens=AccessTokenVerifier(key.public_key(), ISSUER),
        directory=directory,
        whispers=whispers,
        allowed_origins=frozenset({ORIGIN}),
        ring=ring or RingSettings(),
        resume=resume or ResumeSettings(),
        token_lifetime=TOKEN_LIFETIME,
        limits=limits or LimitSettings(),
        answer_within=ANSWER_WITHIN,
        **deadlines,
    )
    return Stage(key, publisher, records, past, tickets, directory, whispers, edge, control)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    for _ in range(10_000):
        if holds():
            return
        await asyncio.sleep(0.005)
    pytest.fail("waited in vain")


@asynccontextmanager
async def running(stage: Stage, *, trusted_proxies: tuple[str, ...] = ()) -> AsyncIterator[Stage]:
    """Serve the stage's edge while the block runs."""
    server = create_server(stage.edge, host="127.0.0.1", port=0, trusted_proxies=trusted_proxies)
    async with loops(stage.edge):
        serving = asyncio.create_task(server.serve())
        await until(lambda: server.started and stage.edge.tail.following)
        await until(lambda: stage.edge.control.following or stage.control.held)
        stage.server = server
        stage.port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield stage
        finally:
            await stage.edge.hub.drain(timedelta(0), 1)
            for connection in stage.opened:
                await connection.close()
            server.should_exit = True
            await serving


class Client:
    """A socket that says exactly what a test wants, and checks every frame against the contract."""

    def __init__(self, connection: ClientConnection, user_id: UUID) -> None:
        self.connection = connection
        self.user_id = user_id

    @classmethod
    async def open(cls, stage: Stage, user_id: UUID | None = None, **fields: object) -> Self:
        """Open a socket and sign it in."""
        client = await cls.raw(stage, user_id)
        await client.say(type="connect", token=stage.token(client.user_id), **fields)
        assert (await client.hear())["type"] == "connected"
        return client

    @classmethod
    async def raw(
        cls,
        stage: Stage,
        user_id: UUID | None = None,
        *,
        subprotocol: str | None = SUBPROTOCOL,
        origin: str | None = None,
    ) -> Self:
        """Open a socket and say nothing."""
        connection = await connect(
            stage.url,
            subprotocols=None if subprotocol is None else [Subprotocol(subprotocol)],
            origin=None if origin is None else Origin(origin),
            compression=None,
            ping_interval=None,
            max_queue=None,
            proxy=None,
        )
        stage.opened.append(connection)
        return cls(connection, user_id or uuid4())

    async def say(self, **fields: object) -> None:
        """Send a frame of these fields."""
        await self.connection.send(orjson.dumps(fields).decode())

    async def hear(self) -> Frame:
        """Return the next frame."""
        text = await asyncio.wait_for(self.connection.recv(), ANSWER_SECONDS)
        SERVER_FRAME.validate_json(text, extra="ignore")
        frame: Frame = orjson.loads(text)
        return frame

    async def hear_type(self, frame_type: str) -> Frame:
        """Return the next frame of this type, passing others over."""
        while (frame := await self.hear())["type"] != frame_type:
            pass
        return frame

    async def start(self) -> UUID:
        """Start a conversation and return its id."""
        await self.say(type="conversation:start", ref="start", client_conversation_id=str(uuid4()))
        ack = await self.hear_type("ack")
        assert ack["status"] == "accepted"
        return UUID(ack["conversation_id"])

    async def send(self, conversation: UUID, text: str, **fields: object) -> None:
        """Say something in a conversation without waiting for the answer."""
        ready = {
            "type": "message",
            "ref": "m",
            "conversation_id": str(conversation),
            "client_message_id": str(uuid4()),
            "text": text,
        }
        await self.say(**{**ready, **fields})

    async def lives(self) -> bool:
        """Whether the connection still answers."""
        await self.say(type="ping", ref="alive?")
        while (await self.hear_type("pong"))["ref"] != "alive?":
            pass
        return True

    async def close_code(self) -> int:
        """Read to the end and return the close code."""
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(self._read_to_the_end(), ANSWER_SECONDS)
        assert closed.value.rcvd is not None, "closed without a close frame"
        return closed.value.rcvd.code

    async def _read_to_the_end(self) -> None:
        while True:
            await self.connection.recv()


async def join(client: Client, conversation: UUID, **fields: object) -> list[Frame]:
    """Join and return everything up to `caught_up` or `reset`."""
    await client.say(type="conversation:join", ref="j", conversation_id=str(conversation), **fields)
    assert (await client.hear_type("ack"))["status"] == "accepted"
    frames = [await client.hear()]
    while frames[-1]["type"] not in {"caught_up", "reset"}:
        frames.append(await client.hear())
    return frames

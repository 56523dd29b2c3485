"""A gateway on in-memory parts, with people who are signed in to it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi import FastAPI
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import SecretStr
from starlette.testclient import TestClient

from gateway.ai.memory import InMemoryReplyLeases, InMemoryReplyLog
from gateway.app import build_app
from gateway.auth.memory import InMemoryAccounts, InMemoryTickets
from gateway.auth.passwords import Passwords
from gateway.chat.memory import InMemoryConversations
from gateway.chat.ports import Conversation, Place, Utterance
from gateway.http.limits import RateLimiter, limiter_in_memory
from gateway.knowledge.memory import InMemoryKnowledgeBase
from gateway.parts import Parts
from gateway.settings import AuthSettings, GatewaySettings
from gateway.training.candidate_memory import InMemoryCandidateBook
from gateway.training.memory import InMemoryModelRegistry
from producers.memory import InMemoryEventPublisher
from runtime.errors import RetryableError

INTERNAL_TOKEN = "a secret between processes"
PASSWORD = "correct horse battery"
ORIGIN = "http://testserver"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class AwayLimiter:
    """Rate limits whose store is away."""

    async def spend(self, rate: str, *names: str) -> None:
        """Fail as Valkey does."""
        raise RetryableError(f"{names[0]} {rate}")


def cheap_passwords() -> Passwords:
    """Return real argon2id with costs that tests can afford."""
    return Passwords(Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1))


def write_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    """Write a new signing key to `key.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(pem)
    return key


@dataclass
class Person:
    """Somebody signed in."""

    id: UUID
    email: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """The header that shows the access token."""
        return {"Authorization": f"Bearer {self.token}"}


@dataclass
class Gateway:
    """The gateway and everything behind it."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    secure: bool = False
    accounts: InMemoryAccounts = field(default_factory=InMemoryAccounts)
    conversations: InMemoryConversations = field(default_factory=InMemoryConversations)
    knowledge: InMemoryKnowledgeBase = field(default_factory=InMemoryKnowledgeBase)
    tickets: InMemoryTickets = field(default_factory=InMemoryTickets)
    publisher: InMemoryEventPublisher = field(default_factory=InMemoryEventPublisher)
    registry: InMemoryModelRegistry = field(default_factory=InMemoryModelRegistry)
    candidates: InMemoryCandidateBook = field(default_factory=InMemoryCandidateBook)
    shared_limits: RateLimiter = field(default_factory=limiter_in_memory)
    limits: dict[str, str] = field(default_factory=dict)
    ai: dict[str, object] = field(default_factory=dict)
    reply_leases: InMemoryReplyLeases = field(default_factory=InMemoryReplyLeases)
    reply_log: InMemoryReplyLog = field(default_factory=InMemoryReplyLog)
    ready: bool = True

    def build(self) -> FastAPI:
        """Return the application on these parts."""
        settings = GatewaySettings.model_validate(
            {
                "auth": AuthSettings(
                    private_key_file=self.folder / "key.pem", cookie_secure=self.secure
                ),
                "database_url": SecretStr("postgresql://nobody@127.0.0.1/parley"),
                "internal_token": SecretStr(INTERNAL_TOKEN),
                "public_url": "https://chat.example",
                "socket_url": "wss://socket.example/ws",
                "webapps_dir": self.folder / "dist",
                "limits": self.limits,
                "ai": self.ai,
            }
        )

        @asynccontextmanager
        async def parts(_: GatewaySettings) -> AsyncIterator[Parts]:
            yield Parts(
                accounts=self.accounts,
                conversations=self.conversations,
                knowledge=self.knowledge,
                tickets=self.tickets,
                publisher=self.publisher,
                registry=self.registry,
                candidates=self.candidates,
                shared_limits=self.shared_limits,
                reply_leases=self.reply_leases,
                reply_log=self.reply_log,
                passwords=cheap_passwords(),
                ready={"database": lambda: self.ready},
            )

        return build_app(settings, parts)

    @contextmanager
    def open(self) -> Iterator[TestClient]:
        """Start the application and return a client without any cookie or token."""
        with TestClient(self.build()) as client:
            yield client


def register(client: TestClient, name: str = "Ada") -> Person:
    """Open an account and drop its cookie."""
    email = f"{name.lower()}-{uuid4().hex[:8]}@example.org"
    body = {"email": email, "password": PASSWORD, "name": name}
    answer = client.post("/api/auth/register", json=body)
    assert answer.status_code == 201, answer.text
    client.cookies.clear()
    said: dict[str, Any] = answer.json()
    return Person(UUID(said["user"]["id"]), email, said["token"])


def promote(gateway: Gateway, person: Person, role: str) -> None:
    """Give an account another role; the person's token still says what it said."""
    account = gateway.accounts.accounts[person.id]
    gateway.accounts.accounts[person.id] = replace(account, role=role)


def start_conversation(client: TestClient, person: Person, title: str | None = None) -> str:
    """Open a conversation and return its id."""
    body = {"title": title} if title else {}
    answer = client.post("/api/chat/conversations", json=body, headers=person.headers)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


def keep(gateway: Gateway, owner: Person, count: int, *, apart: timedelta) -> Conversation:
    """Put a conversation with messages where persistence would have written them."""
    conversation = Conversation(uuid4(), owner.id, "Order", "active", NOON, owner_name="Ada")
    gateway.conversations.conversations[conversation.id] = conversation
    gateway.conversations.said[conversation.id] = [
        Utterance(
            "message" if n % 2 == 0 else "reply",
            {"event_id": str(key), "text": f"number {n}"},
            Place(NOON + n * apart, key),
            message_id=uuid4(),
            sender_id=owner.id,
        )
        for n, key in enumerate(sorted(uuid4() for _ in range(count)))
    ]
    return conversation

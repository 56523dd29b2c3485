"""The technology behind the gateway's ports: opened at start, closed in reverse at stop."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

import redis.asyncio
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError

from gateway.ai.leases import ValkeyReplyLeases
from gateway.ai.ports import ReplyLeases, ReplyLog
from gateway.ai.replies import KafkaReplyLog
from gateway.auth.passwords import Passwords
from gateway.auth.ports import Accounts, Tickets
from gateway.auth.repository import PostgresAccounts
from gateway.auth.tickets import ValkeyTickets
from gateway.chat.ports import Conversations
from gateway.chat.repository import PostgresConversations
from gateway.database import Database, create_engine
from gateway.http.limits import RateLimiter, limiter_in_memory, limiter_on_valkey
from gateway.knowledge.ports import KnowledgeBase
from gateway.knowledge.repository import PostgresKnowledgeBase
from gateway.outbox import PostgresOutbox
from gateway.settings import GatewaySettings
from gateway.training.candidate_ports import CandidateBook
from gateway.training.candidate_repository import PostgresCandidateBook
from gateway.training.ports import ModelRegistry
from gateway.training.repository import PostgresModelRegistry
from producers.kafka import KafkaEventPublisher
from producers.outbox import OutboxRelay
from producers.ports import EventPublisher
from runtime.health import Check
from schemas.events.ai import REPLY_PARTITIONS

_VALKEY_SECONDS = 1.0
_VALKEY_CONNECTIONS = 32

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Parts:
    """What the composition root puts together."""

    accounts: Accounts
    conversations: Conversations
    knowledge: KnowledgeBase
    tickets: Tickets
    publisher: EventPublisher
    registry: ModelRegistry
    candidates: CandidateBook
    shared_limits: RateLimiter
    reply_leases: ReplyLeases
    reply_log: ReplyLog
    local_limits: RateLimiter = field(default_factory=limiter_in_memory)
    passwords: Passwords = field(default_factory=Passwords)
    live: Mapping[str, Check] = field(default_factory=dict)
    ready: Mapping[str, Check] = field(default_factory=dict)


OpenParts = Callable[[GatewaySettings], AbstractAsyncContextManager[Parts]]


@asynccontextmanager
async def open_parts(settings: GatewaySettings) -> AsyncIterator[Parts]:
    """Connect to Kafka, PostgreSQL and Valkey, and relay the outbox while the block runs."""
    async with AsyncExitStack() as stack:
        engine = create_engine(settings.database_url.get_secret_value(), settings.database_pool)
        stack.push_async_callback(engine.dispose)
        valkey_url = settings.valkey_url.get_secret_value()
        pool = _valkey_pool(valkey_url)
        stack.push_async_callback(_close_pool, pool)
        publisher = await stack.enter_async_context(
            KafkaEventPublisher(settings.kafka, process="gateway", instance=settings.instance)
        )
        await publisher.read_clock()
        client = redis.asyncio.Redis(connection_pool=pool)
        database = Database(engine)
        relay = OutboxRelay(PostgresOutbox(database), publisher)
        watching = await stack.enter_async_context(running(database.watch()))
        relaying = await stack.enter_async_context(running(relay.run()))
        yield Parts(
            accounts=PostgresAccounts(database),
            conversations=PostgresConversations(database),
            knowledge=PostgresKnowledgeBase(database),
            tickets=ValkeyTickets(client),
            reply_leases=ValkeyReplyLeases(client, REPLY_PARTITIONS, settings.ai.lease),
            reply_log=KafkaReplyLog(settings.kafka, f"gateway-{settings.instance}-replies"),
            publisher=publisher,
            registry=PostgresModelRegistry(database),
            candidates=PostgresCandidateBook(database),
            shared_limits=limiter_on_valkey(valkey_url, pool),
            live={"relay": lambda: not relaying.done(), "watch": lambda: not watching.done()},
            ready={
                "database": lambda: database.reachable,
                "producer": lambda: not publisher.saturated,
            },
        )


@asynccontextmanager
async def running(work: Coroutine[object, object, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Do work in the background while the block runs."""
    task = asyncio.create_task(work)
    task.add_done_callback(_note_end)
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _note_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        logger.error("background_work_ended", exc_info=task.exception())


def _valkey_pool(url: str) -> redis.asyncio.BlockingConnectionPool:
    return redis.asyncio.BlockingConnectionPool.from_url(
        url,
        max_connections=_VALKEY_CONNECTIONS,
        timeout=_VALKEY_SECONDS,
        socket_timeout=_VALKEY_SECONDS,
        socket_connect_timeout=_VALKEY_SECONDS,
        # A connection that died with Valkey shows it at its next use: take a new one.
        retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), retries=3),
    )


async def _close_pool(pool: redis.asyncio.ConnectionPool) -> None:
    with suppress(RedisError, OSError):
        await pool.disconnect()

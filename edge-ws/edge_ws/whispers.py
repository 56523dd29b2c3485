"""Whispers through Valkey: publish and subscribe, and a lease for each person on each edge."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import RedisError

from edge_ws.passing import Seen
from runtime.clock import server_seconds
from runtime.errors import RetryableError
from schemas.frames.server import PresenceState

if TYPE_CHECKING:
    from redis.asyncio.client import Pipeline

TIMEOUT_SECONDS = 2.0
LEASE_SECONDS = 60
REMEMBERED = timedelta(days=30)
_CHANNEL = "parley:whispers"


class ValkeyWhispers:
    """`edge_ws.passing.Whispers`; `edge` names this process among the others."""

    def __init__(self, url: SecretStr, edge: str) -> None:
        address = url.get_secret_value()
        self._edge = edge
        self._valkey = Redis.from_url(
            address, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
        )
        # Listening waits for hours: only connecting has a deadline.
        self._ear = Redis.from_url(
            address, socket_connect_timeout=TIMEOUT_SECONDS, health_check_interval=15
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._valkey.aclose()
        await self._ear.aclose()

    async def tell(self, whisper: bytes) -> None:
        """See `Whispers`."""
        with _away_is_retryable():
            await self._valkey.publish(_CHANNEL, whisper)

    async def hear(self) -> AsyncIterator[bytes]:
        """See `Whispers`."""
        with _away_is_retryable():
            async with self._ear.pubsub() as ear:
                await ear.subscribe(_CHANNEL)
                async for heard in ear.listen():
                    if heard["type"] == "message":
                        yield heard["data"]

    async def arrive(self, user_ids: list[UUID], away: Sequence[UUID] = ()) -> None:
        """See `Whispers`."""
        with _away_is_retryable():
            async with self._valkey.pipeline(transaction=False) as pipeline:
                for user_id in user_ids:
                    self._lease(pipeline, _here(user_id))
                    self._lease(pipeline, _active(user_id))
                    pipeline.set(_last(user_id), server_seconds(), ex=REMEMBERED)
                for user_id in away:
                    self._lease(pipeline, _here(user_id))
                    pipeline.zrem(_active(user_id), self._edge)
                await pipeline.execute()

    def _lease(self, pipeline: "Pipeline", key: str) -> None:
        pipeline.zadd(key, {self._edge: server_seconds() + LEASE_SECONDS})
        pipeline.expire(key, 2 * LEASE_SECONDS)

    async def leave(self, user_id: UUID) -> None:
        """See `Whispers`."""
        with _away_is_retryable():
            async with self._valkey.pipeline(transaction=False) as pipeline:
                pipeline.zrem(_here(user_id), self._edge)
                pipeline.zrem(_active(user_id), self._edge)
                pipeline.set(_last(user_id), server_seconds(), ex=REMEMBERED)
                await pipeline.execute()

    async def look(self, user_ids: list[UUID]) -> list[Seen]:
        """See `Whispers`."""
        with _away_is_retryable():
            async with self._valkey.pipeline(transaction=False) as pipeline:
                for user_id in user_ids:
                    pipeline.zcount(_here(user_id), server_seconds(), "+inf")
                    pipeline.zcount(_active(user_id), server_seconds(), "+inf")
                    pipeline.get(_last(user_id))
                found = await pipeline.execute()
        return [_seen(*each) for each in zip(found[::3], found[1::3], found[2::3], strict=True)]


def _here(user_id: UUID) -> str:
    return f"presence:{user_id}"


def _active(user_id: UUID) -> str:
    return f"presence-active:{user_id}"


def _last(user_id: UUID) -> str:
    return f"last-seen:{user_id}"


def _seen(edges: int, active: int, last: bytes | None) -> Seen:
    last_seen = None if last is None else datetime.fromtimestamp(float(last), UTC)
    if not edges:
        return Seen(PresenceState.OFFLINE, last_seen)
    return Seen(PresenceState.ONLINE if active else PresenceState.AWAY, last_seen)


@contextmanager
def _away_is_retryable() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        msg = f"Valkey gave no answer: {type(error).__name__}"
        raise RetryableError(msg) from error

"""Budgets and kept answers in Valkey, shared by all processes that answer."""

from datetime import timedelta
from uuid import UUID

import structlog
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import RedisError

TIMEOUT_SECONDS = 0.5
"""A person waits; an answer from the cache saves seconds, looking for it may cost none."""

logger = structlog.get_logger(__name__)


def connect(url: SecretStr) -> "Redis":
    """Return a client that gives up soon."""
    return Redis.from_url(
        url.get_secret_value(),
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
    )


class ValkeyAnswers:
    """See `consumers.nlp.ports.AnswerCache`."""

    def __init__(self, valkey: "Redis", ttl: timedelta) -> None:
        self._valkey = valkey
        self._ttl = ttl

    async def find(self, key: str) -> str | None:
        """See `AnswerCache`."""
        try:
            found = await self._valkey.get(f"answer:{key}")
        except (RedisError, OSError) as error:
            logger.warning("answers_away", error=type(error).__name__)
            return None
        return found.decode() if isinstance(found, bytes) else None

    async def keep(self, key: str, answer: str) -> None:
        """See `AnswerCache`."""
        try:
            await self._valkey.set(f"answer:{key}", answer.encode(), ex=self._ttl)
        except (RedisError, OSError) as error:
            logger.warning("answers_away", error=type(error).__name__)


class ValkeyBudget:
    """See `consumers.nlp.ports.TokenBudget`; a window begins with the first question in it."""

    def __init__(self, valkey: "Redis", tokens: int, window: timedelta) -> None:
        self._valkey = valkey
        self._tokens = tokens
        self._window = window

    async def reserve(self, user_id: UUID, tokens: int) -> bool:
        """See `TokenBudget`."""
        key = _budget(user_id)
        try:
            async with self._valkey.pipeline(transaction=True) as pipeline:
                pipeline.incrby(key, tokens)
                pipeline.expire(key, self._window, nx=True)
                used, _ = await pipeline.execute()
            if int(used) <= self._tokens:
                return True
            await self._valkey.decrby(key, tokens)
        except (RedisError, OSError) as error:
            logger.warning("budgets_away", error=type(error).__name__)
        return False

    async def give_back(self, user_id: UUID, tokens: int) -> None:
        """See `TokenBudget`; what cannot be given back is lost to this window."""
        key = _budget(user_id)
        try:
            async with self._valkey.pipeline(transaction=True) as pipeline:
                pipeline.decrby(key, tokens)
                # The window may have ended meanwhile: the new one must end too.
                pipeline.expire(key, self._window, nx=True)
                await pipeline.execute()
        except (RedisError, OSError) as error:
            logger.warning("budgets_away", error=type(error).__name__)


def _budget(user_id: UUID) -> str:
    return f"tokens:{user_id}"

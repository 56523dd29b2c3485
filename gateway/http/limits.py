"""How often somebody may ask: sliding windows kept in Valkey, or in this process."""

import hashlib
import math
import time
from typing import Any, Protocol

import redis.asyncio
from limits import parse
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError

from gateway.http.problems import TooManyRequestsError
from runtime.errors import RetryableError


class RateLimiter(Protocol):
    """Counts requests.

    Failure: raises RetryableError when the counts cannot be reached, so that callers fail closed.
    """

    async def spend(self, rate: str, *names: str) -> None:
        """Count one request under these names.

        Raises:
            TooManyRequestsError: the rate is used up.
            RetryableError: the store is away.
        """
        ...


class WindowRateLimiter:
    """A sliding window per name; names are stored as digests."""

    def __init__(self, storage: Storage) -> None:
        self._windows = SlidingWindowCounterRateLimiter(storage)

    async def spend(self, rate: str, *names: str) -> None:
        """Count one request; see `RateLimiter`."""
        item = parse(rate)
        key = hashlib.sha256("\n".join(names).encode()).hexdigest()
        try:
            if await self._windows.hit(item, key):
                return
            window = await self._windows.get_window_stats(item, key)
        except (RedisError, OSError, TimeoutError) as error:
            raise RetryableError("the rate limits cannot be reached") from error
        raise TooManyRequestsError(max(1, math.ceil(window.reset_time - time.time())))


def limiter_on_valkey(url: str, pool: redis.asyncio.ConnectionPool) -> WindowRateLimiter:
    """Return a limiter whose counts all gateways share."""
    # The library types its options as plain values, and documents this one.
    options: dict[str, Any] = {"connection_pool": pool}
    storage = RedisStorage(url, implementation="redispy", key_prefix="limits", **options)
    return WindowRateLimiter(storage)


def limiter_in_memory() -> WindowRateLimiter:
    """Return a limiter that counts for this process alone."""
    return WindowRateLimiter(MemoryStorage())

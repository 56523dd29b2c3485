"""Socket tickets in Valkey, where the edges take them from."""

from datetime import timedelta

import redis.asyncio
from redis.exceptions import RedisError

from runtime.errors import RetryableError


class ValkeyTickets:
    """`gateway.auth.ports.Tickets` on Valkey keys that expire."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        self._client = client

    async def put(self, key: str, value: str, lifetime: timedelta) -> None:
        """Set the key with its time to live; see the port."""
        try:
            await self._client.set(key, value, ex=lifetime)
        except (RedisError, OSError, TimeoutError) as error:
            raise RetryableError("Valkey is away") from error

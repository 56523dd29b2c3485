"""Reply leases in Valkey: a key per partition that expires, and a fence that only grows."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

import redis.asyncio
from redis.exceptions import RedisError

from gateway.ai.ports import Lease
from runtime.errors import RetryableError

# One hash tag, so that a cluster keeps them together and the scripts may touch them all.
_FENCE = "{ai-replies}:fence"
_LEASE = "{ai-replies}:lease:"

# The fence is the store's time, or one more than the last: it grows also if the store was emptied.
_TAKE = """
for at = 2, #KEYS do
  if redis.call('EXISTS', KEYS[at]) == 0 then
    local time = redis.call('TIME')
    local fence = tonumber(time[1]) * 1000000 + tonumber(time[2])
    local last = tonumber(redis.call('GET', KEYS[1]) or '0')
    if fence <= last then fence = last + 1 end
    local text = string.format('%.0f', fence)
    redis.call('SET', KEYS[1], text)
    redis.call('SET', KEYS[at], text, 'PX', ARGV[1])
    return {at - 2, text}
  end
end
return nil
"""
_RENEW = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
_RELEASE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""


class ValkeyReplyLeases:
    """`gateway.ai.ports.ReplyLeases` on Valkey."""

    def __init__(self, client: redis.asyncio.Redis, partitions: int, lifetime: timedelta) -> None:
        self._client = client
        self._partitions = partitions
        self._milliseconds = str(lifetime // timedelta(milliseconds=1))

    async def take(self) -> Lease | None:
        """Take a free partition, any of them; see the port."""
        order = random.sample(range(self._partitions), self._partitions)
        keys = [_FENCE, *(f"{_LEASE}{partition}" for partition in order)]
        taken = await self._run(_TAKE, keys, self._milliseconds)
        return None if taken is None else Lease(order[int(taken[0])], int(taken[1]))

    async def renew(self, lease: Lease) -> bool:
        """Start the key's time again; see the port."""
        key = f"{_LEASE}{lease.partition}"
        return bool(await self._run(_RENEW, [key], str(lease.fence), self._milliseconds))

    async def release(self, lease: Lease) -> None:
        """Delete the key if it is ours; see the port."""
        await self._run(_RELEASE, [f"{_LEASE}{lease.partition}"], str(lease.fence))

    async def _run(self, script: str, keys: Sequence[str], *arguments: str) -> Any:  # noqa: ANN401 - as scripts answer
        try:
            answer = self._client.eval(script, len(keys), *keys, *arguments)
            return await cast("Any", answer)
        except (RedisError, OSError, TimeoutError) as error:
            raise RetryableError("Valkey is away") from error

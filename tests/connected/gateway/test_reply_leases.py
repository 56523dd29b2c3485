"""Reply leases on the real Valkey: one holder each, a fence that grows, an end by themselves."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import redis.asyncio

from gateway.ai.leases import ValkeyReplyLeases
from gateway.ai.ports import Lease
from runtime.errors import RetryableError
from tests.connected.gateway.stack import InfraStack

pytestmark = pytest.mark.connected

PARTITIONS = 16
KEY = "{ai-replies}:lease:0"


@pytest.fixture
async def valkey(infra_stack: InfraStack) -> AsyncIterator[redis.asyncio.Redis]:
    """A client of an empty store of leases."""
    async with redis.asyncio.Redis.from_url(infra_stack.valkey_url) as client:
        await client.delete(*[f"{{ai-replies}}:lease:{at}" for at in range(PARTITIONS)])
        yield client


async def test_each_partition_is_one_holders(valkey: redis.asyncio.Redis) -> None:
    """Twice as many ask at once as there are partitions: half of them get one, all different."""
    leases = ValkeyReplyLeases(valkey, PARTITIONS, timedelta(seconds=30))
    taken = await asyncio.gather(*(leases.take() for _ in range(2 * PARTITIONS)))
    held = [each for each in taken if each is not None]
    assert {each.partition for each in held} == set(range(PARTITIONS))
    assert len(held) == len({each.fence for each in held}) == PARTITIONS
    await leases.release(held[3])
    again = await leases.take()
    assert again is not None
    assert again.partition == held[3].partition
    assert again.fence > max(each.fence for each in held)


async def test_a_lease_ends_by_itself_and_is_not_renewed_then(valkey: redis.asyncio.Redis) -> None:
    """Renewed it lives on; left alone it ends, and its old holder cannot touch the next one's."""
    leases = ValkeyReplyLeases(valkey, 1, timedelta(seconds=30))
    first = await leases.take()
    assert first is not None
    assert 0 < await valkey.pttl(KEY) <= 30_000
    await valkey.pexpire(KEY, 10_000)
    assert await leases.renew(first)
    assert await valkey.pttl(KEY) > 10_000
    await valkey.pexpire(KEY, 1)
    while await valkey.exists(KEY):
        await asyncio.sleep(0.01)
    assert not await leases.renew(first)
    second = await leases.take()
    assert second is not None
    assert second.fence > first.fence
    await leases.release(first)
    assert not await leases.renew(first)
    assert await leases.renew(second)


async def test_the_fence_grows_over_a_store_that_forgot_everything(
    valkey: redis.asyncio.Redis,
) -> None:
    """A Valkey that comes back empty does not give old numbers again."""
    leases = ValkeyReplyLeases(valkey, 1, timedelta(seconds=30))
    first = await leases.take()
    await valkey.delete("{ai-replies}:fence", KEY)
    second = await leases.take()
    assert first is not None
    assert second is not None
    assert second.fence > first.fence


async def test_valkey_away_is_told() -> None:
    """Nothing is known then, so nothing is claimed."""
    async with redis.asyncio.Redis(host="127.0.0.1", port=1) as nobody:
        leases = ValkeyReplyLeases(nobody, 1, timedelta(seconds=30))
        for attempt in (leases.take(), leases.renew(Lease(0, 1)), leases.release(Lease(0, 1))):
            with pytest.raises(RetryableError):
                await attempt

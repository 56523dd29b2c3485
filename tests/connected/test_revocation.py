"""Access that ends reaches open sockets of the whole stack, with Valkey and without."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from schemas.frames.codes import CloseCode
from tests.devices import CSRF, Device, People, switch
from tests.stack import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(420)]

PROMISED_SECONDS = 5.0


@pytest.fixture
async def people(stack: Stack) -> AsyncIterator[People]:
    """People on the whole stack."""
    made = People(stack)
    yield made
    await made.leave()


async def log_out_and_disable(admin: Device, pair: list[Device], other: list[Device]) -> None:
    """One person logs one of two devices out, another is switched off."""
    (left, kept), (first, second) = pair, other
    for device in (left, kept, first, second):
        await device.opened()
    assert (await left.http.post("/api/auth/logout", headers=CSRF)).status_code == 204
    assert await left.closed_within(PROMISED_SECONDS) == CloseCode.ACCESS_REVOKED
    assert await left.profile() == 401
    assert await kept.lives()
    assert await kept.profile() == 200
    await left.open()
    assert await left.closed_within(PROMISED_SECONDS) == CloseCode.ACCESS_REVOKED

    assert await switch(admin, first, active=False) == 200
    for device in (first, second):
        assert await device.closed_within(PROMISED_SECONDS) == CloseCode.ACCESS_REVOKED
        assert await device.profile() == 401
    assert await kept.lives()


async def test_open_sockets_hear_of_it_in_time(people: People) -> None:
    """Log out: one socket closes, the other session lives; disable: both close, login refused."""
    admin, pair, other = await people.admin(), await people.person(2), await people.person(2)
    await log_out_and_disable(admin, pair, other)
    disabled, _ = other
    assert await disabled.enter("login") == 401
    assert await switch(admin, disabled, active=True) == 200
    assert await disabled.enter("login") == 200
    await disabled.opened()


async def test_an_edge_that_starts_again_has_heard_of_it(stack: Stack, people: People) -> None:
    """A session that ended while the edge was down opens nothing when it is back."""
    left, kept = await people.person(2)
    await asyncio.to_thread(stack.hold, "edge-ws")
    assert (await left.http.post("/api/auth/logout", headers=CSRF)).status_code == 204
    await asyncio.sleep(2)
    await asyncio.to_thread(stack.release, "edge-ws")
    await left.open()
    assert await left.closed_within(PROMISED_SECONDS) == CloseCode.ACCESS_REVOKED
    await kept.opened()
    assert await kept.lives()


async def test_without_valkey_it_holds_all_the_same(stack: Stack, people: People) -> None:
    """With Valkey stopped sockets opened before still hear of it in time."""
    admin, pair, other = await people.admin(), await people.person(2), await people.person(2)
    await asyncio.to_thread(stack.hold, "valkey")
    try:
        await log_out_and_disable(admin, pair, other)
    finally:
        await asyncio.to_thread(stack.release, "valkey")

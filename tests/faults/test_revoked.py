"""Access that ends reaches open sockets within five seconds, while others talk and hear on."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import jwt
import pytest
from websockets.exceptions import ConnectionClosed

from edge_ws.revocations import BLIND_SECONDS
from gateway.auth.service import REFRESH_GRACE
from schemas.frames.codes import CloseCode
from tests.devices import CSRF, Device, People, switch
from tests.faults.measures import Measure
from tests.faults.traffic import Load, Traffic
from tests.faults.trial import Trial
from tests.people import TokenMint
from tests.stack import Stack

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400), pytest.mark.slow]

PROMISED_SECONDS = 5.0
LOAD = Load(seconds=10.0)
TOKEN_SECONDS = range(4, 12)
NEARLY_SECONDS = 1.0
LET_IN_SECONDS = 15.0
COOKIE = "parley_refresh"


@pytest.fixture
async def people(trial: Trial) -> AsyncIterator[People]:
    """People on the stack of the trial."""
    made = People(trial.stack)
    yield made
    await made.leave()


async def log_out(device: Device, _: Device) -> None:
    """End the session of this device alone."""
    assert (await device.http.post("/api/auth/logout", headers=CSRF)).status_code == 204


async def disable(device: Device, admin: Device) -> None:
    """Switch the whole account off."""
    assert await switch(admin, device, active=False) == 200


async def reuse(device: Device, _: Device) -> None:
    """Show a refresh token that was exchanged a while ago, as a thief would."""
    stolen = device.http.cookies[COOKIE]
    assert (await device.http.post("/api/auth/refresh", headers=CSRF)).is_success
    await asyncio.sleep(REFRESH_GRACE.total_seconds() + 1)
    device.http.cookies.clear()
    answer = await device.http.post(
        "/api/auth/refresh", headers={**CSRF, "Cookie": f"{COOKIE}={stolen}"}
    )
    assert answer.status_code == 401


WAYS = {"logout": log_out, "disable": disable, "reuse": reuse}


async def revoke(way: str, devices: list[Device], admin: Device) -> Measure:
    """End access in this way and measure how long the socket of the first device lived on."""
    first, second = devices
    for device in devices:
        await device.opened()
    await WAYS[way](first, admin)
    ended = time.monotonic()
    assert await first.closed_within(2 * PROMISED_SECONDS) == CloseCode.ACCESS_REVOKED
    took = time.monotonic() - ended
    if way == "disable":
        assert await second.closed_within(PROMISED_SECONDS) == CloseCode.ACCESS_REVOKED
    else:
        assert await second.lives()
    await first.open()
    assert await first.closed_within(PROMISED_SECONDS) == CloseCode.ACCESS_REVOKED
    return Measure(f"open after {way}", took, PROMISED_SECONDS)


async def expire(device: Device) -> float:
    """Wait for the end of this device's token; return how long its socket outlived it (seconds)."""
    await device.opened()
    ends_at = float(jwt.decode(device.token, options={"verify_signature": False})["exp"])
    await asyncio.sleep(ends_at - time.time() - NEARLY_SECONDS)
    assert await device.lives()
    assert await device.closed_within(2 * PROMISED_SECONDS) == CloseCode.NOT_SIGNED_IN
    outlived = time.time() - ends_at
    await device.open()
    assert await device.closed_within(PROMISED_SECONDS) == CloseCode.NOT_SIGNED_IN
    return outlived


async def expire_all(stack: Stack, people: People) -> Measure:
    """Let tokens end one after the other; measure the socket that outlived its own the longest."""
    mint = TokenMint(stack.folder.root)
    devices = [people.holder(mint.token(seconds=each)) for each in TOKEN_SECONDS]
    outlived = await asyncio.gather(*map(expire, devices))
    return Measure("open after expiry", max(outlived), PROMISED_SECONDS)


async def let_in(device: Device) -> float:
    """Come back until the edge lets this device in; return after how many seconds it did."""
    began = time.monotonic()
    async with asyncio.timeout(2 * LET_IN_SECONDS):
        while True:
            with suppress(ConnectionClosed):
                await device.opened()
                return time.monotonic() - began
            await asyncio.sleep(0.2)


async def test_revoked_while_others_talk(trial: Trial, people: People) -> None:
    """Logged out, switched off or robbed: the socket closes, everybody else notices nothing."""
    admin = await people.admin()
    pairs = {way: await people.person(2) for way in WAYS}
    measures: list[Measure] = []

    async def fault(_: Traffic) -> None:
        for way, devices in pairs.items():
            measures.append(await revoke(way, devices, admin))

    await trial.run(
        "P22", "access ends: logout, disable, reuse", fault, load=LOAD, measures=measures
    )
    assert len(measures) == len(pairs)


async def test_revoked_while_valkey_is_away(trial: Trial, people: People) -> None:
    """The log carries it, so it holds without Valkey; exchanging tokens fails closed meanwhile."""
    admin = await people.admin()
    pairs = {way: await people.person(2) for way in ("logout", "disable")}
    measures: list[Measure] = []

    async def fault(_: Traffic) -> None:
        await asyncio.to_thread(trial.stack.hold, "valkey")
        try:
            for way, devices in pairs.items():
                measures.append(await revoke(way, devices, admin))
            [left, _other] = pairs["logout"]
            assert (await left.http.post("/api/auth/refresh", headers=CSRF)).status_code >= 400
        finally:
            await asyncio.to_thread(trial.stack.release, "valkey")

    await trial.run(
        "P22", "access ends while Valkey is stopped", fault, load=LOAD, measures=measures
    )
    assert len(measures) == len(pairs)


async def test_expired_while_others_talk(trial: Trial, people: People) -> None:
    """A token's end reaches its open socket, and opens nothing any more."""
    measures: list[Measure] = []

    async def fault(_: Traffic) -> None:
        measures.append(await expire_all(trial.stack, people))

    await trial.run("P22", "access ends: tokens expire", fault, load=LOAD, measures=measures)


async def test_expired_while_valkey_is_away(trial: Trial, people: People) -> None:
    """A token carries its end with it: nobody has to be asked."""
    measures: list[Measure] = []

    async def fault(_: Traffic) -> None:
        await asyncio.to_thread(trial.stack.hold, "valkey")
        try:
            measures.append(await expire_all(trial.stack, people))
        finally:
            await asyncio.to_thread(trial.stack.release, "valkey")

    name = "tokens expire while Valkey is stopped"
    await trial.run("P22", name, fault, load=LOAD, measures=measures)


async def test_nobody_comes_in_unseen_while_kafka_is_away(trial: Trial, people: People) -> None:
    """An edge that cannot hear whose access ends lets nobody in; who is in stays."""
    mint = TokenMint(trial.stack.folder.root)
    inside, comes = people.holder(mint.token()), people.holder(mint.token())
    codes: list[int] = []
    measures: list[Measure] = []

    async def fault(_: Traffic) -> None:
        await inside.opened()
        trial.stack.pause("kafka")
        try:
            await asyncio.sleep(BLIND_SECONDS + NEARLY_SECONDS)
            await comes.open()
            codes.append(await comes.closed_within(PROMISED_SECONDS))
            assert await inside.lives()
        finally:
            trial.stack.resume("kafka")
        measures.append(Measure("let in again", await let_in(comes), LET_IN_SECONDS))

    name = "SIGSTOP kafka until nobody is let in"
    await trial.run("P22", name, fault, load=Load(rate=4), measures=measures)
    assert codes == [CloseCode.SERVER_ERROR]

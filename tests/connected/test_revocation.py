"""Access that ends reaches open sockets of the whole stack, with Valkey and without."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx2
import jwt
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from cli.admin import make_admin
from infra.embedded.errors import StackError
from schemas.frames.codes import SUBPROTOCOL, CloseCode
from tests.stack import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(420)]

PROMISED_SECONDS = 5.0
PASSWORD = "correct horse battery"
CSRF = {"X-Parley-CSRF": "1"}


class Device:
    """One signed-in browser: a cookie, an access token, and perhaps a socket."""

    def __init__(self, stack: Stack, email: str) -> None:
        self._stack = stack
        self.email = email
        self.http = httpx2.AsyncClient(base_url=stack.url, trust_env=False)
        self.token = ""
        self.socket: ClientConnection | None = None

    async def enter(self, route: str) -> int:
        """Register or log in."""
        body = {"email": self.email, "password": PASSWORD, "name": "Ada"}
        answer = await self.http.post(f"/api/auth/{route}", json=body)
        if answer.is_success:
            self.token = answer.json()["token"]
        return answer.status_code

    async def open(self) -> None:
        """Open a socket by the access token."""
        if self.socket is not None:
            await self.socket.close()
        self.socket = await connect(
            self._stack.socket_url,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,
            proxy=None,
        )
        await self.socket.send(f'{{"type":"connect","token":"{self.token}"}}')

    async def opened(self) -> None:
        """Open a socket that is let in."""
        await self.open()
        assert self.socket is not None
        assert '"connected"' in str(await asyncio.wait_for(self.socket.recv(), 10))

    async def lives(self) -> bool:
        """Whether the socket still answers."""
        assert self.socket is not None
        await self.socket.send('{"type":"ping","ref":"alive?"}')
        return '"pong"' in str(await asyncio.wait_for(self.socket.recv(), 10))

    async def leave(self) -> None:
        """Close everything."""
        await self.http.aclose()
        if self.socket is not None:
            await self.socket.close()

    async def closed_within(self, seconds: float) -> int:
        """Read to the end and return the close code."""
        assert self.socket is not None
        await asyncio.wait_for(self.socket.wait_closed(), seconds)
        return self.socket.close_code or 0

    async def profile(self) -> int:
        """Ask who is signed in; return the status."""
        bearer = {"Authorization": f"Bearer {self.token}"}
        return (await self.http.get("/api/auth/profile", headers=bearer)).status_code


class People:
    """Makes signed-in devices, and closes them all at the end."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._devices: list[Device] = []

    async def person(self, devices: int) -> list[Device]:
        """Return the signed-in devices of somebody new."""
        email = f"{uuid4()}@example.org"
        made = [Device(self._stack, email) for _ in range(devices)]
        self._devices.extend(made)
        assert await made[0].enter("register") == 201
        for device in made[1:]:
            assert await device.enter("login") == 200
        return made

    async def admin(self) -> Device:
        """Return a device of somebody whom the operator made an admin."""
        [device] = await self.person(1)
        url = self._stack.database_url()
        assert await make_admin(url, device.email.upper())
        assert not await make_admin(url, device.email)
        with pytest.raises(StackError):
            await make_admin(url, "nobody@example.org")
        return device

    async def leave(self) -> None:
        """Close every device."""
        for device in self._devices:
            await device.leave()


@pytest.fixture
async def people(stack: Stack) -> AsyncIterator[People]:
    """People on the whole stack."""
    made = People(stack)
    yield made
    await made.leave()


async def switch(by: Device, whom: Device, *, active: bool) -> int:
    user = jwt.decode(whom.token, options={"verify_signature": False})["sub"]
    answer = await by.http.put(
        f"/api/admin/users/{user}",
        json={"is_active": active},
        headers={"Authorization": f"Bearer {by.token}"},
    )
    return answer.status_code


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

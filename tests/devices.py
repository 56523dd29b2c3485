"""People with accounts and browsers: registered over REST, with cookies, tokens and sockets."""

import asyncio
from uuid import uuid4

import httpx2
import jwt
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from cli.admin import change_role
from infra.embedded.errors import StackError
from schemas.frames.codes import SUBPROTOCOL
from tests.stack import Stack

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

    def holder(self, token: str) -> Device:
        """Return a device with this token and no account."""
        device = Device(self._stack, "")
        device.token = token
        self._devices.append(device)
        return device

    async def admin(self) -> Device:
        """Return a device of somebody whom the operator made an admin."""
        [device] = await self.person(1)
        await self.promote(device, "admin")
        return device

    async def promote(self, device: Device, role: str) -> None:
        """Have the operator give somebody a role; their token says so after the next login."""
        url = self._stack.database_url()
        assert await change_role(url, device.email.upper(), role)
        assert not await change_role(url, device.email, role)
        with pytest.raises(StackError):
            await change_role(url, "nobody@example.org", role)

    async def leave(self) -> None:
        """Close every device."""
        for device in self._devices:
            await device.leave()


async def switch(by: Device, whom: Device, *, active: bool) -> int:
    """Switch somebody on or off as an admin; return the status."""
    user = jwt.decode(whom.token, options={"verify_signature": False})["sub"]
    answer = await by.http.put(
        f"/api/admin/users/{user}",
        json={"is_active": active},
        headers={"Authorization": f"Bearer {by.token}"},
    )
    return answer.status_code

"""How a socket is opened, signed in, and refused."""

import time
from uuid import UUID, uuid4

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from schemas.frames.codes import CloseCode
from schemas.tickets import SocketTicket
from tests.unit.edge_ws.stage import ORIGIN, Client, Stage, create_stage, running


async def test_a_token_signs_in(stage: Stage) -> None:
    """`connected` names the user, the history and the limits."""
    client = await Client.raw(stage)
    await client.say(type="connect", token=stage.token(client.user_id))
    connected = await client.hear()
    assert connected["type"] == "connected"
    assert connected["user"] == {"id": str(client.user_id), "name": "Ada", "role": "user"}
    assert connected["epoch"] == "memory"
    assert UUID(connected["connection_id"]).version == 4
    assert connected["limits"] == {
        "frame_bytes": 65536,
        "message_chars": 8000,
        "ping_seconds": 25,
    }
    assert client.connection.subprotocol == "parley.v1"


async def test_a_ticket_signs_in_once(stage: Stage) -> None:
    """A ticket opens one socket; the next one with it is refused."""
    stage.tickets.tickets["t"] = SocketTicket(
        user_id=uuid4(), name="Ada", role="user", expires_at=int(time.time()) + 60
    )
    first, second = await Client.raw(stage), await Client.raw(stage)
    await first.say(type="connect", ticket="t")
    assert (await first.hear())["type"] == "connected"
    await second.say(type="connect", ticket="t")
    assert await second.close_code() == CloseCode.NOT_SIGNED_IN


async def test_an_expired_ticket_is_refused(stage: Stage) -> None:
    """The ticket's access token must still be good."""
    stage.tickets.tickets["t"] = SocketTicket(
        user_id=uuid4(), name="Ada", role="user", expires_at=int(time.time()) - 1
    )
    client = await Client.raw(stage)
    await client.say(type="connect", ticket="t")
    assert await client.close_code() == CloseCode.NOT_SIGNED_IN


async def test_tickets_out_of_reach_mean_come_back(stage: Stage) -> None:
    """With Valkey down the client is told to come back, not that it is signed out."""
    stage.tickets.away = True
    client = await Client.raw(stage)
    await client.say(type="connect", ticket="t")
    assert await client.close_code() == CloseCode.SERVER_ERROR


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "\x00"])
async def test_a_wrong_token_is_refused(stage: Stage, token: str) -> None:
    """A token that is not ours closes with the code that says stop."""
    client = await Client.raw(stage)
    await client.say(type="connect", token=token)
    assert await client.close_code() == CloseCode.NOT_SIGNED_IN


async def test_an_expired_token_is_refused(stage: Stage) -> None:
    """A token signs in until it expires, and not after."""
    client = await Client.raw(stage)
    await client.say(type="connect", token=stage.token(client.user_id, seconds=-60))
    assert await client.close_code() == CloseCode.NOT_SIGNED_IN


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "ping", "ref": "1"},
        {"type": "connect"},
        {"type": "connect", "token": "a", "ticket": "b"},
        {"type": "nonsense"},
        {},
    ],
)
async def test_the_first_frame_is_connect(stage: Stage, frame: dict[str, str]) -> None:
    """Anything else first breaks the protocol."""
    client = await Client.raw(stage)
    await client.say(**frame)
    assert await client.close_code() == CloseCode.PROTOCOL_BROKEN


@pytest.mark.parametrize("data", ["not json", b"binary"])
async def test_garbage_first_breaks_the_protocol(stage: Stage, data: str | bytes) -> None:
    """Garbage before `connect` closes the socket."""
    client = await Client.raw(stage)
    await client.connection.send(data)
    assert await client.close_code() == CloseCode.PROTOCOL_BROKEN


@pytest.mark.parametrize("subprotocol", [None, "parley.v9"])
async def test_the_subprotocol_is_asked_for(stage: Stage, subprotocol: str | None) -> None:
    """A client that does not speak parley.v1 is told so."""
    client = await Client.raw(stage, subprotocol=subprotocol)
    assert await client.close_code() == CloseCode.SUBPROTOCOL_MISSING


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://evil.example",
        "https://chat.example.evil.example",
        "https://chat.example:8443",
        "http://chat.example",
        "https://CHAT.example",
        "https://chat.example/",
    ],
)
async def test_a_foreign_page_gets_no_socket(stage: Stage, origin: str) -> None:
    """A foreign Origin is refused with 403 before the upgrade."""
    with pytest.raises(InvalidStatus) as refused:
        await Client.raw(stage, origin=origin)
    assert refused.value.response.status_code == 403


async def test_our_page_gets_a_socket(stage: Stage) -> None:
    """The allowed origin is let in."""
    client = await Client.raw(stage, origin=ORIGIN)
    await client.say(type="connect", token=stage.token(client.user_id))
    assert (await client.hear())["type"] == "connected"


async def test_there_is_one_path(stage: Stage) -> None:
    """Sockets are opened at /ws only."""
    with pytest.raises(InvalidStatus) as refused:
        await connect(stage.url.replace("/ws", "/other"), proxy=None)
    assert refused.value.response.status_code == 404


async def test_silence_is_closed() -> None:
    """A socket that does not sign in does not stay."""
    async with running(create_stage(connect_seconds=0.1, sweep_seconds=0.02)) as stage:
        client = await Client.raw(stage)
        assert await client.close_code() == CloseCode.NO_CONNECT


async def test_an_expired_session_is_closed() -> None:
    """An open socket ends with its access token."""
    async with running(create_stage(sweep_seconds=0.02)) as stage:
        client = await Client.raw(stage)
        await client.say(type="connect", token=stage.token(client.user_id, seconds=1.2))
        assert (await client.hear())["type"] == "connected"
        assert await client.close_code() == CloseCode.NOT_SIGNED_IN

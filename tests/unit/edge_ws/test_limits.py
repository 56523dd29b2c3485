"""How much one user and one address may ask for, and what they hear when it is too much."""

import asyncio
import time
from uuid import uuid4

import pytest
from pydantic import ValidationError
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from edge_ws.admission import Admission
from edge_ws.connection import Session
from edge_ws.pace import LoopStorage
from edge_ws.parsing import ANSWERED_BY_ACK
from edge_ws.revocations import Revocations
from edge_ws.settings import LimitSettings
from runtime.addresses import is_loopback
from schemas.frames.codes import SUBPROTOCOL, CloseCode
from schemas.frames.server import ConnectedUser
from tests.unit.edge_ws.stage import TOKEN_LIFETIME, Client, Stage, create_stage, running


async def test_the_newest_of_too_many_sockets_is_refused() -> None:
    """Those that are open stay; once one is gone there is room again; others are not touched."""
    limits = LimitSettings(connections_per_user=2)
    async with running(create_stage(limits=limits)) as stage:
        first = await Client.open(stage)
        second = await Client.open(stage, first.user_id)
        third = await Client.raw(stage, first.user_id)
        await third.say(type="connect", token=stage.token(first.user_id))
        assert await third.close_code() == CloseCode.TOO_MANY_CONNECTIONS
        assert await first.lives()
        assert await second.lives()
        assert await (await Client.open(stage)).lives()
        await first.connection.close()
        assert await (await Client.open(stage, first.user_id)).lives()


def admission(**limits: int) -> Admission:
    revocations = Revocations(TOKEN_LIFETIME)
    revocations.complete_at = time.monotonic()
    return Admission(revocations, LimitSettings(**limits))  # type: ignore[arg-type]


class TestAdmission:
    """Counting, without sockets."""

    def test_an_address_has_so_many(self) -> None:
        """The next one is refused until one has gone; a /64 is one address; others are free."""
        counts = admission(connections_per_address=2)
        assert counts.come("2001:db8::1") is None
        assert counts.come("2001:db8::2") is None
        refused = counts.come("2001:db8::3")
        assert refused is not None
        assert refused.code is CloseCode.TOO_MANY_CONNECTIONS
        assert counts.come("2001:db8:0:1::1") is None
        counts.go("2001:db8::3", None)
        counts.go("2001:db8::1", None)
        assert counts.come("2001:db8::4") is None

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
    def test_this_machine_is_not_limited(self, host: str) -> None:
        """Load from here is somebody's own test."""
        counts = admission(connections_per_address=1)
        assert [counts.come(host) for _ in range(50)] == [None] * 50

    @pytest.mark.parametrize("host", [None, "", "unknown", "127.0.0.1.evil.example"])
    def test_what_is_no_address_is_limited_too(self, host: str | None) -> None:
        """Whatever a proxy writes, it opens no hole."""
        counts = admission(connections_per_address=1)
        assert counts.come(host) is None
        assert counts.come(host) is not None
        assert not is_loopback(host)

    def test_nothing_is_kept_of_those_who_went(self) -> None:
        """Counts of users and addresses that are gone take no memory."""
        counts = admission()
        for number in range(100):
            user = ConnectedUser(id=uuid4(), name="Ada", role="user")
            session = Session(user, time.time() + 60)
            counts.come(f"192.0.2.{number}")
            assert counts.sign_in(session) is None
            counts.go(f"192.0.2.{number}", session)
        assert not counts._users
        assert not counts._addresses


async def through_proxy(stage: Stage, address: str) -> ClientConnection:
    connection = await connect(
        stage.url,
        subprotocols=[Subprotocol(SUBPROTOCOL)],
        additional_headers={"X-Forwarded-For": address},
        compression=None,
        proxy=None,
    )
    stage.opened.append(connection)
    return connection


async def test_a_trusted_proxy_tells_the_address() -> None:
    """Behind it people are counted by their own addresses; the newest of too many is refused."""
    limits = LimitSettings(connections_per_address=1)
    async with running(create_stage(limits=limits), trusted_proxies=("127.0.0.1",)) as stage:
        first = await through_proxy(stage, "203.0.113.5")
        second = await through_proxy(stage, "203.0.113.5")
        other = await through_proxy(stage, "203.0.113.6")
        await asyncio.wait_for(second.wait_closed(), 5)
        assert second.close_code == CloseCode.TOO_MANY_CONNECTIONS
        for open_still in (first, other):
            await open_still.send(f'{{"type":"connect","token":"{stage.token(uuid4())}"}}')
            assert '"connected"' in str(await asyncio.wait_for(open_still.recv(), 5))


async def test_nobody_else_is_believed() -> None:
    """Without a trusted proxy the header says nothing."""
    limits = LimitSettings(connections_per_address=1)
    async with running(create_stage(limits=limits)) as stage:
        for _ in range(3):
            connection = await through_proxy(stage, "203.0.113.5")
            await connection.send(f'{{"type":"connect","token":"{stage.token(uuid4())}"}}')
            assert '"connected"' in str(await asyncio.wait_for(connection.recv(), 5))


async def test_too_fast_is_told_with_a_time_to_wait() -> None:
    """The frame is not carried out; after the pause it is."""
    limits = LimitSettings(frames="5/second")
    async with running(create_stage(limits=limits)) as stage:
        client = await Client.open(stage)
        conversation = await client.start()
        for _ in range(6):
            await client.send(conversation, "hello")
        acks = [await client.hear_type("ack") for _ in range(6)]
        assert [ack["status"] for ack in acks].count("accepted") == 4
        refused = [ack for ack in acks if ack["status"] == "rejected"]
        assert {ack["code"] for ack in refused} == {"rate_limited"}
        assert all(0 < ack["retry_after_ms"] <= 1_000 for ack in refused)
        await asyncio.sleep(max(ack["retry_after_ms"] for ack in refused) / 1_000)
        await client.send(conversation, "hello")
        assert (await client.hear_type("ack"))["status"] == "accepted"


async def test_a_users_sockets_share_one_rate() -> None:
    """More sockets do not make more frames; other people are not slowed down."""
    limits = LimitSettings(frames="3/minute")
    async with running(create_stage(limits=limits)) as stage:
        first = await Client.open(stage)
        second = await Client.open(stage, first.user_id)
        assert await first.lives()
        assert await second.lives()
        assert await first.lives()
        await second.say(type="ping", ref="p")
        error = await second.hear_type("error")
        assert (error["code"], error["ref"]) == ("rate_limited", "p")
        assert await (await Client.open(stage)).lives()


async def test_an_address_has_a_rate_too() -> None:
    """People behind one address share it, whoever they are; others are not slowed down."""
    limits = LimitSettings(frames_per_address="2/minute")
    async with running(create_stage(limits=limits), trusted_proxies=("127.0.0.1",)) as stage:
        near = [await through_proxy(stage, "203.0.113.5") for _ in range(3)]
        far = await through_proxy(stage, "203.0.113.6")
        for each in (*near, far):
            await each.send(f'{{"type":"connect","token":"{stage.token(uuid4())}"}}')
            await asyncio.wait_for(each.recv(), 5)
            await each.send('{"type":"ping","ref":"p"}')
        answers = [str(await asyncio.wait_for(each.recv(), 5)) for each in (*near, far)]
        assert ["rate_limited" in answer for answer in answers] == [False, False, True, False]


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "message:edit", "message_id": str(uuid4()), "text": "words"},
        {"type": "message:delete", "message_id": str(uuid4())},
        {"type": "reaction", "message_id": str(uuid4()), "emoji": "👍", "active": True},
        {"type": "feedback", "message_id": str(uuid4()), "rating": "up"},
        {"type": "read", "message_id": str(uuid4())},
        {"type": "handover", "to": "agent"},
        {"type": "typing", "active": True},
        {"type": "presence:watch", "user_ids": []},
        {"type": "presence", "state": "away"},
    ],
    ids=lambda frame: frame["type"],
)
async def test_every_frame_is_counted_and_answered(frame: dict[str, object]) -> None:
    """What is owed an `ack` is rejected by one, with a time to wait; the rest by an `error`."""
    limits = LimitSettings(frames="1/minute")
    async with running(create_stage(limits=limits)) as stage:
        client = await Client.open(stage)
        assert await client.lives()
        await client.say(ref="r", conversation_id=str(uuid4()), **frame)
        answer = await client.hear()
        owed = frame["type"] in ANSWERED_BY_ACK
        assert (answer["type"], answer["code"]) == ("ack" if owed else "error", "rate_limited")
        assert answer["ref"] == "r"
        assert not owed or answer["retry_after_ms"] > 0


@pytest.mark.parametrize("frame", ["not json", '{"type":"typing"}', "[]", b"binary"])
async def test_garbage_counts_too(frame: str | bytes) -> None:
    """What is no frame is not a way round the limit."""
    limits = LimitSettings(frames="1/minute")
    async with running(create_stage(limits=limits)) as stage:
        client = await Client.open(stage)
        await client.connection.send(frame)
        await client.hear_type("error")
        await client.connection.send(frame)
        assert (await client.hear_type("error"))["code"] == "rate_limited"


async def test_who_does_not_slow_down_is_sent_away() -> None:
    """After so many refusals the socket is closed with the code that says rate."""
    limits = LimitSettings(frames="1/minute", refusals="3/minute")
    async with running(create_stage(limits=limits)) as stage:
        client, other = await Client.open(stage), await Client.open(stage)
        for _ in range(5):
            await client.say(type="ping", ref="p")
        assert await client.close_code() == CloseCode.RATE
        assert await other.lives()


@pytest.mark.parametrize("rate", ["", "many", "-1/second", "5/fortnight"])
def test_a_rate_must_be_one(rate: str) -> None:
    """A typing error stops the process at its start."""
    with pytest.raises(ValidationError):
        LimitSettings(frames=rate)


class TestLoopStorage:
    """The counts behind the rates."""

    def test_a_window_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Counts begin anew when their window is over, and nothing is kept of old ones."""
        now = [1_000.0]
        monkeypatch.setattr("edge_ws.pace.time.time", lambda: now[0])
        counts = LoopStorage()
        assert [counts.incr("a", 1), counts.incr("a", 1), counts.get("a")] == [1, 2, 2]
        assert counts.get_expiry("a") == 1_001.0
        now[0] = 1_001.0
        assert counts.get("a") == 0
        assert counts.incr("b", 1) == 1
        assert counts.reset() == 1
        assert counts.check()

    def test_one_can_be_forgotten(self) -> None:
        """Clearing a key leaves the others."""
        counts = LoopStorage()
        counts.incr("a", 60)
        counts.incr("b", 60)
        counts.clear("a")
        assert (counts.get("a"), counts.get("b")) == (0, 1)

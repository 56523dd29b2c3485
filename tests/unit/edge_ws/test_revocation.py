"""Whose access has ended is sent away, and does not come in again while a token lives."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from edge_ws.connection import Session
from edge_ws.revocations import BLIND_SECONDS, DRIFT, Revocations
from producers.records import Headers, Record
from schemas import headers as names
from schemas.events.control import RevocationReason, SessionRevoked, UserDisabled
from schemas.frames.codes import CloseCode
from schemas.frames.server import ConnectedUser
from schemas.tickets import SocketTicket
from schemas.topics import Topic
from tests.unit.edge_ws.stage import (
    TOKEN_LIFETIME,
    Client,
    Stage,
    create_stage,
    running,
    until,
)

REVOKED = ((names.TYPE, SessionRevoked.event_type.encode()),)


def revoked(user_id: UUID, session_id: UUID) -> SessionRevoked:
    key = uuid4()
    return SessionRevoked(
        event_id=key,
        occurred_at=datetime.now(UTC),
        correlation_id=key,
        user_id=user_id,
        session_id=session_id,
        reason=RevocationReason.LOGGED_OUT,
    )


def disabled(user_id: UUID, at: datetime | None = None) -> UserDisabled:
    key = uuid4()
    return UserDisabled(
        event_id=key, occurred_at=at or datetime.now(UTC), correlation_id=key, user_id=user_id
    )


async def opened(stage: Stage, user_id: UUID, session_id: UUID | None) -> Client:
    client = await Client.raw(stage, user_id)
    await client.say(type="connect", token=stage.token(user_id, session_id=session_id))
    assert (await client.hear())["type"] == "connected"
    return client


async def refused(stage: Stage, user_id: UUID, session_id: UUID | None) -> int:
    client = await Client.raw(stage, user_id)
    await client.say(type="connect", token=stage.token(user_id, session_id=session_id))
    return await client.close_code()


async def test_a_revoked_session_is_closed_and_another_lives_on(stage: Stage) -> None:
    """Both sockets of the session close; the user's other session and other people notice not."""
    user, ended, other = uuid4(), uuid4(), uuid4()
    closed = [await opened(stage, user, ended) for _ in range(2)]
    kept = [await opened(stage, user, other), await opened(stage, uuid4(), uuid4())]
    await stage.publisher.publish(revoked(user, ended))
    for client in closed:
        assert await client.close_code() == CloseCode.ACCESS_REVOKED
    for client in kept:
        assert await client.lives()
    assert await refused(stage, user, ended) == CloseCode.ACCESS_REVOKED
    assert await (await opened(stage, user, other)).lives()


async def test_a_ticket_of_a_revoked_session_opens_nothing(stage: Stage) -> None:
    """A ticket that was taken before the end is refused after it."""
    user, session = uuid4(), uuid4()
    stage.tickets.tickets["t"] = SocketTicket(
        user_id=user,
        name="Ada",
        role="user",
        expires_at=int(time.time()) + 60,
        session_id=session,
        issued_at=int(time.time()),
    )
    witness = await opened(stage, user, session)
    await stage.publisher.publish(revoked(user, session))
    await witness.close_code()
    client = await Client.raw(stage, user)
    await client.say(type="connect", ticket="t")
    assert await client.close_code() == CloseCode.ACCESS_REVOKED


async def test_a_disabled_user_loses_every_socket(stage: Stage) -> None:
    """With and without a session in the token; other people stay."""
    user, session, stranger = uuid4(), uuid4(), await opened(stage, uuid4(), None)
    sockets = [await opened(stage, user, None), await opened(stage, user, session)]
    await stage.publisher.publish(revoked(user, session))
    await stage.publisher.publish(disabled(user))
    for client in sockets:
        assert await client.close_code() == CloseCode.ACCESS_REVOKED
    assert await refused(stage, user, None) == CloseCode.ACCESS_REVOKED
    assert await stranger.lives()


async def test_without_valkey_it_holds_all_the_same(stage: Stage) -> None:
    """Revocations come by the log: nothing of it needs Valkey."""
    stage.tickets.away = stage.whispers.away = True
    user, session = uuid4(), uuid4()
    client = await opened(stage, user, session)
    await stage.publisher.publish(revoked(user, session))
    assert await client.close_code() == CloseCode.ACCESS_REVOKED
    assert await refused(stage, user, session) == CloseCode.ACCESS_REVOKED


async def test_what_happened_while_the_edge_was_away_counts() -> None:
    """A revocation from before the start is read back: the token opens nothing here."""
    stage = create_stage()
    user, session = uuid4(), uuid4()
    await stage.publisher.publish(revoked(user, session))
    async with running(stage):
        assert await refused(stage, user, session) == CloseCode.ACCESS_REVOKED
        assert await (await opened(stage, user, uuid4())).lives()
        back = time.time() - stage.control.since
        assert back == pytest.approx((TOKEN_LIFETIME + DRIFT).total_seconds(), abs=10)


async def test_until_it_has_read_back_nobody_comes_in() -> None:
    """An edge that does not know yet whom to refuse asks to come back, and is not ready."""
    stage = create_stage()
    stage.control.held = True
    async with running(stage):
        user, session = uuid4(), uuid4()
        assert await refused(stage, user, session) == CloseCode.SERVER_ERROR
        assert not stage.edge.health().ready["revocations"]()
        stage.control.held = False
        await until(lambda: stage.edge.control.following)
        assert await (await opened(stage, user, session)).lives()
        assert stage.edge.health().ready["revocations"]()


async def test_who_has_lost_sight_of_it_lets_nobody_in() -> None:
    """After a while without news nobody comes in, and the edge is not ready; who is in stays."""
    stage, clock = create_stage(), Clock(time.monotonic())
    stage.edge._revocations._passed = clock
    async with running(stage):
        user, session = uuid4(), uuid4()
        inside = await opened(stage, user, session)
        stage.control.held, stage.control.failure = True, OSError("the broker is gone")
        await until(lambda: not stage.edge.control.following)
        seen_at = stage.edge._revocations.complete_at
        assert seen_at is not None
        clock.now = seen_at + BLIND_SECONDS
        assert await (await opened(stage, user, session)).lives()
        assert stage.edge.health().ready["revocations"]()
        clock.now += 1
        assert await refused(stage, user, session) == CloseCode.SERVER_ERROR
        assert not stage.edge.health().ready["revocations"]()
        assert await inside.lives()
        stage.control.held, clock.now = False, time.monotonic()
        await until(lambda: stage.edge.control.following)
        assert await (await opened(stage, user, session)).lives()


async def test_a_revocation_between_ticket_and_session_is_not_missed(stage: Stage) -> None:
    """It comes while the ticket is being looked up: the socket is not let in."""
    user, session = uuid4(), uuid4()
    taking, taken = asyncio.Event(), asyncio.Event()
    ticket = SocketTicket(
        user_id=user, name="Ada", role="user", expires_at=int(time.time()) + 60, session_id=session
    )

    class SlowTickets:
        async def take(self, _: str) -> SocketTicket:
            taking.set()
            await taken.wait()
            return ticket

    stage.edge._sockets._sign_in._tickets = SlowTickets()
    witness = await opened(stage, user, session)
    client = await Client.raw(stage, user)
    await client.say(type="connect", ticket="t")
    await taking.wait()
    await stage.publisher.publish(revoked(user, session))
    assert await witness.close_code() == CloseCode.ACCESS_REVOKED
    taken.set()
    assert await client.close_code() == CloseCode.ACCESS_REVOKED


async def test_a_revocation_between_connect_and_join_is_not_missed(stage: Stage) -> None:
    """It comes while the gateway is asked about a join: nothing of the conversation is sent."""
    user, session, conversation = uuid4(), uuid4(), uuid4()
    asked, answer = asyncio.Event(), asyncio.Event()
    stage.directory.owners[conversation] = user
    look_up = stage.directory.look_up

    async def slowly(conversation_id: UUID, user_id: UUID) -> object:
        asked.set()
        await answer.wait()
        return await look_up(conversation_id, user_id)

    stage.directory.look_up = slowly  # type: ignore[assignment, method-assign]
    client = await opened(stage, user, session)
    await client.say(type="conversation:join", ref="j", conversation_id=str(conversation))
    await asked.wait()
    await stage.publisher.publish(revoked(user, session))
    await until(lambda: all(one.closing for one in stage.edge.hub._connections))
    answer.set()
    assert await client.close_code() == CloseCode.ACCESS_REVOKED


async def test_a_broken_source_is_replaced_and_nothing_is_missed(stage: Stage) -> None:
    """After a failure it reads back and goes on; who is in stays in."""
    user, session = uuid4(), uuid4()
    client, other = await opened(stage, user, session), await opened(stage, user, uuid4())
    stage.control.failure = OSError("the broker is gone")
    await stage.publisher.publish(revoked(user, session))
    assert await client.close_code() == CloseCode.ACCESS_REVOKED
    await until(lambda: stage.edge.control.following)
    assert await other.lives()


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (b"\xff\xfe garbage", REVOKED),
        (b"{}", REVOKED),
        (b'{"session_id":"nobody"}', REVOKED),
        (b"[" * 5_000, REVOKED),
        (None, REVOKED),
        (b"{}", ()),
        (b"{}", ((names.TYPE, b"\xff"),)),
        (b"{}", ((names.TYPE, None),)),
        (b"{}", ((names.TYPE, b"control.unheard_of.v9"),)),
    ],
)
async def test_poison_is_passed_over(stage: Stage, value: bytes, headers: Headers) -> None:
    """What cannot be read closes nobody, and what stands behind it counts."""
    user, session = uuid4(), uuid4()
    client, other = await opened(stage, user, session), await opened(stage, user, uuid4())
    after = revoked(user, session)
    await stage.publisher.publish(after)
    [log] = [log for log in stage.publisher.logs if log[0] is Topic.CONTROL]
    stage.publisher.logs[log].insert(0, Record(log[0], after.key, value, headers))
    await stage.publisher.publish(after)
    assert await client.close_code() == CloseCode.ACCESS_REVOKED
    assert await other.lives()


@dataclass
class Clock:
    """Seconds that pass when a test says so."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now


def session(
    user_id: UUID, session_id: UUID | None = None, issued_at: float | None = None
) -> Session:
    return Session(ConnectedUser(id=user_id, name="Ada", role="user"), 0, session_id, issued_at)


class TestRevocations:
    """What is remembered, and for how long."""

    def test_one_is_remembered_until_no_token_can_live(self) -> None:
        """A token made in the moment of the revocation expires before it is forgotten."""
        clock, lifetime, key = Clock(), timedelta(minutes=15), uuid4()
        revocations = Revocations(lifetime, now=clock)
        user = uuid4()
        revocations.take(revoked(user, key))
        clock.now += lifetime.total_seconds() + 5
        revocations.forget_old()
        assert revocations.refuses(session(user, key))
        clock.now += DRIFT.total_seconds()
        revocations.forget_old()
        assert len(revocations) == 0

    def test_a_repeat_does_not_hold_up_the_others(self) -> None:
        """What is heard again is remembered longer; what stands behind it is still forgotten."""
        clock, first, second, user = Clock(), uuid4(), uuid4(), uuid4()
        revocations = Revocations(timedelta(minutes=15), now=clock)
        revocations.take(revoked(user, first))
        revocations.take(revoked(user, second))
        clock.now += 600
        revocations.take(revoked(user, first))
        clock.now += 600
        revocations.forget_old()
        assert len(revocations) == 1
        assert revocations.refuses(session(user, first))

    @pytest.mark.parametrize(
        ("session_id", "made", "hit"),
        [
            (None, -10, True),
            (None, 0, True),
            (None, 1, False),
            (None, None, True),
            (uuid4(), -10, True),
            (uuid4(), 0, False),
            (uuid4(), 10, False),
            (uuid4(), None, True),
        ],
    )
    def test_a_user_let_in_again_is_let_in(
        self, session_id: UUID | None, made: int | None, *, hit: bool
    ) -> None:
        """Only what was made before the account was switched off is refused."""
        at = datetime(2026, 11, 23, 12, 0, 0, 500_000, tzinfo=UTC)
        user = uuid4()
        revocations = Revocations(TOKEN_LIFETIME)
        revocations.take(disabled(user, at))
        issued = None if made is None else int(at.timestamp()) + made
        assert revocations.refuses(session(user, session_id, issued)) is hit
        assert not revocations.refuses(session(uuid4(), session_id, issued))

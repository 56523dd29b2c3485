"""Accounts and sessions, the same promises by the real store and its twin in memory."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.auth.memory import InMemoryAccounts
from gateway.auth.ports import (
    Account,
    Accounts,
    EmailTakenError,
    Outcome,
    Rotation,
    Session,
)
from gateway.auth.repository import PostgresAccounts
from gateway.auth.telling import Telling
from gateway.database import Database
from runtime.clock import HybridLogicalClock
from schemas.events.admin import Action, ActionRecorded
from schemas.events.envelope import Event

pytestmark = pytest.mark.connected

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
GRACE = timedelta(seconds=10)


@pytest.fixture(params=["memory", "postgres"])
def accounts(request: pytest.FixtureRequest, database: Database) -> Accounts:
    """Each store in turn."""
    return InMemoryAccounts() if request.param == "memory" else PostgresAccounts(database)


def account() -> Account:
    key = uuid4()
    return Account(key, f"{key}@example.org", "Ada", "user", "$argon2id$...")


def session_of(owner: Account) -> Session:
    return Session(uuid4(), owner.id, uuid4().bytes, NOW, NOW + timedelta(days=30))


def action(kind: Action, target: UUID) -> ActionRecorded:
    key = uuid4()
    return ActionRecorded(
        event_id=key,
        occurred_at=NOW,
        correlation_id=key,
        actor_id=target,
        action=kind,
        target_type="session",
        target_id=target,
    )


def reused(session: Session) -> tuple[Event, ...]:
    return Telling(HybridLogicalClock()).reused(session)


def ended(session: Session) -> tuple[Event, ...]:
    return Telling(HybridLogicalClock()).ended(session)


def switched(someone: Account, sessions: tuple[Session, ...]) -> tuple[Event, ...]:
    telling, admin = Telling(HybridLogicalClock()), uuid4()
    if someone.is_active:
        return telling.enabled(admin, someone)
    return telling.disabled(admin, someone, sessions)


async def registered(accounts: Accounts) -> tuple[Account, Session]:
    someone = account()
    session = session_of(someone)
    registration = action(Action.USER_REGISTERED, someone.id)
    await accounts.register(someone, session, (registration,))
    return someone, session


def rotation(presented: bytes, *, now: datetime = NOW, fresh: bytes | None = None) -> Rotation:
    return Rotation(presented, fresh or uuid4().bytes, now, now + timedelta(days=30), GRACE)


async def test_account_is_found_by_id_and_address(accounts: Accounts) -> None:
    """What was registered is found; anything else is not."""
    someone, _ = await registered(accounts)

    assert await accounts.by_id(someone.id) == someone
    assert await accounts.by_email(someone.email) == someone
    assert await accounts.by_id(uuid4()) is None
    assert await accounts.by_email("nobody@example.org") is None


async def test_address_is_taken_once(accounts: Accounts) -> None:
    """A second account with the address is refused and leaves nothing."""
    someone, _ = await registered(accounts)
    other = replace(account(), email=someone.email)

    with pytest.raises(EmailTakenError):
        await accounts.register(
            other, session_of(other), (action(Action.USER_REGISTERED, other.id),)
        )
    assert await accounts.by_id(other.id) is None


async def test_token_rotates_races_and_is_caught(accounts: Accounts) -> None:
    """Current: rotated; the one before in time: raced; late: reused, and the session is over."""
    someone, session = await registered(accounts)
    second = uuid4().bytes

    first = await accounts.rotate(rotation(session.token_digest, fresh=second), reused)
    raced = await accounts.rotate(rotation(session.token_digest, now=NOW + GRACE), reused)
    late = NOW + GRACE + timedelta(seconds=1)
    caught = await accounts.rotate(rotation(session.token_digest, now=late), reused)
    after = await accounts.rotate(rotation(second, now=late), reused)

    assert (first.outcome, first.account) == (Outcome.ROTATED, someone)
    assert raced.outcome is Outcome.RACED
    assert caught.outcome is Outcome.REUSED
    assert after.outcome is Outcome.REFUSED


async def test_two_tabs_at_once_get_one_rotation(accounts: Accounts) -> None:
    """However many refresh at the same moment, one token takes the old one's place."""
    _, session = await registered(accounts)

    outcomes = await asyncio.gather(
        *(accounts.rotate(rotation(session.token_digest), reused) for _ in range(4))
    )

    assert sorted(one.outcome for one in outcomes) == ["raced", "raced", "raced", "rotated"]


async def test_unknown_expired_and_ended_tokens_are_refused(accounts: Accounts) -> None:
    """A token must be of a session that lives."""
    someone, session = await registered(accounts)
    old = replace(session_of(someone), expires_at=NOW)
    assert await accounts.start_session(old, (action(Action.SESSION_STARTED, old.id),))
    await accounts.end_session(session.token_digest, NOW, ended)
    await accounts.end_session(uuid4().bytes, NOW, ended)

    for digest in (uuid4().bytes, old.token_digest, session.token_digest):
        assert (await accounts.rotate(rotation(digest), reused)).outcome is Outcome.REFUSED


@pytest.mark.usefixtures("empty_outbox")
async def test_change_and_action_are_one_transaction(
    database: Database, owner: AsyncEngine
) -> None:
    """Each change leaves its action in the outbox; a refused one leaves none."""
    accounts = PostgresAccounts(database)
    someone, session = await registered(accounts)
    with pytest.raises(EmailTakenError):
        await accounts.register(
            replace(account(), email=someone.email),
            session_of(someone),
            (action(Action.USER_REGISTERED, someone.id),),
        )
    await accounts.end_session(session.token_digest, NOW, ended)
    await accounts.end_session(session.token_digest, NOW, ended)

    async with owner.connect() as connection:
        rows = await connection.scalars(
            text("select coalesce(body->>'action', event_type) from outbox order by id")
        )
        assert list(rows) == ["user.registered", "session.ended", "control.session_revoked.v1"]


async def test_switched_off_ends_every_session_and_lets_none_begin(accounts: Accounts) -> None:
    """Off: no session stands, none begins, none rotates; on: the old ones stay ended."""
    someone, first = await registered(accounts)
    second = session_of(someone)
    assert await accounts.start_session(second, (action(Action.SESSION_STARTED, second.id),))
    assert await accounts.stands(someone.id, first.id)
    assert await accounts.stands(someone.id, second.id)
    assert await accounts.stands(someone.id, None)

    off = await accounts.switch(someone.id, NOW, switched, active=False)

    assert off is not None
    assert not off.is_active
    for session in (first, second):
        assert not await accounts.stands(someone.id, session.id)
        refused = await accounts.rotate(rotation(session.token_digest), reused)
        assert refused.outcome is Outcome.REFUSED
    assert not await accounts.stands(someone.id, None)
    third = session_of(someone)
    assert not await accounts.start_session(third, (action(Action.SESSION_STARTED, third.id),))

    on = await accounts.switch(someone.id, NOW, switched, active=True)

    assert on == someone
    assert not await accounts.stands(someone.id, first.id)
    assert await accounts.start_session(third, (action(Action.SESSION_STARTED, third.id),))
    assert await accounts.stands(someone.id, third.id)


async def test_a_session_stands_until_it_ends_and_for_its_owner_only(accounts: Accounts) -> None:
    """Ended, unknown and other people's sessions do not stand."""
    someone, session = await registered(accounts)
    other, _ = await registered(accounts)

    assert not await accounts.stands(other.id, session.id)
    assert not await accounts.stands(someone.id, uuid4())
    assert await accounts.end_session(session.token_digest, NOW, ended) is not None
    assert not await accounts.stands(someone.id, session.id)
    assert await accounts.end_session(session.token_digest, NOW, ended) is None


async def test_whom_nobody_knows_cannot_be_switched(accounts: Accounts) -> None:
    """There is nothing to switch, and nothing is told."""
    assert await accounts.switch(uuid4(), NOW, switched, active=False) is None


@pytest.mark.usefixtures("empty_outbox")
async def test_switching_twice_is_told_once(database: Database, owner: AsyncEngine) -> None:
    """The audit hears of it, then each session is named, then the user; a repeat says nothing."""
    accounts = PostgresAccounts(database)
    someone, session = await registered(accounts)
    for _ in range(2):
        await accounts.switch(someone.id, NOW, switched, active=False)

    async with owner.connect() as connection:
        rows = await connection.execute(
            text(
                "select coalesce(body->>'action', event_type), body->>'session_id' "
                "from outbox order by id"
            )
        )
        assert [tuple(row) for row in rows] == [
            ("user.registered", None),
            ("user.disabled", None),
            ("control.session_revoked.v1", str(session.id)),
            ("control.user_disabled.v1", None),
        ]


async def test_a_login_cannot_slip_past_the_switch(accounts: Accounts) -> None:
    """Sessions that begin while the account is switched off either are ended or never begin."""
    someone, _ = await registered(accounts)
    fresh = [session_of(someone) for _ in range(8)]

    await asyncio.gather(
        *(
            accounts.start_session(each, (action(Action.SESSION_STARTED, each.id),))
            for each in fresh[:4]
        ),
        accounts.switch(someone.id, NOW, switched, active=False),
        *(
            accounts.start_session(each, (action(Action.SESSION_STARTED, each.id),))
            for each in fresh[4:]
        ),
    )

    assert not any([await accounts.stands(someone.id, each.id) for each in fresh])

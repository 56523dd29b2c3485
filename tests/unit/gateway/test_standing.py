"""Whether the session behind a token stands: asked seldom, never answered wrongly for long."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from gateway.auth.standing import TRUST_SECONDS, Standing
from runtime.errors import RetryableError
from runtime.tokens import InvalidTokenError
from schemas.claims import AccessClaims

LIFETIME = timedelta(minutes=15)


@dataclass
class Store:
    """Sessions of which each stands or does not; counts the questions."""

    fallen: set[UUID] = field(default_factory=set)
    away: bool = False
    asked: int = 0
    slow: asyncio.Event | None = None

    async def stands(self, user_id: UUID, session_id: UUID | None) -> bool:
        """Answer, once `slow` lets it."""
        self.asked += 1
        if self.away:
            raise RetryableError("the database is away")
        answer = (session_id or user_id) not in self.fallen
        if self.slow is not None:
            await self.slow.wait()
        return answer


@dataclass
class Clock:
    """Seconds that pass when a test says so."""

    now: float = 0.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now


def claims(session_id: UUID | None) -> AccessClaims:
    return AccessClaims(
        sub=uuid4(),
        email="ada@example.org",
        name="Ada",
        role="user",
        iat=0,
        exp=900,
        iss="parley",
        sid=session_id,
    )


@pytest.fixture
def store() -> Store:
    """Sessions that all stand."""
    return Store()


@pytest.fixture
def clock() -> Clock:
    """Time that stands still."""
    return Clock()


@pytest.fixture
def standing(store: Store, clock: Clock) -> Standing:
    """What is tested."""
    return Standing(store, LIFETIME, monotonic=clock)


async def test_an_answer_holds_for_a_moment(standing: Standing, store: Store, clock: Clock) -> None:
    """Many requests of one session are one question; what another gateway ended is seen soon."""
    token = claims(uuid4())
    for _ in range(100):
        await standing.require(token)
    assert store.asked == 1
    assert token.sid is not None
    store.fallen.add(token.sid)
    clock.now += TRUST_SECONDS
    with pytest.raises(InvalidTokenError):
        await standing.require(token)


async def test_what_ended_here_is_refused_at_once(standing: Standing, store: Store) -> None:
    """No question is needed to refuse it, and no answer can bring it back."""
    token = claims(uuid4())
    await standing.require(token)
    assert token.sid is not None
    standing.end((token.sid,))
    with pytest.raises(InvalidTokenError):
        await standing.require(token)
    assert store.asked == 1


async def test_an_answer_from_before_the_end_does_not_count(
    standing: Standing, store: Store
) -> None:
    """A question that was under way when the session ended lets nobody in."""
    store.slow = asyncio.Event()
    token = claims(uuid4())
    asking = asyncio.create_task(standing.require(token))
    await asyncio.sleep(0)
    assert token.sid is not None
    standing.end((token.sid,))
    store.slow.set()
    with pytest.raises(InvalidTokenError):
        await asking


async def test_without_the_store_who_was_good_stays_good(
    standing: Standing, store: Store, clock: Clock
) -> None:
    """For as long as a token lives; who was never seen has to wait."""
    known, unknown = claims(uuid4()), claims(uuid4())
    await standing.require(known)
    store.away = True
    clock.now += LIFETIME.total_seconds() - 1
    await standing.require(known)
    with pytest.raises(RetryableError):
        await standing.require(unknown)
    clock.now += TRUST_SECONDS
    with pytest.raises(RetryableError):
        await standing.require(known)


async def test_without_the_store_the_question_is_not_repeated_at_once(
    standing: Standing, store: Store, clock: Clock
) -> None:
    """A database that hangs is waited for once in a while, not by every request."""
    token = claims(uuid4())
    await standing.require(token)
    store.away = True
    clock.now += TRUST_SECONDS
    for _ in range(10):
        await standing.require(token)
    assert store.asked == 2


async def test_an_old_token_is_asked_for_by_its_user(standing: Standing, store: Store) -> None:
    """A token without a session is good while its account is; a change is seen when told."""
    token = claims(None)
    await standing.require(token)
    store.fallen.add(token.sub)
    await standing.require(token)
    standing.forget(token.sub)
    with pytest.raises(InvalidTokenError):
        await standing.require(token)

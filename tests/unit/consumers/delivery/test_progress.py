"""Liveness is progress: lag that nobody works fails, a good reason to stand still does not."""

from datetime import timedelta

import pytest
from aiokafka.errors import KafkaConnectionError

from consumers.delivery.progress import Progress
from tests.unit.consumers.delivery.samples import HOME, FakeSource, message


class Hands:
    """A clock set by hand."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def progress(hands: Hands) -> Progress:
    made = Progress("chat-test", timedelta(seconds=60), hands)
    made.assigned()
    made.placed({HOME: 0})
    return made


@pytest.fixture
def source() -> FakeSource:
    return FakeSource({HOME: [message(0), message(1)]})


async def test_lag_without_movement_is_not_alive(
    progress: Progress, source: FakeSource, hands: Hands
) -> None:
    """Records wait and nothing moves: the probe fails once the time is up, not before."""
    await progress.look(source)
    assert progress.lag == 2
    hands.time = 59
    assert progress.alive()
    hands.time = 61
    assert not progress.alive()


async def test_movement_is_life(progress: Progress, source: FakeSource, hands: Hands) -> None:
    """A slow consumer that moves is alive."""
    await progress.look(source)
    hands.time = 59
    progress.moved({HOME: 1})
    hands.time = 100
    assert progress.lag == 1
    assert progress.alive()


async def test_no_lag_is_life(progress: Progress, source: FakeSource, hands: Hands) -> None:
    """A consumer with nothing to do is alive, and has the full time once there is something."""
    progress.moved({HOME: 2})
    await progress.look(source)
    hands.time = 10_000
    assert progress.alive()
    source.log[HOME].append(message(2))
    await progress.look(source)
    assert progress.alive()
    hands.time += 61
    assert not progress.alive()


async def test_backing_off_is_life(progress: Progress, source: FakeSource, hands: Hands) -> None:
    """Restarting a consumer does not bring its database back."""
    await progress.look(source)
    with progress.waiting():
        hands.time = 10_000
        assert progress.alive()
    assert progress.alive()
    hands.time += 61
    assert not progress.alive()


async def test_an_unreachable_broker_is_no_stall(
    progress: Progress, source: FakeSource, hands: Hands
) -> None:
    """Restarting a consumer does not bring its broker back either."""
    await progress.look(source)
    source.failures = [KafkaConnectionError()]
    await progress.look(source)
    hands.time = 10_000
    assert progress.alive()


async def test_a_coordinator_that_falls_silent_is_a_stall(
    progress: Progress, source: FakeSource, hands: Hands
) -> None:
    """Partitions were taken away and none come back, with nothing to do: it must be replaced."""
    progress.moved({HOME: 2})
    await progress.look(source)
    progress.revoked()
    hands.time = 59
    progress.revoked()
    assert progress.alive()
    hands.time = 61
    await progress.look(source)
    assert not progress.alive()
    progress.assigned()
    assert progress.alive()


def test_a_group_that_never_answers_is_a_stall(hands: Hands) -> None:
    """Who is never given anything, not even nothing, is replaced as well."""
    progress = Progress("chat-test", timedelta(seconds=60), hands)
    hands.time = 61
    assert not progress.alive()


def test_a_member_that_is_given_nothing_is_alive(hands: Hands) -> None:
    """More members than partitions: the last of them has nothing to do, and knows it."""
    progress = Progress("chat-test", timedelta(seconds=60), hands)
    progress.assigned()
    progress.placed({})
    hands.time = 10_000
    assert progress.alive()


def test_waiting_for_a_broker_is_no_silence(hands: Hands) -> None:
    """While no broker answers there is no group to be given anything by."""
    progress = Progress("chat-test", timedelta(seconds=60), hands)
    with progress.waiting():
        hands.time = 10_000
        assert progress.alive()
    hands.time += 59
    assert progress.alive()

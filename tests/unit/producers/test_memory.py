"""The publisher in memory keeps the promises of the port."""

import pytest

from producers.memory import InMemoryEventPublisher
from producers.ports import PublishStatus
from schemas.generate.examples import EXAMPLES
from tests.unit.producers.publisher_promises import PublisherPromises


class TestInMemoryEventPublisher(PublisherPromises):
    """The shared promises, in memory."""

    @pytest.fixture
    def publisher(self) -> InMemoryEventPublisher:
        """Return a new one per test."""
        return InMemoryEventPublisher()


async def test_what_is_not_accepted_is_not_kept() -> None:
    """The twin can play an outage."""
    publisher = InMemoryEventPublisher(status=PublishStatus.UNKNOWN)
    assert (await publisher.publish(EXAMPLES[1])).status is PublishStatus.UNKNOWN
    assert publisher.events == []

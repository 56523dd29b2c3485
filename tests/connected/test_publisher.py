"""The publisher on the real Kafka keeps the promises of the port, and never lies in an outage."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from producers.kafka import KafkaEventPublisher
from producers.ports import PublishStatus
from runtime.settings import KafkaSettings
from schemas.generate.examples import EXAMPLES
from tests.stack import Stack
from tests.unit.producers.publisher_promises import PublisherPromises

pytestmark = [pytest.mark.connected, pytest.mark.timeout(180)]

DEADLINE = timedelta(seconds=1)


@pytest.fixture
async def publisher(infra_stack: Stack) -> AsyncIterator[KafkaEventPublisher]:
    """Give a publisher of its own to each test."""
    settings = KafkaSettings(
        bootstrap_servers=infra_stack.bootstrap_servers, publish_deadline=DEADLINE
    )
    async with KafkaEventPublisher(settings, process="test", instance=uuid4().hex) as publisher:
        yield publisher


class TestKafkaEventPublisher(PublisherPromises):
    """The shared promises, on the log itself."""


async def test_a_stalled_broker_is_unknown_and_works_again_by_itself(
    publisher: KafkaEventPublisher, infra_stack: Stack
) -> None:
    """At the deadline the answer is `unknown`; afterwards the same publisher is accepted again."""
    assert (await publisher.publish(EXAMPLES[1])).accepted
    infra_stack.pause("kafka")
    try:
        assert (await publisher.publish(EXAMPLES[1])).status is PublishStatus.UNKNOWN
    finally:
        infra_stack.resume("kafka")
    for _ in range(30):
        if (await publisher.publish(EXAMPLES[1])).accepted:
            return
    pytest.fail("the publisher never came back")

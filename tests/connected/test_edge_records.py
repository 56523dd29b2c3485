"""Where a new edge begins to read the real log."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from edge_ws.kafka import KafkaRecords
from producers.kafka import KafkaEventPublisher
from runtime.settings import KafkaSettings
from schemas.events.envelope import Event
from tests.connected import delivery_bed as bed
from tests.stack import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(120)]

PATIENCE_SECONDS = 10.0


async def said_before(stack: Stack) -> tuple[KafkaSettings, Event]:
    settings = KafkaSettings(bootstrap_servers=stack.bootstrap_servers)
    (event,) = bed.messages(1)
    async with KafkaEventPublisher(settings, process="test", instance=uuid4().hex) as publisher:
        assert (await publisher.publish(event)).accepted
    return settings, event


async def hears(settings: KafkaSettings, event: Event, lookback: timedelta) -> bool:
    """Tell whether an edge that starts now reads this event."""
    records = KafkaRecords(settings, "test", lookback=lookback)
    try:
        await records.start({})
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                polled = await records.poll()
                if any(record.key == event.key for log in polled.values() for record in log):
                    return True
    except TimeoutError:
        return False
    finally:
        await records.stop()


async def test_what_was_said_while_no_edge_ran_is_read(infra_stack: Stack) -> None:
    """A restart looks like a short pause: clients are replayed what they missed meanwhile."""
    settings, event = await said_before(infra_stack)
    assert await hears(settings, event, timedelta(seconds=60))


async def test_what_is_older_is_left_to_the_history(infra_stack: Stack) -> None:
    """A new edge does not read the whole log."""
    settings, event = await said_before(infra_stack)
    assert not await hears(settings, event, timedelta(0))

"""What every publisher promises; each adapter's tests inherit this."""

from typing import TYPE_CHECKING

from producers.ports import EventPublisher, PublishStatus
from schemas.generate.examples import EXAMPLES
from schemas.topics import TOPIC_OF

if TYPE_CHECKING:
    from schemas.events.envelope import Event


class PublisherPromises:
    """Needs a fixture `publisher`."""

    async def test_an_accepted_event_has_a_place(self, publisher: EventPublisher) -> None:
        """Accepted means: it stands in a log, here."""
        for event in EXAMPLES:
            told = await publisher.publish(event)
            assert told.status is PublishStatus.ACCEPTED
            assert told.topic is TOPIC_OF[type(event)]
            assert told.partition is not None
            assert told.offset is not None

    async def test_one_key_is_one_partition_in_order(self, publisher: EventPublisher) -> None:
        """Events under one key stand in the order in which they were published."""
        event: Event = EXAMPLES[1]
        places = [await publisher.publish(event) for _ in range(5)]
        offsets = [place.offset for place in places if place.offset is not None]
        assert len({place.partition for place in places}) == 1
        assert offsets == sorted(set(offsets))
        assert len(offsets) == 5

    async def test_several_at_once_stand_in_their_order(self, publisher: EventPublisher) -> None:
        """Each is told its own place, and one key keeps its order."""
        event: Event = EXAMPLES[1]
        places = await publisher.publish_all([event, EXAMPLES[0], event, event])
        assert [place.topic for place in places] == [
            TOPIC_OF[type(each)] for each in (event, EXAMPLES[0], event, event)
        ]
        offsets = [places[at].offset for at in (0, 2, 3)]
        assert None not in offsets
        assert offsets == sorted(set(offsets), key=lambda offset: offset or 0)
        assert await publisher.publish_all([]) == []

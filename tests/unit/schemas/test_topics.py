"""The catalogue is whole."""

import re

import pytest

from schemas.topics import (
    CATALOGUE,
    EVENT_TYPES,
    LANES,
    TOPIC_OF,
    dead_letter_topics,
    retry_topics,
    source_of,
    subscription_of,
    topics_of,
)


def test_an_event_belongs_to_one_topic() -> None:
    """The publisher can tell the topic from the event."""
    listed = [event for spec in CATALOGUE.values() for event in spec.events]
    assert len(listed) == len(set(listed)) == len(TOPIC_OF) == len(EVENT_TYPES)


def test_events_are_keyed_as_their_topic_says() -> None:
    """All events of a topic share its key, so that order holds."""
    for spec in CATALOGUE.values():
        for event in spec.events:
            assert event.key_field == spec.key
            assert spec.key in event.model_fields


def test_names_are_kebab() -> None:
    """`.` and `_` would collide in Kafka's metric names."""
    for name in (*CATALOGUE, *dead_letter_topics(), *retry_topics()):
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)


def test_event_types_name_family_event_and_version() -> None:
    """`<family>.<event>.v<N>`."""
    for name in EVENT_TYPES:
        assert re.fullmatch(r"[a-z]+\.[a-z_]+\.v[1-9]", name)


def test_a_group_reads_its_own_retries_only() -> None:
    """A redrive reaches the consumer that failed, and no other."""
    for lane in LANES:
        read = subscription_of(lane.consumer)
        assert {lane.topic, lane.retries} <= set(read)
        assert len(read) == 2 * len(topics_of(lane.consumer))
    every = [topic for lane in LANES for topic in (lane.retries, lane.dead_letters)]
    assert len(set(every)) == len(every)


def test_a_retry_topic_leads_to_its_source() -> None:
    """A topic is its own source; what the catalogue does not know has none."""
    for lane in LANES:
        assert source_of(lane.retries) is source_of(lane.topic) is lane.topic
    with pytest.raises(ValueError, match="no-such-topic"):
        source_of("no-such-topic")

"""The catalogue is whole."""

import re

from schemas.topics import CATALOGUE, EVENT_TYPES, TOPIC_OF, dead_letter_topics


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
    for name in (*CATALOGUE, *dead_letter_topics()):
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)


def test_event_types_name_family_event_and_version() -> None:
    """`<family>.<event>.v<N>`."""
    for name in EVENT_TYPES:
        assert re.fullmatch(r"[a-z]+\.[a-z_]+\.v[1-9]", name)

"""The topic catalogue and the code say the same about who writes and who reads."""

import ast

import pytest

from schemas.positions import PUSHED_TOPICS
from schemas.topics import CATALOGUE, EDGE, TOPIC_OF, Topic, topics_of
from tests.architecture.sources import Source, called_name, calls, code, process_folder, sources

PROCESSES = sorted(
    {name for spec in CATALOGUE.values() for name in (*spec.writers, *spec.readers, *spec.tails)}
)
EVENTS = {event.__name__: topic for event, topic in TOPIC_OF.items()}
WRITES = [(topic, writer) for topic, spec in CATALOGUE.items() for writer in spec.writers]
CONSUMERS = [process for process in PROCESSES if process_folder(process).startswith("consumers/")]
READS = [(topic, consumer) for consumer in CONSUMERS for topic in topics_of(consumer)]
READS += [(topic, name) for topic, spec in CATALOGUE.items() for name in spec.tails]


def topics_named(source: Source) -> set[Topic]:
    """Return the topics that a file names as `Topic.X`."""
    return {
        Topic[node.attr]
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Topic"
        and node.attr in Topic.__members__
    }


def topics_made(source: Source) -> set[Topic]:
    """Return the topics whose events a file constructs, checked or by `model_construct`."""
    made = set()
    for call in calls(source):
        match call.func:
            case ast.Name(id=name) if name in EVENTS:
                made.add(EVENTS[name])
            case ast.Attribute(value=ast.Name(id=name), attr="model_construct") if name in EVENTS:
                made.add(EVENTS[name])
    return made


def topics_known(source: Source) -> set[Topic]:
    """Return the topics of which a file imports an event."""
    return {
        EVENTS[alias.name]
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in EVENTS
    }


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_uses_only_topics_of_its_own(process: str) -> None:
    """A process names no topic that the catalogue does not give it."""
    allowed = {
        topic
        for topic, spec in CATALOGUE.items()
        if process in {*spec.writers, *spec.readers, *spec.tails}
    }
    used = {topic for source in sources(process_folder(process)) for topic in topics_named(source)}
    assert used <= allowed


@pytest.mark.parametrize(("topic", "process"), WRITES)
def test_a_writer_makes_events_of_its_topic(topic: Topic, process: str) -> None:
    """Who the catalogue calls a writer constructs at least one event of the topic."""
    made = {topic for source in sources(process_folder(process)) for topic in topics_made(source)}
    assert topic in made


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_makes_only_events_it_may_write(process: str) -> None:
    """No process constructs an event of a topic that it does not write."""
    allowed = {topic for topic, spec in CATALOGUE.items() if process in spec.writers}
    made = {topic for source in sources(process_folder(process)) for topic in topics_made(source)}
    assert made <= allowed


@pytest.mark.parametrize(("topic", "process"), READS)
def test_a_consumer_knows_events_of_every_topic_it_reads(topic: Topic, process: str) -> None:
    """Who the catalogue calls a reader does something with at least one event of the topic."""
    assert topic in {t for source in sources(process_folder(process)) for t in topics_known(source)}


@pytest.mark.parametrize("process", CONSUMERS)
def test_a_consumer_subscribes_to_its_share_of_the_catalogue(process: str) -> None:
    """A consumer runs the shared loop under its own name; the loop asks the catalogue."""
    named = {
        target.id: node.value.value
        for source in sources(f"consumers/{process}")
        for node in source.tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert named["NAME"] == process
    loop = [called_name(call) for source in sources("consumers/delivery") for call in calls(source)]
    assert "subscription_of" in loop


def test_the_edges_push_what_the_catalogue_lets_them_read() -> None:
    """Every topic that edges read has positions, but for `control` and for pieces of answers."""
    without = {Topic.CONTROL, Topic.CHAT_REPLY_DELTAS}
    assert {*PUSHED_TOPICS, *without} == set(topics_of(EDGE))


def test_topic_names_are_written_once() -> None:
    """Outside the catalogue no code spells a topic's name."""
    names = {str(topic) for topic in Topic}
    spelled = [
        f"{source.path}:{node.lineno} {node.value}"
        for source in code()
        if source.path != "schemas/topics.py"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and node.value in names
    ]
    assert not spelled

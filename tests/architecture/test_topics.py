"""The topic catalogue and the code say the same about who writes and who reads."""

import ast

import pytest

from schemas.topics import CATALOGUE, TOPIC_OF, Topic
from tests.architecture.sources import Source, called_name, calls, code, process_folder, sources

PROCESSES = sorted({name for spec in CATALOGUE.values() for name in (*spec.writers, *spec.readers)})
EVENTS = {event.__name__: topic for event, topic in TOPIC_OF.items()}
WRITES = [(topic, writer) for topic, spec in CATALOGUE.items() for writer in spec.writers]
READS = [(topic, reader) for topic, spec in CATALOGUE.items() for reader in spec.readers]


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
    """Return the topics whose events a file constructs."""
    return {EVENTS[name] for call in calls(source) if (name := called_name(call)) in EVENTS}


def reads_its_share(source: Source, process: str) -> bool:
    """Tell whether a file asks the catalogue for everything this process reads."""
    return any(
        called_name(call) == "topics_of"
        and (
            process in {arg.value for arg in call.args if isinstance(arg, ast.Constant)}
            or any(isinstance(arg, ast.Name | ast.Attribute) for arg in call.args)
        )
        for call in calls(source)
    )


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_uses_only_topics_of_its_own(process: str) -> None:
    """A process names no topic that the catalogue does not give it."""
    allowed = {
        topic
        for topic, spec in CATALOGUE.items()
        if process in spec.writers or process in spec.readers
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
def test_a_reader_subscribes_to_its_topic(topic: Topic, process: str) -> None:
    """Who the catalogue calls a reader subscribes, by name or by asking the catalogue."""
    files = sources(process_folder(process))
    assert any(topic in topics_named(s) or reads_its_share(s, process) for s in files)


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

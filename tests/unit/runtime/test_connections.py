"""Connections to the broker that close at the worst moment, on the loop that the processes use."""

import asyncio

import pytest
import uvloop
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaConnectionError

import runtime.kafka  # noqa: F401 - mends connections


class Request:
    """A request, and its own encoding."""

    def prepare(self, _: object) -> "Request":
        """Be ready for any broker."""
        return self

    def build_request_header(self, **_: object) -> "Request":
        """Have a header."""
        return self

    def encode(self) -> bytes:
        """A few bytes."""
        return b"ping"


async def closed() -> AIOKafkaConnection:
    """Return a connection whose transport is closed, which it has not noticed yet."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connection = AIOKafkaConnection("127.0.0.1", port)
    connection._reader, connection._writer = await asyncio.open_connection("127.0.0.1", port)
    connection._read_task = asyncio.create_task(asyncio.sleep(0))
    connection._writer.transport.abort()
    await asyncio.sleep(0.05)
    server.close()
    return connection


def test_a_closed_connection_is_a_lost_one() -> None:
    """A client goes on with another; RuntimeError would end it for ever."""

    async def scenario() -> None:
        connection = await closed()
        with pytest.raises(KafkaConnectionError):
            connection.send(Request())
        assert not connection.connected()

    uvloop.run(scenario())

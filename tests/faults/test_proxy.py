"""The proxy breaks connections the way it says, and carries everything when it is not asked to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.faults.proxy import DRIP_BYTES, Proxy


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """Stand before a server that says everything back."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1024):
                writer.write(data)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, Proxy("127.0.0.1", server.sockets[0].getsockname()[1]) as standing:
        yield standing


async def said(proxy: Proxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect and make sure that the way is open."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"hello")
    assert await reader.readexactly(5) == b"hello"
    return reader, writer


async def test_a_cut_ends_the_stream(proxy: Proxy) -> None:
    """Both ends see an end."""
    reader, writer = await said(proxy)
    next(iter(proxy.links)).cut()
    assert await reader.read() == b""
    writer.close()


async def test_a_reset_is_a_reset(proxy: Proxy) -> None:
    """The client is told that the connection was reset."""
    reader, writer = await said(proxy)
    next(iter(proxy.links)).reset()
    with pytest.raises(ConnectionResetError):
        await reader.readexactly(1)
    writer.close()


async def test_a_half_open_link_swallows(proxy: Proxy) -> None:
    """Nothing arrives, and nobody is told."""
    reader, writer = await said(proxy)
    next(iter(proxy.links)).half_open = True
    writer.write(b"lost")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await reader.readexactly(1)
    writer.close()


async def test_a_deaf_link_says_and_does_not_hear(proxy: Proxy) -> None:
    """The server has it; the client is never told."""
    reader, writer = await said(proxy)
    link = next(iter(proxy.links))
    link.deaf = True
    writer.write(b"done?")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await reader.readexactly(1)
    link.deaf = False
    writer.write(b"yes")
    assert await reader.readexactly(3) == b"yes"
    writer.close()


async def test_a_halved_request_ends_in_a_reset(proxy: Proxy) -> None:
    """The connection breaks in the middle of what was being said."""
    reader, writer = await said(proxy)
    next(iter(proxy.links)).halving = True
    writer.write(b"0123456789")
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await reader.readexactly(10)
    writer.close()


async def test_latency_and_drip_hold_back_but_lose_nothing(proxy: Proxy) -> None:
    """Late and in small pieces, everything arrives in order."""
    reader, writer = await said(proxy)
    proxy.latency = 0.02
    next(iter(proxy.links)).dripping = True
    words, started = bytes(range(256)) * 2, asyncio.get_running_loop().time()
    writer.write(words)
    assert await reader.readexactly(len(words)) == words
    pieces = len(words) / DRIP_BYTES
    assert asyncio.get_running_loop().time() - started > 0.02 * pieces
    writer.close()


async def test_a_server_that_is_away_is_a_closed_connection() -> None:
    """Nobody listens upstream: the client sees an end at once."""
    async with Proxy("127.0.0.1", 1) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        assert await reader.read() == b""
        writer.close()

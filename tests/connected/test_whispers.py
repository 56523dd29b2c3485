"""Typing and presence between edges, through the real Valkey."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest
from pydantic import SecretStr

from edge_ws.fanout import Fanout
from edge_ws.passing import Passing
from edge_ws.whispers import ValkeyWhispers
from runtime.errors import RetryableError
from schemas.frames.server import PresenceFrame, PresenceState
from tests.stack import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(120)]


@pytest.fixture
async def edges(infra_stack: Stack) -> AsyncIterator[tuple[ValkeyWhispers, ValkeyWhispers]]:
    """Two edges of one stack."""
    async with AsyncExitStack() as stack:
        first, second = (
            ValkeyWhispers(SecretStr(infra_stack.valkey_url), f"edge-{uuid4()}") for _ in range(2)
        )
        stack.push_async_callback(first.close)
        stack.push_async_callback(second.close)
        yield first, second


async def test_every_edge_hears_what_one_tells(
    edges: tuple[ValkeyWhispers, ValkeyWhispers],
) -> None:
    """Also the one that tells."""
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def listen(edge: ValkeyWhispers) -> None:
        async for whisper in edge.hear():
            heard.put_nowait(whisper)

    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        listening = [tasks.create_task(listen(edge)) for edge in edges]
        word = str(uuid4()).encode()
        got = 0
        while got < len(edges):
            # Until both have subscribed there is nobody to hear it.
            await edges[0].tell(word)
            await asyncio.sleep(0.05)
            got = max(got, heard.qsize())
        for task in listening:
            task.cancel()
    assert heard.get_nowait() == word


async def test_people_are_here_while_any_edge_has_them(
    edges: tuple[ValkeyWhispers, ValkeyWhispers],
) -> None:
    """Leaving one edge is not leaving; afterwards it is known when they left."""
    first, second = edges
    user_id, nobody = uuid4(), uuid4()
    await first.arrive([user_id])
    await second.arrive([user_id])
    await first.leave(user_id)
    here, unknown = await first.look([user_id, nobody])
    assert here.state is PresenceState.ONLINE
    assert (unknown.state, unknown.last_seen) == (PresenceState.OFFLINE, None)
    await second.leave(user_id)
    [gone] = await first.look([user_id])
    assert gone.state is PresenceState.OFFLINE
    assert gone.last_seen is not None


async def test_people_are_away_when_no_edge_has_a_device_of_theirs_in_use(
    edges: tuple[ValkeyWhispers, ValkeyWhispers],
) -> None:
    """Each edge says it of its own devices."""
    first, second = edges
    user_id = uuid4()
    states = []
    await first.arrive([user_id])
    await second.arrive([], [user_id])
    for _ in range(2):
        [seen] = await second.look([user_id])
        states.append(seen.state)
        await first.arrive([], [user_id])
    await second.arrive([user_id])
    [back] = await first.look([user_id])
    assert [*states, back.state] == ["online", "away", "online"]


async def test_whispers_are_heard_again_after_valkey_died(
    infra_stack: Stack, edges: tuple[ValkeyWhispers, ValkeyWhispers]
) -> None:
    """Nothing of an edge ends with Valkey; once it is back, so are the whispers."""
    told = PresenceFrame(user_id=uuid4(), state=PresenceState.ONLINE)
    word = told.model_dump_json().encode()
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    first, second = (Passing(each, Fanout()) for each in edges)
    second.on_presence = heard.put_nowait
    loops = [asyncio.create_task(first.say_for_ever()), asyncio.create_task(second.hear_for_ever())]

    async def until_heard() -> None:
        async with asyncio.timeout(60):
            while heard.empty():
                first.say(lambda: edges[0].tell(word))
                await asyncio.sleep(0.1)
        assert heard.get_nowait() == word

    try:
        await until_heard()
        infra_stack.kill("valkey")
        infra_stack.wait_ready("valkey")
        while not heard.empty():
            heard.get_nowait()
        await until_heard()
        assert not any(loop.done() for loop in loops)
    finally:
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)


async def test_a_store_that_is_away_is_said_to_be(unused_tcp_port: int) -> None:
    """Every call fails in the one way that its callers expect."""
    away = ValkeyWhispers(SecretStr(f"redis://127.0.0.1:{unused_tcp_port}/0"), "edge")
    calls = [away.tell(b"x"), away.arrive([uuid4()]), away.leave(uuid4()), away.look([uuid4()])]
    for call in (*calls, anext(away.hear())):
        with pytest.raises(RetryableError):
            await call
    await away.close()

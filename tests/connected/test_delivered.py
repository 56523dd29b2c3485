"""How far what was said has reached people: told by one device, kept, and shown to the others."""

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from parley_client import Chat, ParleyClient, RestError, Thread, by_ticket
from tests.stack import Stack

if TYPE_CHECKING:
    from parley_client.frames import Frame

pytestmark = [pytest.mark.connected, pytest.mark.timeout(120)]

STORED_SECONDS = 30.0
NOT_STORED = 404


async def test_a_delivery_mark_is_heard_and_kept(stack: Stack) -> None:
    """The furthest one, on every device and in a fresh history; it is no read mark."""
    async with ParleyClient(stack.url) as rest:
        await rest.register(f"{uuid4().hex}@example.com", "a long passphrase", "Ada")
        heard = list["Frame"]()
        async with (
            Chat(by_ticket(rest)) as one,
            Chat(by_ticket(rest), on_frame=heard.append) as two,
        ):
            conversation = await one.start()
            first = (await conversation.send("hello")).message_id
            second = (await conversation.send("where is my order 4711?")).message_id
            await two.join(conversation.id)
            for message in (second, first):
                about = {"conversation_id": str(conversation.id), "message_id": str(message)}
                await one.ask({"type": "delivered", **about})
            me = str(rest.signed_in.user.id) if rest.signed_in is not None else ""
            async with asyncio.timeout(STORED_SECONDS):
                while (stored := await _marks(rest, conversation.id)) != {me: str(second)}:
                    await asyncio.sleep(0.05)
                while len([each for each in heard if each["type"] == "delivered"]) < 2:
                    await asyncio.sleep(0.05)
    live = Thread()
    for frame in heard:
        live.apply(frame)
    assert (live.delivered, live.read) == (stored, {})


async def _marks(rest: ParleyClient, conversation_id: UUID) -> dict[str, str]:
    try:
        page = await rest.history(conversation_id)
    except RestError as error:
        if error.status != NOT_STORED:
            raise
        return {}
    thread = Thread.of(page.items, page.read, delivered=page.delivered)
    assert thread.read == {}
    return thread.delivered

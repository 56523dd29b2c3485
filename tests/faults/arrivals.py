"""People who sign in while something breaks: each with a fresh account, token and ticket."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from uuid import uuid4

from parley_client import Chat, ParleyClient
from parley_client.credentials import Credentials
from tests.stack import Stack

PASSWORD = "correct horse battery"
FIRST_TRY_SECONDS = 60.0


class Arrivals:
    """Lets somebody in all the time, one after the other, at one edge after the other.

    `took` holds the seconds from a fresh ticket's asking to a joined conversation.
    """

    def __init__(self, stack: Stack, urls: Sequence[str], *, accounts: int = 4) -> None:
        self._stack = stack
        self._urls = itertools.cycle(urls)
        self._count = accounts
        self.took: list[float] = []

    async def run(self, pause: float, enough: asyncio.Event) -> None:
        """Let people in every so many seconds until it is enough; nobody is left outside."""
        async with AsyncExitStack() as opened:
            accounts = [await self._registered(opened) for _ in range(self._count)]
            for account in itertools.cycle(accounts):
                if enough.is_set():
                    return
                await self._enter(account)
                await asyncio.sleep(pause)

    async def _registered(self, opened: AsyncExitStack) -> ParleyClient:
        account = await opened.enter_async_context(ParleyClient(self._stack.url))
        await account.register(f"{uuid4()}@example.org", PASSWORD, "Grace")
        return account

    async def _enter(self, account: ParleyClient) -> None:
        began = time.monotonic()
        await account.refresh()
        async with asyncio.timeout(FIRST_TRY_SECONDS), Chat(self._by_turns(account)) as chat:
            await chat.start()
        self.took.append(time.monotonic() - began)

    def _by_turns(self, account: ParleyClient) -> Credentials:
        """Sign in with a new ticket each time, at the next edge."""

        async def credentials() -> tuple[str, dict[str, str]]:
            ticket = await account.socket_ticket()
            return next(self._urls), {"ticket": ticket.ticket}

        return credentials

"""What was missed, asked of the history when the edge cannot replay it."""

import asyncio
import contextlib
import itertools
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from parley_client.errors import RestError
from parley_client.pending import backoff

if TYPE_CHECKING:
    from parley_client.frames import Frame
    from parley_client.memory import Memory
    from parley_client.rest import ParleyClient

LATER = {401, 404, 429}
"""A token to be renewed, a conversation not stored yet, too many questions: ask again."""
SERVER_ERROR = 500
UNAUTHORIZED = 401


class Missed(NamedTuple):
    """Messages as they are now, and up to where on the log nothing of the history is missing."""

    items: "list[Frame]"
    positions: list[str]


class History:
    """The history from what was known when this was made; what was heard since does not count."""

    def __init__(self, rest: "ParleyClient", memory: "Memory") -> None:
        self._rest = rest
        self._memory = memory
        self._known = memory.count

    async def missed(self, conversation_id: UUID) -> Missed | None:
        """Return the messages back to what was known, asking until the gateway answers.

        None for a conversation that is not ours any more.
        """
        for attempt in itertools.count():
            try:
                missed = await self._pages(conversation_id)
            except RestError as error:
                if error.status not in LATER and error.status < SERVER_ERROR:
                    break
                await asyncio.sleep(backoff(attempt))
                if error.status == UNAUTHORIZED:
                    # The access token may just have expired.
                    with contextlib.suppress(RestError):
                        await self._rest.refresh()
            else:
                for item in missed.items:
                    item.setdefault("type", "reply" if item.get("in_reply_to") else "message")
                return missed
        return None

    async def _pages(self, conversation_id: UUID) -> Missed:
        """Return the pages back to the first that holds something known."""
        items: list[Frame] = []
        positions: list[str] | None = None
        before: str | None = None
        while True:
            page = await self._rest.history(conversation_id, before=before)
            items = [*page.items, *items]
            # Of the first page, which was read first: what changed since then is replayed.
            positions = page.positions if positions is None else positions
            before = page.next
            if before is None or any(self._is_known(item) for item in page.items):
                return Missed(items, positions)

    def _is_known(self, item: "Frame") -> bool:
        return self._memory.knew(str(item["event_id"]), self._known)

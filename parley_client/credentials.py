"""How a connection signs in: asked anew each time, because tickets and tokens do not last."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from parley_client.errors import RestError
from parley_client.frames import Frame

if TYPE_CHECKING:
    from parley_client.rest import ParleyClient

Credentials = Callable[[], Awaitable[tuple[str, Frame]]]
"""Returns where to connect and the fields that sign in; asked anew for each connection."""


def by_token(url: str, token: str) -> Credentials:
    """Sign in with an access token."""

    async def credentials() -> tuple[str, Frame]:
        return url, {"token": token}

    return credentials


def by_ticket(client: "ParleyClient") -> Credentials:
    """Sign in with a ticket of this client's session, as browsers do."""

    async def credentials() -> tuple[str, Frame]:
        try:
            ticket = await client.socket_ticket()
        except RestError as error:
            if error.status != 401:  # noqa: PLR2004 - the access token may just have expired
                raise
            await client.refresh()
            ticket = await client.socket_ticket()
        return ticket.url, {"ticket": ticket.ticket}

    return credentials

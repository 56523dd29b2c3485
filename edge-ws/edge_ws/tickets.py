"""Single-use tickets in Valkey."""

from pydantic import SecretStr, ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from runtime.errors import RetryableError
from schemas.tickets import SocketTicket, ticket_key

TIMEOUT_SECONDS = 2.0


class ValkeyTickets:
    """Takes tickets out of Valkey, each at most once."""

    def __init__(self, url: SecretStr) -> None:
        self._valkey = Redis.from_url(
            url.get_secret_value(),
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._valkey.aclose()

    async def take(self, ticket: str) -> SocketTicket | None:
        """Return and delete in one step; see `edge_ws.ports.TicketStore`."""
        try:
            found = await self._valkey.getdel(ticket_key(ticket))
        except (RedisError, OSError) as error:
            msg = f"Valkey gave no answer: {type(error).__name__}"
            raise RetryableError(msg) from error
        if found is None:
            return None
        try:
            return SocketTicket.model_validate_json(found)
        except ValidationError:
            return None

"""The gateway as the directory of conversations."""

from uuid import UUID

import httpx2
from pydantic import BaseModel, SecretStr, ValidationError

from edge_ws.ports import Grant
from runtime.errors import RetryableError

TIMEOUT_SECONDS = 2.0


class _Answer(BaseModel):
    owner_id: UUID
    allowed: bool


class GatewayDirectory:
    """Asks `GET /internal/conversations/{id}/access`; use it as an async context manager."""

    def __init__(
        self,
        url: str,
        token: SecretStr,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._client = httpx2.AsyncClient(
            base_url=url,
            headers={"authorization": f"Bearer {token.get_secret_value()}"},
            timeout=TIMEOUT_SECONDS,
            transport=transport,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def look_up(self, conversation_id: UUID, user_id: UUID) -> Grant | None:
        """Return what the gateway says; see `edge_ws.ports.ConversationDirectory`."""
        try:
            response = await self._client.get(
                f"/internal/conversations/{conversation_id}/access",
                params={"user_id": str(user_id)},
            )
            if response.status_code == httpx2.codes.NOT_FOUND:
                return None
            response.raise_for_status()
            answer = _Answer.model_validate_json(response.content)
        except (httpx2.HTTPError, ValidationError) as error:
            msg = f"the gateway gave no answer: {type(error).__name__}"
            raise RetryableError(msg) from error
        return Grant(answer.owner_id, answer.allowed)

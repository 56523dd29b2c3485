"""The gateway as the directory of conversations."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

import httpx2
from pydantic import AwareDatetime, BaseModel, SecretStr, ValidationError

from edge_ws.ports import Grant, KnownMessage
from runtime.errors import RetryableError
from schemas.events.chat import SenderKind
from schemas.positions import Position

TIMEOUT_SECONDS = 2.0


class _Access(BaseModel):
    owner_id: UUID
    allowed: bool
    kind: SenderKind | None = SenderKind.USER
    """Older gateways let owners in only, and do not say so."""
    agents: tuple[UUID, ...] = ()
    ended: bool = False


class _Message(BaseModel):
    sender_id: UUID
    occurred_at: AwareDatetime
    deleted: bool
    text: str | None = None
    answers: UUID | None = None


Answer = TypeVar("Answer", bound=BaseModel)


class GatewayDirectory:
    """Asks the gateway's internal routes."""

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
        answer = await self._ask(
            _Access, f"/internal/conversations/{conversation_id}/access", user_id=str(user_id)
        )
        if answer is None:
            return None
        kind = answer.kind if answer.allowed else None
        return Grant(answer.owner_id, kind, answer.agents, ended=answer.ended)

    async def find_message(
        self, conversation_id: UUID, message_id: UUID, needed: Sequence[Position] = ()
    ) -> KnownMessage | None:
        """Return what the gateway says; see `edge_ws.ports.ConversationDirectory`."""
        answer = await self._ask(
            _Message,
            f"/internal/conversations/{conversation_id}/messages/{message_id}",
            needed=[str(position) for position in needed],
        )
        if answer is None:
            return None
        return KnownMessage(**dict(answer))

    async def _ask(
        self, model: type[Answer], path: str, **query: str | Sequence[str]
    ) -> Answer | None:
        try:
            response = await self._client.get(path, params=query)
            if response.status_code == httpx2.codes.NOT_FOUND:
                return None
            response.raise_for_status()
            return model.model_validate_json(response.content)
        except (httpx2.HTTPError, ValidationError) as error:
            msg = f"the gateway gave no answer: {type(error).__name__}"
            raise RetryableError(msg) from error

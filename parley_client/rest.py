"""The gateway's REST routes as methods."""

import asyncio
import itertools
from typing import Self
from uuid import UUID, uuid4

import httpx2
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from parley_client.errors import RestError
from parley_client.pending import backoff

TIMEOUT_SECONDS = 10.0
UNREACHABLE = 503
"""The status given to a gateway that does not answer."""
NOT_FOUND = 404
_AGAIN = frozenset({429, UNREACHABLE})
"""Not done, or not known to be: to be asked again."""


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class User(_Answer):
    """Who is signed in."""

    id: UUID
    email: str
    name: str
    role: str


class SignedIn(_Answer):
    """An access token and whose it is; the refresh token stays in the client's cookies."""

    token: str
    user: User
    expires_at: str = Field(alias="expiresAt")


class Ticket(_Answer):
    """A single-use ticket, and where to open a socket with it."""

    ticket: str
    url: str


class Page(_Answer):
    """One page of a history or a list, in its order; `next` asks for the page that goes on."""

    items: list[dict[str, JsonValue]]
    next: str | None = None
    read: list[dict[str, JsonValue]] = []
    """How far each has read; in histories only."""
    delivered: list[dict[str, JsonValue]] = []
    """How far what was said has reached each."""
    title: dict[str, JsonValue] | None = None
    """The conversation's, and when it got it; in histories only."""
    ended_at: str | None = None
    """From when on nothing more is said in it; in histories only."""
    agents: list[dict[str, JsonValue]] = []
    """Who came into the conversation besides its owner; in histories only."""
    positions: list[str] = []
    """Where to join from, so that nothing is missing between this page and the socket."""


class ParleyClient:
    """Talks to one gateway as one user; use it as an async context manager."""

    def __init__(self, url: str, *, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._http = httpx2.AsyncClient(
            base_url=url,
            timeout=TIMEOUT_SECONDS,
            transport=transport,
            headers={"X-Parley-CSRF": "1"},
        )
        self.signed_in: SignedIn | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def register(self, email: str, password: str, name: str) -> SignedIn:
        """Make an account and sign in to it."""
        return await self._sign_in(
            "/api/auth/register", {"email": email, "password": password, "name": name}
        )

    async def login(self, email: str, password: str) -> SignedIn:
        """Sign in."""
        return await self._sign_in("/api/auth/login", {"email": email, "password": password})

    async def refresh(self) -> SignedIn:
        """Exchange the refresh token, which is in the cookies, for a new access token."""
        return await self._sign_in("/api/auth/refresh", None)

    async def logout(self) -> None:
        """End the session."""
        await self.request("POST", "/api/auth/logout")
        self.signed_in = None

    async def socket_ticket(self) -> Ticket:
        """Return a ticket that opens one socket within 30 seconds."""
        response = await self.request("POST", "/api/auth/socket-ticket")
        return Ticket.model_validate_json(response.content)

    async def conversations(self) -> list[dict[str, JsonValue]]:
        """Return the user's conversations, newest first."""
        response = await self.request("GET", "/api/chat/conversations")
        return Page.model_validate_json(response.content).items

    async def history(
        self, conversation_id: UUID, *, before: str | None = None, limit: int = 50
    ) -> Page:
        """Return a page of messages; the newest one without `before`."""
        query = {"limit": str(limit)}
        if before is not None:
            query["before"] = before
        path = f"{_path_of(conversation_id)}/messages"
        response = await self.request("GET", path, query=query)
        return Page.model_validate_json(response.content)

    async def rename_conversation(
        self, conversation_id: UUID, title: str, *, client_event_id: UUID | None = None
    ) -> None:
        """Give a conversation of one's own another title; returns when it is accepted.

        Raises:
            RestError: it is another's, or is not there (404), or the title is none (422).
        """
        body = {"title": title, "client_event_id": str(client_event_id or uuid4())}
        await self._surely("PUT", _path_of(conversation_id), body)

    async def end_conversation(self, conversation_id: UUID) -> None:
        """Let nothing more be said in a conversation of one's own, for good.

        Raises:
            RestError: it is another's, or is not there (404).
        """
        await self._surely("PUT", _path_of(conversation_id), {"status": "ended"})

    async def delete_conversation(self, conversation_id: UUID) -> None:
        """Take a conversation of one's own away with everything in it, for good.

        Raises:
            RestError: it is another's, or is not there (404).
        """
        await self._surely("DELETE", _path_of(conversation_id))

    async def _surely(self, method: str, path: str, body: dict[str, str] | None = None) -> None:
        """Ask until it is accepted or refused."""
        for attempt in itertools.count():
            try:
                await self.request(method, path, body=body)
            except RestError as error:
                if attempt and method == "DELETE" and error.status == NOT_FOUND:
                    # One of the tries before has done it.
                    return
                if error.status not in _AGAIN:
                    raise
                await asyncio.sleep(backoff(attempt))
            else:
                return

    async def handovers(self, *, after: str | None = None, limit: int = 30) -> Page:
        """Return a page of the conversations that are with a person, the longest waiting first.

        Raises:
            RestError: who is signed in is neither agent nor admin (403), or as `request`.
        """
        query = {"limit": str(limit)} if after is None else {"limit": str(limit), "after": after}
        response = await self.request("GET", "/api/chat/handovers", query=query)
        return Page.model_validate_json(response.content)

    async def join_as_agent(self, conversation_id: UUID) -> None:
        """Come into somebody's conversation that is with a person; then `Chat.join` enters it.

        Returns when it is accepted.

        Raises:
            RestError: it is not theirs to join, or not there (404).
        """
        await self._surely("PUT", f"{_path_of(conversation_id)}/agents/me")

    async def _sign_in(self, path: str, body: dict[str, str] | None) -> SignedIn:
        response = await self.request("POST", path, body=body)
        self.signed_in = SignedIn.model_validate_json(response.content)
        return self.signed_in

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
        file: tuple[str, bytes] | None = None,
    ) -> httpx2.Response:
        """Ask any route as who is signed in; `file` is a name and what is in it.

        Raises:
            RestError: the gateway refused, or was not reached.
        """
        headers = {}
        if self.signed_in is not None:
            headers["authorization"] = f"Bearer {self.signed_in.token}"
        try:
            response = await self._http.request(
                method,
                path,
                json=body,
                params=query,
                headers=headers,
                files={"file": file} if file is not None else None,
            )
        except httpx2.TransportError as error:
            raise RestError(UNREACHABLE, "unreachable", type(error).__name__) from error
        if response.is_error:
            raise _problem(response)
        return response


def _path_of(conversation_id: UUID) -> str:
    return f"/api/chat/conversations/{conversation_id}"


class _Problem(BaseModel):
    code: str = "unknown"
    detail: str = ""


def _problem(response: httpx2.Response) -> RestError:
    try:
        problem = _Problem.model_validate_json(response.content)
    except ValueError:
        problem = _Problem(detail="not a problem document")
    return RestError(response.status_code, problem.code, problem.detail)

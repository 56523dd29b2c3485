"""The REST half of the client against a gateway that answers by the book."""

from collections.abc import Callable
from uuid import UUID

import httpx2
import pytest

from parley_client import ParleyClient, RestError, by_ticket

USER = {"id": str(UUID(int=1)), "email": "ada@example.com", "name": "Ada", "role": "user"}
SIGNED_IN = {"token": "t0", "user": USER, "expiresAt": "2026-01-01T00:00:00.000000Z"}
TICKET = {"ticket": "one", "url": "ws://edge/ws", "expiresAt": "2026-01-01T00:00:30.000000Z"}


def client_of(answer: Callable[[httpx2.Request], httpx2.Response]) -> ParleyClient:
    """Return a client whose gateway answers like this."""
    return ParleyClient("http://gateway", transport=httpx2.MockTransport(answer))


async def test_signing_in_is_remembered() -> None:
    """After a login every request carries the token, and the header that forces a preflight."""
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        if request.url.path == "/api/auth/login":
            return httpx2.Response(200, json=SIGNED_IN)
        return httpx2.Response(200, json={"items": [{"id": "c"}], "next": None})

    async with client_of(answer) as client:
        signed_in = await client.login("ada@example.com", "pw")
        assert signed_in.user.id == UUID(int=1)
        assert await client.conversations() == [{"id": "c"}]
        page = await client.history(UUID(int=2), before="b", limit=7)
    assert page.next is None
    assert "authorization" not in asked[0].headers
    assert asked[1].headers["authorization"] == "Bearer t0"
    assert all("X-Parley-CSRF" in request.headers for request in asked)
    assert asked[2].url.path == f"/api/chat/conversations/{UUID(int=2)}/messages"
    assert dict(asked[2].url.params) == {"limit": "7", "before": "b"}


async def test_an_agent_lists_and_joins() -> None:
    """The desk is asked page by page; joining, of nobody but oneself, until it is accepted."""
    asked: list[httpx2.Request] = []
    joining = [
        httpx2.Response(503, json={"code": "unknown"}),
        httpx2.Response(202, json={"status": "accepted"}),
    ]

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        if request.method == "PUT":
            return joining.pop(0)
        return httpx2.Response(200, json={"items": [{"id": "c"}], "next": "n"})

    async with client_of(answer) as client:
        first = await client.handovers()
        assert (first.items, first.next) == ([{"id": "c"}], "n")
        await client.handovers(after="n", limit=7)
        await client.join_as_agent(UUID(int=2))
    assert [(each.method, each.url.path, dict(each.url.params)) for each in asked] == [
        ("GET", "/api/chat/handovers", {"limit": "30"}),
        ("GET", "/api/chat/handovers", {"limit": "7", "after": "n"}),
        *[("PUT", f"/api/chat/conversations/{UUID(int=2)}/agents/me", {})] * 2,
    ]


async def test_a_problem_is_raised_with_its_code() -> None:
    """problem+json becomes an error with status and code."""
    problem = {"type": "about:blank", "status": 409, "code": "email_taken", "detail": "taken"}

    async with client_of(lambda _: httpx2.Response(409, json=problem)) as client:
        with pytest.raises(RestError) as refused:
            await client.register("ada@example.com", "pw", "Ada")
    assert (refused.value.status, refused.value.code) == (409, "email_taken")


async def test_what_is_no_problem_document_is_one_too() -> None:
    """A proxy's error page is still an error."""
    async with client_of(lambda _: httpx2.Response(502, content=b"<html>")) as client:
        with pytest.raises(RestError) as refused:
            await client.refresh()
    assert refused.value.status == 502


async def test_a_gateway_that_is_away_is_an_error_of_its_own() -> None:
    """Nobody there counts as 503, which is worth another try."""

    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    async with client_of(refuse) as client:
        with pytest.raises(RestError) as refused:
            await client.socket_ticket()
    assert refused.value.status == 503


async def test_a_ticket_is_fetched_with_a_fresh_token() -> None:
    """An expired access token is refreshed once on the way to a ticket."""
    paths: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        paths.append(request.url.path)
        if request.url.path == "/api/auth/refresh":
            return httpx2.Response(200, json=SIGNED_IN)
        if len(paths) == 1:
            return httpx2.Response(401, json={"code": "not_signed_in", "detail": ""})
        return httpx2.Response(200, json=TICKET)

    async with client_of(answer) as client:
        assert await by_ticket(client)() == ("ws://edge/ws", {"ticket": "one"})
    assert paths == ["/api/auth/socket-ticket", "/api/auth/refresh", "/api/auth/socket-ticket"]

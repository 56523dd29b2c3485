"""Accounts, sessions and the refresh cookie, as the routes promise them."""

from dataclasses import replace
from datetime import timedelta
from http.cookies import SimpleCookie
from uuid import uuid4

import httpx2
import pytest
from starlette.testclient import TestClient

from gateway.auth.endpoints import COOKIE
from gateway.auth.service import REFRESH_GRACE
from schemas.events.admin import Action
from schemas.tickets import TICKET_LIFETIME, SocketTicket, ticket_key
from tests.unit.gateway.harness import PASSWORD, Gateway, Person, register

CSRF = {"X-Parley-CSRF": "1"}


def body_of(**changes: str) -> dict[str, str]:
    return {"email": "ada@example.org", "password": PASSWORD, "name": "Ada"} | changes


def cookie_of(answer: httpx2.Response) -> str:
    found = SimpleCookie(answer.headers["set-cookie"])
    return found[COOKIE].value


def refresh(client: TestClient, secret: str | None, **headers: str) -> httpx2.Response:
    client.cookies.clear()
    cookie = {"Cookie": f"{COOKIE}={secret}"} if secret else {}
    return client.post("/api/auth/refresh", headers=CSRF | cookie | headers)


def test_register_signs_in(client: TestClient) -> None:
    """A new account answers 201 with token, user and expiry, and a refresh cookie."""
    answer = client.post("/api/auth/register", json=body_of())

    said = answer.json()
    assert answer.status_code == 201
    assert set(said) == {"token", "user", "expiresAt"}
    assert said["user"] | {"id": ""} == {
        "id": "",
        "email": "ada@example.org",
        "name": "Ada",
        "role": "user",
    }
    assert cookie_of(answer)


@pytest.mark.parametrize("secure", [False, True])
def test_refresh_cookie_is_out_of_reach_of_pages(gateway: Gateway, *, secure: bool) -> None:
    """HttpOnly, SameSite=Strict, only for the auth routes, and Secure when told so."""
    gateway.secure = secure
    with gateway.open() as client:
        answer = client.post("/api/auth/register", json=body_of())

    morsel = SimpleCookie(answer.headers["set-cookie"])[COOKIE]
    assert morsel["httponly"] is True
    assert morsel["samesite"].lower() == "strict"
    assert morsel["path"] == "/api/auth"
    assert bool(morsel["secure"]) is secure
    assert int(morsel["max-age"]) == 30 * 24 * 3600


def test_address_is_one_account_whatever_its_case(client: TestClient) -> None:
    """Addresses are normalised: another case is the same account."""
    client.post("/api/auth/register", json=body_of(email="Ada@Example.org"))

    again = client.post("/api/auth/register", json=body_of(email="ada@EXAMPLE.ORG"))
    login = client.post("/api/auth/login", json=body_of(email="ADA@example.org"))

    assert (again.status_code, again.json()["code"]) == (409, "email_taken")
    assert login.status_code == 200


def test_fields_of_the_account_cannot_be_chosen(gateway: Gateway, client: TestClient) -> None:
    """A role or id in the body changes nothing."""
    wished = str(uuid4())
    answer = client.post("/api/auth/register", json=body_of(role="admin", id=wished))

    assert answer.json()["user"]["role"] == "user"
    assert answer.json()["user"]["id"] != wished
    assert [account.role for account in gateway.accounts.accounts.values()] == ["user"]


@pytest.mark.parametrize(
    "changes",
    [
        {"password": "short"},
        {"password": "x" * 129},
        {"password": "Password123"},
        {"password": "aaaaaaaaaaaa"},
        {"password": "ada@example.org"},
        {"email": "not an address"},
        {"email": "a@b@c"},
        {"email": "ada@example.org\u0000"},
        {"email": "a" * 250 + "@example.org"},
        {"name": "   "},
        {"name": "x" * 81},
        {"name": "nul\u0000"},
    ],
)
def test_bad_registrations_are_refused_without_echo(
    client: TestClient, changes: dict[str, str]
) -> None:
    """What is wrong is named by field; what was typed is never repeated."""
    answer = client.post("/api/auth/register", json=body_of(**changes))

    assert answer.status_code == 422
    assert answer.json()["errors"]
    typed = next(iter(changes.values()))
    assert len(typed) < 6 or typed.strip() == "" or typed not in answer.text


def test_login_does_not_tell_who_has_an_account(client: TestClient) -> None:
    """A wrong password and an unknown address get the same status and body."""
    client.post("/api/auth/register", json=body_of())

    wrong = client.post("/api/auth/login", json=body_of(password="something else"))
    unknown = client.post("/api/auth/login", json=body_of(email="eve@example.org"))

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.content == unknown.content
    assert wrong.json()["code"] == "wrong_credentials"


def test_switched_off_account_cannot_sign_in(gateway: Gateway, client: TestClient) -> None:
    """Login, refresh and profile refuse an account that is not active."""
    answer = client.post("/api/auth/register", json=body_of())
    token = answer.json()["token"]
    for account in list(gateway.accounts.accounts.values()):
        gateway.accounts.accounts[account.id] = replace(account, is_active=False)

    assert client.post("/api/auth/login", json=body_of()).status_code == 401
    assert refresh(client, cookie_of(answer)).status_code == 401
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/auth/profile", headers=bearer).status_code == 401


def test_refresh_rotates(client: TestClient) -> None:
    """Each refresh answers like a login and replaces the cookie."""
    first = cookie_of(client.post("/api/auth/register", json=body_of()))

    answer = refresh(client, first)
    again = refresh(client, cookie_of(answer))

    assert answer.status_code == again.status_code == 200
    assert set(answer.json()) == {"token", "user", "expiresAt"}
    assert len({first, cookie_of(answer), cookie_of(again)}) == 3


def test_slower_of_two_tabs_stays_signed_in(client: TestClient) -> None:
    """Within the grace the token just replaced gives what the faster tab got."""
    first = cookie_of(client.post("/api/auth/register", json=body_of()))
    faster = refresh(client, first)

    slower = refresh(client, first)

    assert slower.status_code == 200
    assert cookie_of(slower) == cookie_of(faster)
    assert refresh(client, cookie_of(slower)).status_code == 200


def test_reload_before_the_answer_came_stays_signed_in(
    gateway: Gateway, client: TestClient
) -> None:
    """A page that lost its answer refreshes with the old cookie and goes on from there."""
    first = cookie_of(client.post("/api/auth/register", json=body_of()))
    refresh(client, first)
    reloaded = refresh(client, first)
    age(gateway, timedelta(minutes=15))

    assert refresh(client, cookie_of(reloaded)).status_code == 200


def test_late_reuse_ends_the_session(gateway: Gateway, client: TestClient) -> None:
    """A replaced token shown late means a copy exists: nobody holding either gets on."""
    first = cookie_of(client.post("/api/auth/register", json=body_of()))
    second = cookie_of(refresh(client, first))
    age(gateway, REFRESH_GRACE + timedelta(seconds=1))

    reused = refresh(client, first)

    assert reused.status_code == 401
    assert refresh(client, second).status_code == 401
    assert gateway.accounts.actions[-1].action == Action.SESSION_REUSE_DETECTED


def age(gateway: Gateway, by: timedelta) -> None:
    for session in list(gateway.accounts.sessions.values()):
        gateway.accounts.sessions[session.id] = replace(session, rotated_at=session.rotated_at - by)


def test_expired_session_is_refused(gateway: Gateway, client: TestClient) -> None:
    """A session past its end does not refresh."""
    secret = cookie_of(client.post("/api/auth/register", json=body_of()))
    for session in list(gateway.accounts.sessions.values()):
        gateway.accounts.sessions[session.id] = replace(session, expires_at=session.rotated_at)

    assert refresh(client, secret).status_code == 401


@pytest.mark.parametrize("secret", [None, "", "nonsense", "x" * 5000])
def test_unknown_refresh_token_is_refused(client: TestClient, secret: str | None) -> None:
    """Without a token of ours the answer is 401."""
    answer = refresh(client, secret)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


@pytest.mark.parametrize("route", ["/api/auth/refresh", "/api/auth/logout"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        CSRF | {"Origin": "https://evil.example"},
        CSRF | {"Origin": "null"},
        CSRF | {"Origin": "http://testserver.evil.example"},
        CSRF | {"Sec-Fetch-Site": "cross-site"},
        CSRF | {"Sec-Fetch-Site": "same-site"},
        CSRF | {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    ],
)
def test_other_sites_cannot_use_the_cookie(
    client: TestClient, route: str, headers: dict[str, str]
) -> None:
    """The two routes that a cookie opens need our header and our origin."""
    secret = cookie_of(client.post("/api/auth/register", json=body_of()))
    client.cookies.clear()

    answer = client.post(route, headers=headers | {"Cookie": f"{COOKIE}={secret}"})

    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert refresh(client, secret).status_code == 200


@pytest.mark.parametrize("origin", ["http://testserver", "https://chat.example"])
def test_own_pages_can_refresh(client: TestClient, origin: str) -> None:
    """The public address and the one the request came to are ours."""
    secret = cookie_of(client.post("/api/auth/register", json=body_of()))
    answer = refresh(client, secret, Origin=origin, **{"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 200


def test_logout_ends_the_session(gateway: Gateway, client: TestClient) -> None:
    """Logging out answers 204, clears the cookie, and the token is dead; twice is harmless."""
    secret = cookie_of(client.post("/api/auth/register", json=body_of()))
    headers = CSRF | {"Cookie": f"{COOKIE}={secret}"}
    client.cookies.clear()

    answer = client.post("/api/auth/logout", headers=headers)
    again = client.post("/api/auth/logout", headers=headers)

    assert answer.status_code == again.status_code == 204
    assert SimpleCookie(answer.headers["set-cookie"])[COOKIE]["max-age"] == "0"
    assert refresh(client, secret).status_code == 401
    ended = [one for one in gateway.accounts.actions if one.action == Action.SESSION_ENDED]
    assert len(ended) == 1


def test_account_actions_are_recorded_without_secrets(gateway: Gateway, client: TestClient) -> None:
    """Registration and sessions leave actions, each with an id of its own, and no address."""
    client.post("/api/auth/register", json=body_of())
    client.post("/api/auth/login", json=body_of())

    actions = gateway.accounts.actions
    assert [one.action for one in actions] == [
        Action.USER_REGISTERED,
        Action.SESSION_STARTED,
        Action.SESSION_STARTED,
    ]
    assert len({one.event_id for one in actions}) == 3
    written = "".join(one.model_dump_json() for one in actions)
    assert "ada@example.org" not in written
    assert PASSWORD not in written


def test_only_digests_of_refresh_tokens_are_kept(gateway: Gateway, client: TestClient) -> None:
    """The store never sees a refresh token."""
    secret = cookie_of(client.post("/api/auth/register", json=body_of()))
    assert secret not in repr(gateway.accounts.sessions)


def test_profile_tells_who_is_signed_in(client: TestClient, ada: Person) -> None:
    """The profile is the account of the token."""
    answer = client.get("/api/auth/profile", headers=ada.headers)
    assert answer.json() == {
        "id": str(ada.id),
        "email": ada.email,
        "name": "Ada",
        "role": "user",
    }


def test_socket_ticket_signs_in_its_owner(
    gateway: Gateway, client: TestClient, ada: Person
) -> None:
    """A ticket is kept under its digest for 30 seconds and says whose it is."""
    answer = client.post("/api/auth/socket-ticket", headers=ada.headers)

    said = answer.json()
    assert answer.status_code == 200
    assert said["url"] == "wss://socket.example/ws"
    key = ticket_key(said["ticket"])
    ticket = SocketTicket.model_validate_json(gateway.tickets.values[key])
    assert (ticket.user_id, ticket.name, ticket.role) == (ada.id, "Ada", "user")
    assert gateway.tickets.lifetimes[key] == TICKET_LIFETIME
    assert said["ticket"] not in repr(gateway.tickets)


def test_people_do_not_share_accounts(client: TestClient) -> None:
    """Two registrations are two users."""
    assert register(client, "Ada").id != register(client, "Bob").id

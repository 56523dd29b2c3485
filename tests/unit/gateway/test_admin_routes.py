"""Switching accounts off and on: who may, what follows, and what is told."""

import time
from dataclasses import replace
from uuid import uuid4

import jwt
import pytest
from starlette.testclient import TestClient

from schemas.events.admin import Action
from schemas.events.control import RevocationReason, SessionRevoked, UserDisabled
from tests.unit.gateway.harness import PASSWORD, Gateway, Person, register


@pytest.fixture
def admin(gateway: Gateway, client: TestClient) -> Person:
    """Somebody whose account says that they are an admin; their token is older than that."""
    person = register(client, "Grace")
    account = gateway.accounts.accounts[person.id]
    gateway.accounts.accounts[person.id] = replace(account, role="admin")
    return person


def switch(client: TestClient, by: Person, whom: Person, *, active: bool) -> int:
    answer = client.put(
        f"/api/admin/users/{whom.id}", json={"is_active": active}, headers=by.headers
    )
    return answer.status_code


def login(client: TestClient, person: Person) -> int:
    body = {"email": person.email, "password": PASSWORD}
    return client.post("/api/auth/login", json=body).status_code


def profile(client: TestClient, person: Person) -> int:
    return client.get("/api/auth/profile", headers=person.headers).status_code


def test_a_switched_off_account_opens_nothing(
    client: TestClient, admin: Person, ada: Person
) -> None:
    """Its tokens, its cookie and its password are refused at once; the answer shows the account."""
    assert login(client, ada) == 200
    answer = client.put(
        f"/api/admin/users/{ada.id}", json={"is_active": False}, headers=admin.headers
    )
    assert answer.json() == {
        "id": str(ada.id),
        "email": ada.email,
        "name": "Ada",
        "role": "user",
        "is_active": False,
    }
    assert profile(client, ada) == 401
    ticket = client.post("/api/auth/socket-ticket", headers=ada.headers)
    assert (ticket.status_code, ticket.json()["code"]) == (401, "not_signed_in")
    refreshed = client.post("/api/auth/refresh", headers={"X-Parley-CSRF": "1"})
    assert refreshed.status_code == 401
    assert login(client, ada) == 401
    assert profile(client, admin) == 200


def test_a_switched_on_account_signs_in_again(
    client: TestClient, admin: Person, ada: Person
) -> None:
    """A new login works; the old tokens stay dead."""
    switch(client, admin, ada, active=False)
    assert switch(client, admin, ada, active=True) == 200
    assert login(client, ada) == 200
    assert profile(client, ada) == 401


def test_it_is_told(gateway: Gateway, client: TestClient, admin: Person, ada: Person) -> None:
    """The audit hears who did it; the edges hear of each session, then of the user; once."""
    login(client, ada)
    sessions = {s.id for s in gateway.accounts.sessions.values() if s.user_id == ada.id}
    gateway.accounts.events.clear()
    for _ in range(2):
        assert switch(client, admin, ada, active=False) == 200
    action, *revoked, disabled = gateway.accounts.events
    assert gateway.accounts.actions == [action]
    recorded = gateway.accounts.actions[0]
    assert (recorded.action, recorded.actor_id) == (Action.USER_DISABLED, admin.id)
    assert (recorded.target_id, recorded.new) == (ada.id, {"is_active": False})
    assert isinstance(disabled, UserDisabled)
    assert disabled.user_id == ada.id
    named = [event for event in revoked if isinstance(event, SessionRevoked)]
    assert {event.session_id for event in named} == sessions
    assert {event.reason for event in named} == {RevocationReason.USER_DISABLED}
    assert len(named) == len(revoked) == 2

    gateway.accounts.events.clear()
    switch(client, admin, ada, active=True)
    assert [action.action for action in gateway.accounts.actions] == [Action.USER_ENABLED]
    assert len(gateway.accounts.events) == 1


def test_only_admins_may(gateway: Gateway, client: TestClient, admin: Person, ada: Person) -> None:
    """The account decides: neither a role in an older token nor one taken away counts."""
    assert switch(client, ada, admin, active=False) == 403
    account = gateway.accounts.accounts[admin.id]
    gateway.accounts.accounts[admin.id] = replace(account, role="agent")
    assert switch(client, admin, ada, active=False) == 403
    assert profile(client, ada) == 200


def test_nobody_switches_themselves_off(client: TestClient, admin: Person) -> None:
    """The last admin would be locked out for good."""
    answer = client.put(
        f"/api/admin/users/{admin.id}", json={"is_active": False}, headers=admin.headers
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "own_account")
    assert profile(client, admin) == 200


@pytest.mark.parametrize(
    "body", [{}, {"is_active": "no"}, {"is_active": 0}, {"is_active": None}, [], None]
)
def test_bad_changes_are_refused(
    client: TestClient, admin: Person, ada: Person, body: object
) -> None:
    """What is not a change changes nothing."""
    answer = client.put(f"/api/admin/users/{ada.id}", json=body, headers=admin.headers)
    assert answer.status_code == 422
    assert profile(client, ada) == 200


@pytest.mark.parametrize(("user", "status"), [(str(uuid4()), 404), ("nobody", 422)])
def test_unknown_accounts_cannot_be_switched(
    client: TestClient, admin: Person, user: str, status: int
) -> None:
    """An account that is not there is told as such."""
    body = {"is_active": False}
    answer = client.put(f"/api/admin/users/{user}", json=body, headers=admin.headers)
    assert answer.status_code == status


def test_signing_out_ends_the_token_too(gateway: Gateway, client: TestClient) -> None:
    """After a logout the access token is refused at once; another session lives on."""
    body = {"email": "ada@example.org", "password": PASSWORD, "name": "Ada"}
    other = client.post("/api/auth/register", json=body).json()["token"]
    client.cookies.clear()
    first = client.post("/api/auth/login", json=body).json()["token"]
    gateway.accounts.events.clear()
    csrf = {"X-Parley-CSRF": "1"}
    assert client.post("/api/auth/logout", headers=csrf).status_code == 204

    def status(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return client.get("/api/auth/profile", headers=headers).status_code

    assert (status(first), status(other)) == (401, 200)
    _, revoked = gateway.accounts.events
    assert isinstance(revoked, SessionRevoked)
    claims = jwt.decode(first, options={"verify_signature": False})
    assert str(revoked.session_id) == claims["sid"]
    assert str(revoked.user_id) == claims["sub"]
    assert revoked.reason == RevocationReason.LOGGED_OUT


def test_a_ticket_names_the_session(gateway: Gateway, client: TestClient, ada: Person) -> None:
    """The edge learns from the ticket what it would have read in the token."""
    client.post("/api/auth/socket-ticket", headers=ada.headers)
    claims = jwt.decode(ada.token, options={"verify_signature": False})
    [ticket] = gateway.tickets.values.values()
    assert f'"session_id":"{claims["sid"]}"' in ticket
    assert f'"issued_at":{claims["iat"]}' in ticket


@pytest.mark.parametrize("session", ["nonsense", 7, str(uuid4())])
def test_a_session_that_is_none_opens_nothing(
    gateway: Gateway, client: TestClient, ada: Person, session: object
) -> None:
    """A token must name a session of its own user, or none at all."""
    claims = jwt.decode(ada.token, options={"verify_signature": False})
    forged = jwt.encode(claims | {"sid": session}, gateway.key, algorithm="ES256")
    answer = client.get("/api/auth/profile", headers={"Authorization": f"Bearer {forged}"})
    assert answer.status_code == 401


def test_an_old_token_names_no_session(gateway: Gateway, client: TestClient, ada: Person) -> None:
    """Tokens of an older gateway are good until they expire, unless the account is off."""
    claims = jwt.decode(ada.token, options={"verify_signature": False})
    del claims["sid"]
    claims["exp"] = int(time.time()) + 60
    token = jwt.encode(claims, gateway.key, algorithm="ES256")
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/auth/profile", headers=headers).status_code == 200

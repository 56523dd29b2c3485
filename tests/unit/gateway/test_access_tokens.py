"""Which access tokens open the routes, and which do not."""

import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.testclient import TestClient

from tests.unit.gateway.harness import INTERNAL_TOKEN, Gateway, Person

PROTECTED = [
    ("GET", "/api/auth/profile"),
    ("POST", "/api/auth/socket-ticket"),
    ("GET", "/api/chat/conversations"),
    ("POST", "/api/chat/conversations"),
    ("POST", "/api/chat/messages"),
    ("GET", "/api/chat/conversations/6f1c1c5e-3a38-5f6b-9c55-9a9a2a4e6d10"),
    ("GET", "/api/chat/conversations/6f1c1c5e-3a38-5f6b-9c55-9a9a2a4e6d10/messages"),
]


def claims_of(person: Person, **changes: object) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "sub": str(person.id),
        "email": person.email,
        "name": "Ada",
        "role": "user",
        "permissions": [],
        "iat": now,
        "exp": now + 60,
        "iss": "parley",
        "aud": "parley",
    }
    return {name: value for name, value in (claims | changes).items() if value is not None}


def status_with(client: TestClient, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return client.get("/api/auth/profile", headers=headers).status_code


@pytest.mark.parametrize(("method", "path"), PROTECTED)
@pytest.mark.parametrize("header", [None, "Bearer ", "Bearer x.y.z", "Basic YTpi", "Bearer \xe9"])
def test_routes_need_a_token(
    client: TestClient, method: str, path: str, header: str | None
) -> None:
    """Without a good token every protected route answers 401 and says how to ask."""
    headers = {b"Authorization": header.encode("latin-1")} if header else {}
    answer = client.request(method, path, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_own_key_is_good(gateway: Gateway, client: TestClient, ada: Person) -> None:
    """The forgeries below differ from a good token in one thing each."""
    token = jwt.encode(claims_of(ada), gateway.key, algorithm="ES256")
    assert status_with(client, token) == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another"},
        {"aud": None},
        {"iss": "another"},
        {"iss": None},
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"iat": int(time.time()) + 3600},
        {"sub": "nobody"},
        {"sub": None},
    ],
)
def test_wrong_claims_are_refused(
    gateway: Gateway, client: TestClient, ada: Person, changes: dict[str, Any]
) -> None:
    """Audience, issuer and times are checked."""
    token = jwt.encode(claims_of(ada, **changes), gateway.key, algorithm="ES256")
    assert status_with(client, token) == 401


def test_unsigned_token_is_refused(client: TestClient, ada: Person) -> None:
    """`alg: none` is not an algorithm."""
    assert status_with(client, jwt.encode(claims_of(ada), "", algorithm="none")) == 401


def test_public_key_as_hmac_secret_is_refused(
    gateway: Gateway, client: TestClient, ada: Person
) -> None:
    """The algorithm is ours to choose, not the token's."""
    pem = gateway.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signer = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    head = jwt.utils.base64url_encode(b'{"alg":"HS256","typ":"JWT"}')
    good = jwt.encode(claims_of(ada), gateway.key, algorithm="ES256").split(".")[1].encode()
    signature = jwt.utils.base64url_encode(signer.sign(head + b"." + good, pem))
    assert status_with(client, b".".join((head, good, signature)).decode()) == 401


def test_another_key_is_refused(client: TestClient, ada: Person) -> None:
    """A token of somebody else's key is worth nothing."""
    key = ec.generate_private_key(ec.SECP256R1())
    token = jwt.encode(claims_of(ada), key, algorithm="ES256", headers={"jku": "https://evil"})
    assert status_with(client, token) == 401


def test_internal_secret_is_no_access_token(client: TestClient, ada: Person) -> None:
    """The two kinds of bearer do not open each other's doors."""
    assert status_with(client, INTERNAL_TOKEN) == 401
    path = f"/internal/conversations/{ada.id}/access?user_id={ada.id}"
    assert client.get(path, headers=ada.headers).status_code == 401

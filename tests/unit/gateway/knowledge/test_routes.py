"""Bringing documents in by REST: who may, what is told, and what is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from gateway.chat.ports import Place
from gateway.knowledge.endpoints import MAX_UPLOAD_BYTES
from gateway.knowledge.ports import OpenQuestion
from schemas.events.admin import ActionRecorded
from schemas.events.knowledge import DocumentPublished, DocumentRemoved
from tests.unit.gateway.harness import Gateway, Person, register

DOCUMENTS = "/api/knowledge/documents"
LOCKERS = b"# Lockers\n\nParcels wait in a locker for seven days.\n"


@pytest.fixture
def admin(gateway: Gateway, client: TestClient) -> Person:
    """Somebody whose account says that they are an admin."""
    person = register(client, "Grace")
    account = gateway.accounts.accounts[person.id]
    gateway.accounts.accounts[person.id] = replace(account, role="admin")
    return person


def upload(
    client: TestClient, by: Person, data: bytes = LOCKERS, name: str = "lockers.md"
) -> tuple[int, dict[str, object]]:
    answer = client.post(DOCUMENTS, files={"file": (name, data)}, headers=by.headers)
    return answer.status_code, answer.json()


def test_a_document_is_taken_in_and_told(
    client: TestClient, gateway: Gateway, admin: Person
) -> None:
    """The assistant hears its sections, the audit who did it."""
    status, said = upload(client, admin)
    assert status == 201
    assert (said["title"], said["version"], said["sections"]) == ("lockers", 1, 1)
    published, action = gateway.knowledge.events
    assert isinstance(published, DocumentPublished)
    assert [each.text for each in published.sections] == [
        "Parcels wait in a locker for seven days."
    ]
    assert isinstance(action, ActionRecorded)
    assert (action.actor_id, action.action) == (admin.id, "document.published")


def test_the_same_file_again_changes_nothing(
    client: TestClient, gateway: Gateway, admin: Person
) -> None:
    """Importing a folder twice is safe; other words under the name are its next version."""
    upload(client, admin)
    status, said = upload(client, admin)
    assert (status, said["changed"], said["version"]) == (200, False, 1)
    status, said = upload(client, admin, LOCKERS + b"\nBring the code.\n")
    assert (status, said["changed"], said["version"]) == (201, True, 2)
    assert len(gateway.knowledge.events) == 4


def test_a_removed_document_is_gone_and_may_come_back(
    client: TestClient, gateway: Gateway, admin: Person
) -> None:
    """Its version goes on, so that readers who come late know which word was the last."""
    _, said = upload(client, admin)
    where = f"{DOCUMENTS}/{said['id']}"
    assert client.delete(where, headers=admin.headers).status_code == 204
    assert client.get(where, headers=admin.headers).status_code == 404
    assert client.delete(where, headers=admin.headers).status_code == 404
    removed = gateway.knowledge.events[2]
    assert isinstance(removed, DocumentRemoved)
    assert removed.version == 2
    assert upload(client, admin)[1]["version"] == 3


def test_documents_are_listed_and_shown(client: TestClient, admin: Person) -> None:
    """What came in can be read back section by section."""
    _, said = upload(client, admin)
    listed = client.get(DOCUMENTS, headers=admin.headers).json()["items"]
    assert [each["name"] for each in listed] == ["lockers.md"]
    shown = client.get(f"{DOCUMENTS}/{said['id']}", headers=admin.headers).json()
    assert shown["text"][0]["title"] == "Lockers"


def test_questions_without_an_answer_are_paged(
    client: TestClient, gateway: Gateway, admin: Person
) -> None:
    """The latest first, every one once."""
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    gateway.knowledge.questions = [
        OpenQuestion(uuid4(), uuid4(), f"q{n}", None, Place(noon + n * timedelta(0, 1), uuid4()))
        for n in range(5)
    ]
    seen: list[str] = []
    following: str | None = ""
    while following is not None:
        query = f"?limit=2&before={following}" if following else "?limit=2"
        page = client.get(f"/api/knowledge/unanswered{query}", headers=admin.headers).json()
        seen += [item["text"] for item in page["items"]]
        following = page["next"]
    assert seen == ["q4", "q3", "q2", "q1", "q0"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", DOCUMENTS),
        ("GET", DOCUMENTS),
        ("GET", f"{DOCUMENTS}/{uuid4()}"),
        ("DELETE", f"{DOCUMENTS}/{uuid4()}"),
        ("GET", "/api/knowledge/search?q=x"),
        ("GET", "/api/knowledge/unanswered"),
    ],
)
def test_only_admins_edit(client: TestClient, ada: Person, method: str, path: str) -> None:
    """Everybody else is told no, before anything is read."""
    files = {"file": ("a.md", b"x")} if method == "POST" else None
    answer = client.request(method, path, headers=ada.headers, files=files)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert client.request(method, path, files=files).status_code == 401


@pytest.mark.parametrize("name", ["a.exe", "../../etc/passwd", "x" * 200 + ".md", "a.pdf"])
def test_what_cannot_be_read_is_refused(
    client: TestClient, gateway: Gateway, admin: Person, name: str
) -> None:
    """A clear 422, and nothing is kept."""
    status, said = upload(client, admin, b"x", name)
    assert (status, said["code"]) == (422, "unreadable_document")
    assert not gateway.knowledge.events


def test_a_form_without_a_file_names_the_field(client: TestClient, admin: Person) -> None:
    """The answer says what is missing."""
    answer = client.post(DOCUMENTS, data={"title": "x"}, headers=admin.headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "file"


def test_a_file_may_be_large_but_not_endless(client: TestClient, admin: Person) -> None:
    """Past the limit of ordinary bodies it is read, past its own it is refused unread."""
    status, said = upload(client, admin, b"word " * 20_000, "large.txt")
    assert status == 201, said
    status, said = upload(client, admin, b"x" * (MAX_UPLOAD_BYTES + 1), "huge.txt")
    assert (status, said["code"]) == (413, "too_large")

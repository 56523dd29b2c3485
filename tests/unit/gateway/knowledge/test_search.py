"""Searching the knowledge base: what the assistant finds, and what is told when it is away."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from prometheus_client import REGISTRY
from starlette.testclient import TestClient

from schemas.events.ai import AiReply, AiRequest, FindSnippets, NearSnippet, SnippetsFound
from tests.unit.gateway.assistants import AnsweringPublisher, stamp
from tests.unit.gateway.harness import Gateway, Person, register
from tests.unit.gateway.knowledge.test_routes import upload

SEARCH = "/api/knowledge/search"


@pytest.fixture
def admin(gateway: Gateway, publisher: AnsweringPublisher, client: TestClient) -> Person:
    """Somebody whose account says that they are an admin, with an assistant behind the log."""
    publisher.assistant = finds()
    person = register(client, "Grace")
    account = gateway.accounts.accounts[person.id]
    gateway.accounts.accounts[person.id] = replace(account, role="admin")
    return person


def finds(*ids: str) -> Callable[[AiRequest], Sequence[AiReply]]:
    """Return an assistant that finds snippets of these ids."""

    def answer(request: AiRequest) -> Sequence[AiReply]:
        assert isinstance(request, FindSnippets)
        found = [
            NearSnippet(id=each, title=each, text="Seven days.", score=0.5, probability=0.8)
            for each in ids[: request.most]
        ]
        return [
            SnippetsFound(
                **stamp(request), snippets=tuple(found), language="en", model_version="echo"
            )
        ]

    return answer


def counted(status: str) -> float:
    """Return how many searches ended so."""
    labels = {"endpoint": "knowledge/search", "status": status}
    return REGISTRY.get_sample_value("ai_requests_total", labels) or 0.0


def test_what_the_assistant_finds_is_shown_with_where_it_is_from(
    publisher: AnsweringPublisher, client: TestClient, admin: Person
) -> None:
    """Snippets of the folder as well as sections of documents, by title of the document."""
    _, document = upload(client, admin)
    shown = client.get(f"/api/knowledge/documents/{document['id']}", headers=admin.headers).json()
    section = shown["text"][0]["id"]
    publisher.assistant = finds(section, "mattress-trial", "doc-0000000000-1")
    before = counted("answered")
    answer = client.get(f"{SEARCH}?q=locker&limit=3", headers=admin.headers)
    found = answer.json()
    assert (found["language"], found["model_version"]) == ("en", "echo")
    assert found["items"][0] == {
        "id": section,
        "title": section,
        "text": "Seven days.",
        "score": 0.5,
        "probability": 0.8,
        "document_id": document["id"],
        "document_title": "lockers",
    }
    assert [each["document_id"] for each in found["items"][1:]] == [None, None]
    (request,) = publisher.asked
    assert isinstance(request, FindSnippets)
    assert (request.text, request.most) == ("locker", 3)
    assert counted("answered") == before + 1


@pytest.mark.parametrize("query", ["q=%20", "q=a%00b", "q=", "q=x&limit=0", "q=x&limit=51", ""])
def test_what_is_no_question_is_refused(
    publisher: AnsweringPublisher, client: TestClient, admin: Person, query: str
) -> None:
    """Before the assistant is asked."""
    answer = client.get(f"{SEARCH}?{query}", headers=admin.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert publisher.asked == []


@pytest.mark.parametrize("query", ["%1C", "%E2%80%8B", "%F0%9F%AA%91", "'or'1'='1", "x" * 200])
def test_strange_words_are_words(
    publisher: AnsweringPublisher, client: TestClient, admin: Person, query: str
) -> None:
    """Whatever the assistant makes of them."""
    assert client.get(f"{SEARCH}?q={query}", headers=admin.headers).status_code == 200
    assert len(publisher.asked) == 1


def test_without_the_assistant_it_is_a_503(
    publisher: AnsweringPublisher, client: TestClient, admin: Person
) -> None:
    """Like every route that asks it; counted as such."""
    publisher.assistant = lambda _: []
    before = counted("timeout")
    answer = client.get(f"{SEARCH}?q=locker", headers=admin.headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "timeout")
    assert int(answer.headers["retry-after"]) > 0
    assert counted("timeout") == before + 1

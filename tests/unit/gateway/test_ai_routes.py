"""The assistant's routes: shapes, who may, what is refused, what is told without an answer."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import httpx2
import orjson
import pytest
from prometheus_client import REGISTRY

from schemas.events.ai import AiReply, AiRequest, GenerateResponse, WritingRequest
from tests.unit.gateway.assistants import (
    PIECES,
    WHY,
    AnsweringPublisher,
    Desk,
    echo,
    failed,
    pieces,
)
from tests.unit.gateway.harness import Gateway, register

TEXT_ROUTES = ("process-message", "sentiment", "intent", "generate-response")
STREAM = {"Accept": "text/event-stream"}


def counted(endpoint: str, status: str) -> float:
    """Return how many requests ended so."""
    labels = {"endpoint": endpoint, "status": status}
    return REGISTRY.get_sample_value("ai_requests_total", labels) or 0.0


def test_process_message_tells_everything(desk: Desk) -> None:
    """The shape that the specification names, with the time of each part in milliseconds."""
    before = counted("process-message", "answered")
    answer = desk.ask("process-message", {"text": "where is my order 48213?"})
    assert answer.status_code == 200
    assert answer.json() == {
        "response": "re: where is my order 48213?",
        "confidence": 0.9,
        "intent": "order_status",
        "sentiment": "neutral",
        "entities": [{"type": "order_number", "value": "48213", "confidence": 0.98}],
        "metadata": {
            "nlp_processing": 2.25,
            "intent_analysis": 0.125,
            "sentiment_analysis": 0.0625,
            "response_generation": 2.0,
            "timestamp": "2026-03-01T12:00:00.000000Z",
            "moderation": {"flagged": False, "score": 0.25},
            "versions": {"intent": "echo/1"},
            "why": WHY.model_dump(mode="json"),
            "stopped": None,
        },
    }
    assert counted("process-message", "answered") == before + 1


def test_the_other_shapes(desk: Desk) -> None:
    """Sentiment, intent, response and models, each with what it rests on."""
    body = {"text": "where is my order?"}
    assert desk.ask("sentiment", body).json() == {
        "label": "neutral",
        "score": 0.8,
        "scores": {"neutral": 0.8, "negative": 0.2},
        "language": "en",
        "model_version": "echo",
    }
    assert desk.ask("intent", body).json() == {
        "intent": "order_status",
        "confidence": 0.9,
        "in_scope": True,
        "alternatives": [{"intent": "send_back", "confidence": 0.05}],
        "language": "en",
        "model_version": "echo",
    }
    assert desk.ask("generate-response", body).json() == {
        "response": "".join(PIECES),
        "source": "retrieval",
        "confidence": 0.7,
        "intent": None,
        "citations": [{"id": "plants", "title": "Plants", "score": 0.7}],
        "options": [],
        "model_version": "echo",
        "moderation": None,
        "why": WHY.model_dump(mode="json"),
        "stopped": None,
    }
    models = desk.client.get("/api/ai/models/loaded", headers=desk.ada.headers).json()
    assert models["items"][0] == {
        "name": "echo",
        "version": "1",
        "kind": "intent",
        "accuracy": None,
        "loaded_at": "2026-03-01T12:00:00.000000Z",
    }


def test_where_answers_go_is_never_told_from_outside(desk: Desk) -> None:
    """Partition, fence, deadline and ids in the body are ignored; the gateway stamps its own."""
    wish = {"reply_partition": 7, "reply_fence": 9, "answer_by": "2030-01-01T00:00:00Z"}
    assert desk.ask("intent", {"text": "hello", **wish}).status_code == 200
    (asked,) = desk.publisher.asked
    assert (asked.reply_partition, asked.reply_fence) == (0, desk.gateway.reply_leases.held[0])
    assert asked.answer_by.year != 2030


def test_the_same_id_is_the_same_question_of_the_same_person_only(desk: Desk) -> None:
    """A repeat has the first one's id; another text, route or person has another."""
    request_id = str(uuid4())
    body = {"text": "hello", "request_id": request_id}
    for route, asked in (
        ("intent", body),
        ("intent", body),
        ("intent", body | {"text": "bye"}),
        ("sentiment", body),
    ):
        assert desk.ask(route, asked).status_code == 200
    eve = register(desk.client, "Eve")
    desk.client.post("/api/ai/intent", json=body, headers=eve.headers)
    first, repeat, *others = [each.request_id for each in desk.publisher.asked]
    assert first == repeat
    assert len({first, *others}) == 4


@pytest.mark.parametrize("route", TEXT_ROUTES)
@pytest.mark.parametrize(
    "changes",
    [
        {"text": ""},
        {"text": "  \n"},
        {"text": "x" * 8_001},
        {"text": "nul\u0000"},
        {"text": 7},
        {"text": None},
        {"request_id": "mine"},
    ],
)
def test_bad_questions_name_their_field(desk: Desk, route: str, changes: dict[str, Any]) -> None:
    """422 with the field, no echo, and nothing is asked."""
    answer = desk.ask(route, {"text": "hello"} | changes)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["errors"][0]["field"] == next(iter(changes))
    assert "xxxx" not in answer.text
    assert desk.publisher.asked == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"text": "a", "messages": []}, "body"),
        ({"text": "x" * 50_001}, "text"),
        ({"text": " "}, "text"),
        ({"text": "nul\u0000"}, "text"),
        ({"text": "a", "sentences": 0}, "sentences"),
        ({"text": "a", "sentences": 11}, "sentences"),
        ({"conversation_id": "mine"}, "conversation_id"),
        ({"messages": [{"text": ""}]}, "messages.0.text"),
        ({"messages": [{"text": "a", "speaker": "x" * 81}]}, "messages.0.speaker"),
        ({"messages": [{"text": "a"}] * 201}, "messages"),
    ],
)
def test_bad_summaries_name_their_field(desk: Desk, body: dict[str, Any], field: str) -> None:
    """One source, within bounds; nothing is asked otherwise."""
    answer = desk.ask("summarize", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["errors"][0]["field"] == field
    assert desk.publisher.asked == []


def test_nobody_asks_without_a_token(desk: Desk) -> None:
    """Every route needs somebody signed in."""
    for route in (*TEXT_ROUTES, "summarize"):
        answer = desk.client.post(f"/api/ai/{route}", json={"text": "hello"})
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    assert desk.client.get("/api/ai/models/loaded").status_code == 401
    assert desk.publisher.asked == []


def test_who_asks_too_often_waits(gateway: Gateway, publisher: AnsweringPublisher) -> None:
    """The rate is per person, over all of the routes."""
    gateway.limits = {"ai": "2/hour"}
    with gateway.open() as client:
        ada, eve = register(client, "Ada"), register(client, "Eve")
        body = {"text": "hello"}
        routes = ("intent", "sentiment", "intent")
        answers = [
            client.post(f"/api/ai/{route}", json=body, headers=ada.headers) for route in routes
        ]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert "retry-after" in answers[-1].headers
        assert client.post("/api/ai/intent", json=body, headers=eve.headers).status_code == 200
    assert len(publisher.asked) == 3


def silent(_: AiRequest) -> Sequence[AiReply]:
    return []


@pytest.mark.parametrize("headers", [{}, STREAM])
def test_no_answer_is_a_503_that_says_when_to_come_back(
    desk: Desk, headers: dict[str, str]
) -> None:
    """Also for a stream: before the first piece a failure is still a status."""
    desk.publisher.assistant = silent
    before = counted("generate-response", "timeout")
    answer = desk.ask("generate-response", {"text": "hello"}, **headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "timeout")
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    assert counted("generate-response", "timeout") == before + 1


def test_a_gateway_that_has_started_can_ask(
    gateway: Gateway, publisher: AnsweringPublisher
) -> None:
    """The first request after the start finds a lease: nobody is refused for being early."""
    for _ in range(5):
        gateway.reply_leases.held.clear()
        with gateway.open() as client:
            assert gateway.reply_leases.held
            ada = register(client)
            answer = client.post("/api/ai/intent", json={"text": "hi"}, headers=ada.headers)
            assert answer.status_code == 200
    assert len(publisher.asked) == 5


def test_without_a_lease_the_assistant_alone_is_away(
    gateway: Gateway, publisher: AnsweringPublisher
) -> None:
    """No partition is free: the routes say 503 at once, the gateway is ready for all the rest."""
    gateway.reply_leases.held = {0: -1, 1: -1}
    with gateway.open() as client:
        ada = register(client)
        answer = client.post("/api/ai/intent", json={"text": "hi"}, headers=ada.headers)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert "retry-after" in answer.headers
        assert client.get("/health/ready").status_code == 200
    assert publisher.asked == []


def events(answer: httpx2.Response) -> list[tuple[str, Any]]:
    """Read server-sent events: name and data."""
    found = []
    for block in answer.text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        found.append((fields["event"], orjson.loads(fields["data"])))
    return found


def test_an_answer_comes_in_pieces(desk: Desk) -> None:
    """Numbered pieces, then the answer as the route without streaming gives it."""
    answer = desk.ask("generate-response", {"text": "plants?"}, **STREAM)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    *said, (last, whole) = events(answer)
    assert [name for name, _ in said] == ["piece"] * len(PIECES)
    assert [data for _, data in said] == [
        {"sequence": at, "text": text} for at, text in enumerate(PIECES)
    ]
    assert last == "done"
    assert whole == desk.ask("generate-response", {"text": "plants?"}).json()
    kinds = [each.stream for each in desk.publisher.asked if isinstance(each, GenerateResponse)]
    assert kinds == [True, False]


def test_a_stream_that_breaks_says_so(desk: Desk) -> None:
    """After the first piece the status is out; an `error` event ends the stream in time."""
    desk.publisher.assistant = lambda request: pieces(request)[:1]
    answer = desk.ask("generate-response", {"text": "plants?"}, **STREAM)
    (first, _), (last, problem) = events(answer)
    assert (first, last) == ("piece", "error")
    assert (problem["status"], problem["code"]) == (503, "timeout")


@pytest.mark.parametrize("headers", [{}, STREAM])
def test_a_failure_of_the_assistant_is_a_503_of_its_own(
    desk: Desk, headers: dict[str, str]
) -> None:
    """It is told what it is, counted as such, and may be asked again."""
    desk.publisher.assistant = lambda request: [failed(request)]
    before = counted("generate-response", "failed")
    answer = desk.ask("generate-response", {"text": "hello"}, **headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "failed")
    assert int(answer.headers["retry-after"]) > 0
    assert counted("generate-response", "failed") == before + 1


def test_what_a_model_may_write_is_asked_in_the_name_of_who_asks(desk: Desk) -> None:
    """Their budget pays for it, whichever route it is."""
    text = {"text": "hello"}
    for route in ("process-message", "generate-response", "summarize"):
        assert desk.ask(route, text).status_code == 200
    assert desk.ask("generate-response", text, **STREAM).status_code == 200
    asked = desk.publisher.asked
    assert len(asked) == 4
    for request in asked:
        assert isinstance(request, WritingRequest)
        assert request.user_id == desk.ada.id


def test_an_answer_of_another_kind_is_no_answer(desk: Desk) -> None:
    """Somebody else's bug is not shown to people as a broken body."""
    desk.publisher.assistant = lambda request: (
        pieces(request)[-1:] and [pieces(request)[-1].model_copy(update={"sequence": 0})]
    )
    answer = desk.ask("intent", {"text": "hello"})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_what_was_asked_is_not_logged(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither by the gateway that asks nor when there is no answer."""
    desk.ask("intent", {"text": "my secret wish"})
    desk.publisher.assistant = silent
    desk.ask("intent", {"text": "my secret wish"})
    written = capsys.readouterr()
    assert "secret wish" not in written.out + written.err
    assert echo(desk.publisher.asked[0])

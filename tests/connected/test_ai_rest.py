"""The assistant over REST on the whole stack: replicas, lost leases, a frozen assistant, pieces."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import orjson
import pytest
import redis

from tests.connected import ai_bed as bed
from tests.stack import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(420)]

AI_REQUESTS = "ai-requests"


@pytest.fixture
def second(stack: Stack) -> Iterator[bed.Gateway]:
    """A second gateway with a short deadline and a short lease."""
    with bed.second_gateway(stack) as gateway:
        yield gateway


async def test_two_gateways_never_get_each_others_answers(
    stack: Stack, second: bed.Gateway
) -> None:
    """Hundreds of questions at once through two replicas: each gets the answer to its own."""
    numbers = range(10_000, 10_240)
    # What is asked here is whose answer it is, not how fast it comes on a busy machine.
    async with bed.somebody(stack.url) as ada, bed.somebody(stack.url) as eve:
        eve.base_url = httpx2.URL(second.url)
        await bed.answered(eve)
        gate = asyncio.Semaphore(24)

        async def ask(client: httpx2.AsyncClient, number: int) -> tuple[int, httpx2.Response]:
            async with gate:
                body = {"text": f"where is my order {number}?", "request_id": str(uuid4())}
                answer = await client.post("/api/ai/process-message", json=body)
                while answer.status_code == httpx2.codes.SERVICE_UNAVAILABLE:
                    answer = await client.post("/api/ai/process-message", json=body)
                return number, answer

        asked = [ask((ada, eve)[number % 2], number) for number in numbers]
        answers = await asyncio.gather(*asked)

    for number, answer in answers:
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert str(number) in said["response"]
        assert [each["value"] for each in said["entities"]] == [str(number)]
    assert len(bed.leases(stack)) == 2
    for url in (stack.url, second.url):
        for reason in ("unreadable", "other_lease", "unknown_type"):
            assert bed.metric(url, "chat_ai_replies_dropped_total", reason=reason) == 0
        assert bed.metric(url, "ai_requests_total", endpoint="process-message") >= 120


async def test_a_frozen_assistant_is_told_in_time_and_works_nothing_late(
    stack: Stack, second: bed.Gateway
) -> None:
    """Frozen: 503 within the deadline. Awake again: the late request is dropped and counted."""
    async with bed.somebody(stack.url) as ada:
        ada.base_url = httpx2.URL(second.url)
        await bed.answered(ada)
        late = bed.metric(bed.nlp_url(stack), "chat_late_dropped_total", topic=AI_REQUESTS)
        stack.pause("nlp")
        try:
            began = time.monotonic()
            refused = await ada.post("/api/ai/intent", json={"text": "where is my order?"})
            took = time.monotonic() - began
        finally:
            stack.resume("nlp")
        assert (refused.status_code, refused.json()["code"]) == (503, "timeout")
        assert "retry-after" in refused.headers
        assert bed.DEADLINE_SECONDS <= took < bed.DEADLINE_SECONDS + 5
        await bed.answered(ada)
        bed.until(
            lambda: (
                bed.metric(bed.nlp_url(stack), "chat_late_dropped_total", topic=AI_REQUESTS) > late
            ),
            "nobody has counted the late request",
        )


async def test_a_lost_lease_fails_at_once_and_another_is_taken(
    stack: Stack, second: bed.Gateway
) -> None:
    """Somebody else takes the partition: who waits hears it at once, and then all is well."""
    before = bed.leases(stack)
    async with bed.somebody(stack.url) as ada:
        await bed.answered(ada)
        mine = await _lease_of(stack, second)
        stack.pause("nlp")
        try:
            ada.base_url = httpx2.URL(second.url)
            waiting = asyncio.create_task(ada.post("/api/ai/intent", json={"text": "my order?"}))
            await asyncio.sleep(0.3)
            with redis.Redis.from_url(stack.valkey_url) as valkey:
                valkey.set(mine, "1", px=60_000)
            refused = await waiting
        finally:
            stack.resume("nlp")
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        await bed.answered(ada)
    after = bed.leases(stack)
    assert len(after) == len(before) + 1
    assert after[mine] == "1"
    with redis.Redis.from_url(stack.valkey_url) as valkey:
        valkey.delete(mine)


async def _lease_of(stack: Stack, gateway: bed.Gateway) -> str:
    """Return the key that stops being renewed while this gateway stands still."""
    gateway.pause()
    try:
        held = bed.leases(stack)
        await asyncio.sleep(bed.LEASE_SECONDS + 0.5)
        gone = held.keys() - bed.leases(stack).keys()
    finally:
        gateway.resume()
    assert len(gone) == 1
    # Frozen for longer than its lease: it has lost it, and takes another.
    bed.until(lambda: len(bed.leases(stack)) == len(held), "no new lease was taken")
    others = held.keys() - gone
    return next(key for key in bed.leases(stack) if key not in others)


async def test_valkey_away_closes_the_assistant_and_nothing_else(
    stack: Stack, second: bed.Gateway
) -> None:
    """Without a lease the routes say 503 at once; the gateway stays ready, and recovers."""
    async with bed.somebody(stack.url) as ada:
        ada.base_url = httpx2.URL(second.url)
        await bed.answered(ada)
        stack.pause("valkey")
        try:
            bed.until(
                lambda: bed.metric(second.url, "chat_ai_reply_lease") == 0,
                "the lease is held without Valkey",
            )
            began = time.monotonic()
            refused = await ada.post("/api/ai/intent", json={"text": "where is my order?"})
            assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
            assert time.monotonic() - began < bed.DEADLINE_SECONDS
            ready = await ada.get("/health/ready")
            assert ready.status_code == 200, ready.text
        finally:
            stack.resume("valkey")
        await bed.answered(ada)


async def test_pieces_come_in_order_and_end_with_the_answer(stack: Stack) -> None:
    """Server-sent events: numbered pieces whose text joined is the final answer's."""
    async with bed.somebody(stack.url) as ada:
        await bed.answered(ada)
        question = {"text": "How long does shipping to Norway take?", "request_id": str(uuid4())}
        streams = [await _events(ada, question) for _ in range(2)]
        assert streams[0] == streams[1]
        (*pieces, (last, answer)) = streams[0]
        assert len(pieces) > 2
        assert {name for name, _ in pieces} == {"piece"}
        assert [piece["sequence"] for _, piece in pieces] == list(range(len(pieces)))
        assert last == "done"
        assert "".join(piece["text"] for _, piece in pieces) == answer["response"]
        whole = await ada.post("/api/ai/generate-response", json=question)
        assert whole.json() == answer


async def _events(client: httpx2.AsyncClient, body: object) -> list[tuple[str, dict[str, Any]]]:
    answer = await client.post(
        "/api/ai/generate-response", json=body, headers={"Accept": "text/event-stream"}
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = []
    for block in answer.text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        found.append((fields["event"], orjson.loads(fields["data"])))
    return found


async def test_a_conversation_is_summarized_for_its_owner_only(stack: Stack) -> None:
    """The key messages are sentences of the history, in order; a stranger gets 404."""
    said = [
        "Hello there.",
        "My order 48213 has not arrived and the tracking page shows nothing since Monday.",
        "The parcel with order 48213 should have been here on Friday.",
        "I would like a refund if the parcel is lost.",
    ]
    async with bed.somebody(stack.url) as ada, bed.somebody(stack.url) as eve:
        started = await ada.post("/api/chat/conversations", json={})
        conversation = started.json()["id"]
        for text in said:
            message = {"conversation_id": conversation, "client_message_id": str(uuid4())}
            sent = await ada.post("/api/chat/messages", json=message | {"text": text})
            assert sent.status_code == 202, sent.text
        body = {"conversation_id": conversation, "sentences": 2}
        summary = await _of_everything(ada, body, len(said))
        stranger = await eve.post("/api/ai/summarize", json=body)

    assert (stranger.status_code, stranger.json()["code"]) == (404, "not_found")
    assert (summary["method"], len(summary["key_messages"])) == ("extractive", 2)
    for each in summary["key_messages"]:
        assert each["message_id"]
        assert f"{each['speaker']}: {each['text']}" in summary["summary"]


async def _of_everything(
    client: httpx2.AsyncClient, body: dict[str, object], messages: int
) -> dict[str, Any]:
    """Return a summary once persistence has written every message and its answer."""
    deadline = time.monotonic() + 60
    while True:
        answer = await client.post("/api/ai/summarize", json=body)
        if answer.status_code == 200 and answer.json()["messages"] >= 2 * messages:
            summary: dict[str, Any] = answer.json()
            return summary
        assert time.monotonic() < deadline, answer.text
        await asyncio.sleep(0.2)


async def test_models_tell_what_is_loaded(stack: Stack) -> None:
    """Names, versions and kinds of what answers, and how good the intents are."""
    async with bed.somebody(stack.url) as ada:
        await bed.answered(ada)
        models = (await ada.get("/api/ai/models/loaded")).json()["items"]
    kinds = {each["kind"]: each for each in models}
    steps = {"language", "moderation", "embedding", "intent", "sentiment", "entities"}
    assert kinds.keys() == steps
    assert 0.8 < kinds["intent"]["accuracy"] <= 1
    assert all(each["version"] and each["loaded_at"] for each in models)

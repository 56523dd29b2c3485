"""From a thumb on a socket to a registered version: what people think becomes what is learnt."""

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest
from typer.testing import CliRunner

from cli.main import app
from parley_client import Chat, by_token
from tests.connected.test_training import PATIENCE, Desk, audited, desk
from tests.people import TokenMint
from tests.stack import Stack

if TYPE_CHECKING:
    from parley_client.conversation import Conversation
    from parley_client.frames import Frame

pytestmark = [pytest.mark.connected, pytest.mark.timeout(420)]

KNOWN = "where is my order 48213, sent to ada@example.com?"
UNKNOWN = "which of your violins was built by a glacier"
GONE = "where is the parcel that I want nobody to know of"
CANDIDATES = "/api/ai/train/candidates"
LIKED, DISLIKED = {"up": 1, "down": 0}, {"up": 0, "down": 1}


async def answer_to(conversation: "Conversation", text: str) -> "Frame":
    """Ask, and return the answer."""
    with closing(conversation.events()) as events:
        asked = str((await conversation.send(text)).message_id)
        async with asyncio.timeout(PATIENCE):
            async for frame in events:
                if frame["type"] == "reply" and frame["in_reply_to"] == asked:
                    return frame
    raise AssertionError("the conversation ended")


async def until_listed(
    http: httpx2.AsyncClient, rated: dict[str, dict[str, int]], gone: str
) -> dict[str, dict[str, Any]]:
    """Return the candidates, by question, as soon as all ratings count and one is away.

    What was accepted is on the log; the tables that are listed from follow it a moment later.
    """
    found: dict[str, dict[str, Any]] = {}
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                answer = await http.get(CANDIDATES, params={"limit": 100})
                assert answer.status_code == 200, answer.text
                found = {each["messageId"]: each for each in answer.json()["items"]}
                if gone not in found and rated == {
                    asked: found[asked]["ratings"] for asked in rated if asked in found
                }:
                    return found
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(f"{rated} without {gone} is not what is listed: {found}") from None


async def own_rating(stack: Stack, token: str, reply: "Frame") -> str | None:
    """Return what the history says that this person thinks of an answer."""
    path = f"{stack.url}/api/chat/conversations/{reply['conversation_id']}/messages"
    async with httpx2.AsyncClient(trust_env=False) as http:
        page = await http.get(path, headers={"Authorization": f"Bearer {token}"})
    [rating] = [
        item["rating"] for item in page.json()["items"] if item["message_id"] == reply["message_id"]
    ]
    return str(rating) if rating else None


async def talk(stack: Stack, token: str) -> tuple["Frame", "Frame", "Frame"]:
    """Ask three things, rate the answers, and take one question back."""
    async with Chat(by_token(stack.socket_url, token)) as chat:
        conversation = await chat.start()
        liked = await answer_to(conversation, KNOWN)
        lost = await answer_to(conversation, UNKNOWN)
        gone = await answer_to(conversation, GONE)
        await conversation.rate(UUID(liked["message_id"]), "down", "a slip of the thumb")
        await conversation.rate(UUID(liked["message_id"]), "up")
        await conversation.rate(UUID(lost["message_id"]), "down", "my mail is ada@example.com")
        await conversation.rate(UUID(gone["message_id"]), "up", GONE)
        await conversation.delete(UUID(gone["in_reply_to"]))
    assert (liked["source"], lost["source"]) == ("template", "handover"), (liked, lost)
    return liked, lost, gone


async def test_a_thumb_becomes_a_version(stack: Stack) -> None:
    """Rated over a socket, listed, labelled, learnt, registered; nothing deleted on the way."""
    token = TokenMint(stack.folder.root).token(uuid4())
    liked, lost, gone = await talk(stack, token)
    asked, unanswered = str(liked["in_reply_to"]), str(lost["in_reply_to"])
    async with desk(stack) as training:
        http = training.http
        found = await until_listed(
            http, {asked: LIKED, unanswered: DISLIKED}, str(gone["in_reply_to"])
        )
        assert found[asked]["reasons"] == []
        assert found[asked]["text"] == "where is my order 48213, sent to a***@example.com?"
        assert (found[unanswered]["unanswered"], found[unanswered]["reasons"]) == (
            True,
            ["my mail is a***@example.com"],
        )
        assert await own_rating(stack, token, liked) == "up"
        label = await http.put(f"{CANDIDATES}/{unanswered}", json={"intent": "out_of_scope"})
        assert label.status_code == 200, label.text
        await train(training, found[asked]["intent"])
    assert {"candidate.labelled", "model.training_asked"} <= await audited(stack)
    assert await reasons(stack, GONE) == 0


async def train(training: Desk, intent: str) -> None:
    """Train from feedback alone, until the version is registered."""
    answer = await training.http.post("/api/ai/train", json={"fromFeedback": True})
    assert answer.status_code == 202, answer.text
    sources = answer.json()["sources"]
    assert sources["given"] == 0
    assert sources["labelled"] >= 1
    assert sources["liked"] >= 1
    seen = await training.until(answer.json()["jobId"], "succeeded", "failed")
    assert seen[-1]["status"] == "succeeded", seen[-1]["error"]
    card = await training.until_known(seen[-1]["version"])
    assert intent in card["intents"]


async def reasons(stack: Stack, words: str) -> int:
    """Return how many ratings still hold these words."""
    connection = await asyncpg.connect(stack.database_url())
    try:
        found: int = await connection.fetchval(
            "select count(*) from feedback where feedback::text like $1", f"%{words}%"
        )
        return found
    finally:
        await connection.close()


def parley(stack: Stack, *words: str) -> str:
    """Run `parley models …` on the stack; return what it says."""
    done = CliRunner().invoke(app, ["models", *words, "--data", str(stack.folder.root)])
    assert done.exit_code == 0, done.output
    return done.stdout


async def test_the_command_line_sorts_candidates_and_trains_from_them(stack: Stack) -> None:
    """What docs/guides/training.md says: list, label, dismiss, and train without a file."""
    liked, lost, gone = await talk(stack, TokenMint(stack.folder.root).token(uuid4()))
    asked, unanswered = str(liked["in_reply_to"]), str(lost["in_reply_to"])
    async with desk(stack) as training:
        await until_listed(
            training.http, {asked: LIKED, unanswered: DISLIKED}, str(gone["in_reply_to"])
        )

    def work() -> str:
        assert unanswered in parley(stack, "candidates", "list", "--json")
        said = parley(stack, "candidates", "label", asked, str(liked["intent"]))
        assert said == f"{asked} means {liked['intent']}\n"
        parley(stack, "candidates", "dismiss", unanswered)
        assert unanswered in parley(stack, "candidates", "list", "--state", "dismissed", "--json")
        return parley(stack, "train", "--from-feedback", "--note", "thumbs")

    said = await asyncio.to_thread(work)
    assert "labelled" in said.splitlines()[0]
    assert "| accuracy |" in said

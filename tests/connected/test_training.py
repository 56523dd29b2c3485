"""Training on the real stack: asked by REST, worked by one replica, answered with by all."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import psutil
import pytest
from aiokafka import AIOKafkaConsumer
from typer.testing import CliRunner

from cli.main import app
from schemas.events.replies import ReplyGenerated
from schemas.topics import Topic
from tests.connected import delivery_bed as bed
from tests.connected.test_nlp import ROOT, question
from tests.stack import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(420)]

PATIENCE = 180.0
"""Machines under test are slow; promises of seconds are measured by the benchmark."""


def examples(per_intent: int, intents: int = 2) -> list[dict[str, str]]:
    """Return sentences that are easily told apart."""
    things = ("garden", "engine", "poem", "violin", "glacier", "harbour")
    return [
        {"text": f"tell me about the {things[at]} number {number}", "intent": f"about_{things[at]}"}
        for at in range(intents)
        for number in range(per_intent)
    ]


class Desk:
    """The routes of training, as the operator calls them."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http

    async def ask(self, **body: object) -> str:
        answer = await self.http.post("/api/ai/train", json=body)
        assert answer.status_code == 202, answer.text
        assert answer.json()["status"] == "queued"
        return str(answer.json()["jobId"])

    async def job(self, job_id: str) -> dict[str, Any]:
        answer = await self.http.get(f"/api/ai/train/{job_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def until(self, job_id: str, *statuses: str) -> list[dict[str, Any]]:
        """Watch a job until it has come so far; return everything that was seen."""
        seen = [await self.job(job_id)]
        async with asyncio.timeout(PATIENCE):
            while seen[-1]["status"] not in statuses:
                await asyncio.sleep(0.1)
                seen.append(await self.job(job_id))
        return seen

    async def until_embedding(self, job_id: str) -> None:
        """Wait until a worker is in the middle of it."""
        async with asyncio.timeout(PATIENCE):
            while (await self.job(job_id))["progress"]["phase"] != "embedding":
                await asyncio.sleep(0.05)

    async def until_known(self, version: str) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            while True:
                answer = await self.http.get(f"/api/ai/models/{version}")
                if answer.status_code == 200:
                    card: dict[str, Any] = answer.json()
                    return card
                await asyncio.sleep(0.2)

    async def own_versions(self) -> list[str]:
        """Return the versions that replicas have made of their knowledge folders."""
        items = (await self.http.get("/api/ai/models")).json()["items"]
        own = [each["version"] for each in items if each["kind"] == "knowledge"]
        return [version.removeprefix("knowledge-") for version in own]

    async def post(self, path: str) -> dict[str, Any]:
        answer = await self.http.post(f"/api/ai/models/{path}")
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    async def cancel(self, job_id: str) -> int:
        return (await self.http.delete(f"/api/ai/train/{job_id}")).status_code


@asynccontextmanager
async def desk(stack: Stack) -> AsyncIterator[Desk]:
    headers = {"Authorization": f"Bearer {stack.internal_token}"}
    async with httpx2.AsyncClient(base_url=stack.url, headers=headers, timeout=30) as http:
        yield Desk(http)


@contextmanager
def second_replica(stack: Stack) -> Iterator[subprocess.Popen[bytes]]:
    """Run another nlp process beside the stack's own, with a model folder of its own."""
    environment = os.environ | {  # noqa: TID251 - a child process needs PATH and its like
        "PARLEY_KAFKA__BOOTSTRAP_SERVERS": stack.bootstrap_servers,
        "PARLEY_HEALTH__PORT": str(bed.free_port()),
        "PARLEY_NLP__MODEL_DIR": str(stack.folder.root / "second-models"),
        "PARLEY_INSTANCE": "second",
    }
    process = subprocess.Popen([sys.executable, "-m", "consumers.nlp"], cwd=ROOT, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


class Answers:
    """Every reply on the log since the test began: version, replica and question."""

    def __init__(self, stack: Stack, consumer: AIOKafkaConsumer) -> None:
        self._stack = stack
        self._consumer = consumer
        self.heard: list[tuple[str, str, ReplyGenerated]] = []

    async def to(self, texts: list[str]) -> set[tuple[str, str]]:
        """Ask in conversations of their own; return the versions and replicas that answer."""
        asked = [question(text) for text in texts]
        wanted = {each.message_id for each in asked}
        async with bed.producing(self._stack) as producer:
            await bed.publish(producer, asked)
        async with asyncio.timeout(PATIENCE):
            while not wanted <= {reply.in_reply_to for _, _, reply in self.heard}:
                for records in (await self._consumer.getmany(timeout_ms=200)).values():
                    for record in records:
                        reply = ReplyGenerated.model_validate_json(record.value)
                        source = dict(record.headers)["ce_source"].decode()
                        self.heard.append((reply.model_version, source, reply))
        return {(v, source) for v, source, reply in self.heard if reply.in_reply_to in wanted}

    async def until_all(self, version: str) -> None:
        """Ask until two replicas answer everything with a version."""
        started = time.monotonic()
        async with asyncio.timeout(PATIENCE):
            while True:
                answered = await self.to([f"tell me about the garden {at}" for at in range(40)])
                versions = {name.rpartition("+")[2] for name, _ in answered}
                if versions == {version} and len({source for _, source in answered}) == 2:
                    # Shown by pytest -s; a busy machine may not fail the test for it.
                    sys.stdout.write(f"{version} after {time.monotonic() - started:.1f} s\n")
                    return


@asynccontextmanager
async def answers(stack: Stack) -> AsyncIterator[Answers]:
    since = await bed.ends(stack, [Topic.CHAT_REPLIES])
    consumer = AIOKafkaConsumer(
        bootstrap_servers=stack.bootstrap_servers, group_id=None, enable_auto_commit=False
    )
    await consumer.start()
    try:
        consumer.assign(list(since))
        for where, start in since.items():
            consumer.seek(where, start)
        yield Answers(stack, consumer)
    finally:
        await consumer.stop()


async def test_a_trained_model_is_promoted_to_every_replica_and_rolled_back(stack: Stack) -> None:
    """From examples to answers of two replicas and back, nothing answered twice or not at all."""
    async with desk(stack) as training, answers(stack) as heard:
        with second_replica(stack):
            job = await training.ask(examples=examples(20), extend=True, note="gardens")
            seen = await training.until(job, "succeeded")
            assert {step["progress"]["phase"] for step in seen} & {"embedding", "evaluating"}
            version = seen[-1]["version"]
            card = await training.until_known(version)
            assert card["status"] == "registered"
            assert card["metrics"]["accuracy"] > 0.8
            assert {"about_garden", "order_status"} <= set(card["intents"])
            (knowledge,) = await training.own_versions()
            await heard.until_all(knowledge)
            assert (await training.post(f"{version}/promote"))["before"] is None
            await heard.until_all(version)
            said = await training.post("rollback")
            assert said["before"] == version
            assert said["version"] == f"knowledge-{knowledge}"
            await heard.until_all(knowledge)
    ids = [reply.event_id for _, _, reply in heard.heard]
    assert len(ids) == len(set(ids))
    assert {name for name, _, _ in heard.heard if name.endswith(version)}
    actions = await audited(stack)
    assert {"model.training_asked", "model.promoted", "model.rolled_back"} <= actions


async def test_a_job_survives_the_death_of_its_worker(stack: Stack) -> None:
    """Killed in the middle of a job, the replica leaves it to the next one, which ends it."""
    async with desk(stack) as training:
        job = await training.ask(examples=examples(400, 6), extend=False)
        await training.until_embedding(job)
        worker = stack.process("nlp")
        children = worker.children()
        stack.kill("nlp")
        seen = await training.until(job, "succeeded", "failed")
        assert (seen[-1]["status"], seen[-1]["attempt"]) == ("succeeded", 2)
        assert children
        psutil.wait_procs(children, timeout=10)
        assert not any(child.is_running() for child in children)
    stack.wait_ready("nlp")


async def test_a_job_is_cancelled(stack: Stack) -> None:
    """A running job stops at once, and its worker with it; an ended one cannot be cancelled."""
    async with desk(stack) as training:
        job = await training.ask(examples=examples(1_500, 6), extend=False)
        await training.until_embedding(job)
        assert await training.cancel(job) == 202
        seen = await training.until(job, "succeeded", "failed", "cancelled")
        assert seen[-1]["status"] == "cancelled"
        assert seen[-1]["version"] is None
        assert await training.cancel(job) == 409


def test_the_command_line_trains_promotes_and_takes_back(stack: Stack, tmp_path: Path) -> None:
    """What docs/guides/training.md says, from a file to the card of the version that answers."""
    file = tmp_path / "examples.csv"
    lines = (f"{each['text']},{each['intent']}" for each in examples(10))
    file.write_text("text,intent\n" + "\n".join(lines) + "\n")
    said = parley(stack, "train", str(file), "--note", "by hand", "--promote")
    version = next(word for word in said.split() if word.startswith("intents-"))
    assert f"{version} answers from now on" in said
    wait_promoted(stack, version)
    assert "| accuracy |" in parley(stack, "show", version)
    assert f"before: {version}" in parley(stack, "rollback")
    file.write_text("text,intent\n,about_nothing\n")
    refused = CliRunner().invoke(
        app, ["models", "train", str(file), "--data", str(stack.folder.root)]
    )
    assert refused.exit_code == 1
    assert "row 2.text: must not be empty" in refused.stderr


def parley(stack: Stack, *words: str) -> str:
    """Run `parley models …` on the stack; return what it says."""
    done = CliRunner().invoke(app, ["models", *words, "--data", str(stack.folder.root)])
    assert done.exit_code == 0, done.output
    return done.stdout


def wait_promoted(stack: Stack, version: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while "status: promoted" not in parley(stack, "show", version):
        assert time.monotonic() < deadline
        time.sleep(0.2)


async def audited(stack: Stack) -> set[str]:
    connection = await asyncpg.connect(stack.database_url())
    try:
        rows = await connection.fetch("select distinct action from admin_logs")
        return {row["action"] for row in rows}
    finally:
        await connection.close()

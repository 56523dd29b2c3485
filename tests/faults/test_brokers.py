"""The log stalls or loses its leaders: never a false `accepted`, and all recover alone."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from schemas.frames.codes import SUBPROTOCOL
from tests.faults.promises import Ledger
from tests.faults.traffic import Load, Traffic
from tests.faults.trial import Trial
from tests.people import TokenMint
from tests.stack import Stack, started

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]

ANSWER_SECONDS = 5.5
"""The edge's deadline is 5 s; half a second for the way."""
LEADER_PAUSE_SECONDS = 30.0
STALLS = [15, pytest.param(30, marks=pytest.mark.slow)]


class Witness:
    """A bare socket that notes each answer as it comes, without a client's patience."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._conversation = ""

    async def open(self, stack: Stack) -> None:
        """Sign in and start a conversation."""
        token = TokenMint(stack.folder.root).token()
        await self._socket.send(orjson.dumps({"type": "connect", "token": token}).decode())
        start = {"type": "conversation:start", "client_conversation_id": str(uuid4())}
        self._conversation = str((await self._asked(start))["conversation_id"])

    async def say(self) -> tuple[str, float]:
        """Say something once; return the answer and the seconds it took."""
        began = time.monotonic()
        message = {
            "type": "message",
            "conversation_id": self._conversation,
            "client_message_id": str(uuid4()),
            "text": "hello",
        }
        ack = await self._asked(message)
        return str(ack["status"]), time.monotonic() - began

    async def _asked(self, frame: dict[str, Any]) -> dict[str, Any]:
        ref = uuid4().hex
        await self._socket.send(orjson.dumps({**frame, "ref": ref}).decode())
        while True:
            answer: dict[str, Any] = orjson.loads(await self._socket.recv())
            if answer.get("type") == "ack" and answer.get("ref") == ref:
                return answer


@pytest.mark.parametrize("seconds", STALLS)
async def test_a_stalled_broker(trial: Trial, seconds: int) -> None:
    """People are told `unknown` or `busy` within 5 s; no process needs a restart."""
    stack = trial.stack
    names = [name for name in stack.running.state.processes if name not in {"topics", "migrations"}]
    before = {name: stack.restarts(name) for name in names}
    told: list[tuple[str, float]] = []

    async def fault(_: Traffic) -> None:
        async with connect(stack.socket_url, subprotocols=[Subprotocol(SUBPROTOCOL)]) as socket:
            witness = Witness(socket)
            await witness.open(stack)
            stack.pause("kafka")
            try:
                until = time.monotonic() + seconds
                while time.monotonic() < until - ANSWER_SECONDS:
                    told.append(await witness.say())
                await asyncio.sleep(until - time.monotonic())
            finally:
                stack.resume("kafka")

    await trial.run("P3", f"SIGSTOP kafka {seconds} s", fault, load=Load(rate=15))
    assert told
    assert {status for status, _ in told} <= {"unknown", "busy"}, told
    assert max(took for _, took in told) <= ANSWER_SECONDS, told
    assert {name: stack.restarts(name) for name in names} == before


@pytest.mark.slow
async def test_sockets_survive_a_stalled_broker(trial: Trial) -> None:
    """With frames queued behind a frozen broker no socket is closed: readers never wait."""
    stack = trial.stack
    opened: list[int] = []

    async def fault(traffic: Traffic) -> None:
        stack.pause("kafka")
        try:
            # Longer than a ping's interval and its deadline together.
            await asyncio.sleep(60)
        finally:
            stack.resume("kafka")
        opened.extend(person.chat.connections for person in traffic.people)

    await trial.run("P11", "SIGSTOP kafka 60 s, frames queued", fault, load=Load(rate=4))
    assert set(opened) == {1}


@pytest.mark.slow
async def test_leaders_die_one_after_the_other(ledger: Ledger) -> None:
    """Of three brokers one may die at any time: five times, pauses of at most 30 s."""
    with started(infrastructure_only=False, brokers=3) as stack:

        async def fault(_: Traffic) -> None:
            for number in (1, 2, 3, 1, 2):
                name = f"kafka-{number}"
                await asyncio.to_thread(stack.kill, name)
                await asyncio.to_thread(stack.wait_ready, name)
                # Ready is not yet in sync: a second loss before that would be one too many.
                await asyncio.sleep(8)

        load = Load(rate=15)
        verdict = await Trial(stack, ledger).run(
            "P4", "kill -9 brokers of three, 5 times", fault, load=load
        )
    assert verdict.longest_pause <= LEADER_PAUSE_SECONDS

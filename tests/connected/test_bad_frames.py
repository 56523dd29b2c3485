"""A client that does everything wrong, on the real socket: only it is affected (P19).

Hypothesis chooses what it does; three things are watched all the time: its socket answers or is
closed with a documented code, its neighbours hear everything, and the history is what was accepted.
"""

import contextlib
import json
import socket
import time
from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID, uuid4, uuid5

import httpx2
import pytest
from hypothesis import seed
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from websockets.exceptions import ConnectionClosed

from schemas.frames.codes import CloseCode
from schemas.text import FRAME_BYTES, MESSAGE_CHARS
from tests.exploring import SEED, bounded, lengths
from tests.frames import CLIENT_FRAMES
from tests.lines import Frame, Line
from tests.people import TokenMint
from tests.stack import Stack

pytestmark = [
    pytest.mark.connected,
    pytest.mark.timeout(900),
    pytest.mark.promise("P19", "a client that does everything wrong, beside others"),
]

STORED_SECONDS = 60.0
STEPS = 30
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)
"""Good ones, blank ones, and some with U+0000, which no message may hold."""


def is_good(text: str) -> bool:
    """Whether a message may say this."""
    return bool(text.strip()) and "\x00" not in text


BAD_REASONS = ("", " \n", "nul \x00 inside", "x" * 501)
REASONS = (None, "not my order", "👎 x", "x" * 500, *BAD_REASONS)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


class Said:
    """What the model knows of one accepted message."""

    def __init__(self, client_id: UUID, text: str) -> None:
        self.client_id = client_id
        self.text: str | None = text
        self.reactions: set[str] = set()


class WildClient(RuleBasedStateMachine):
    """One person on a wild and on a quiet socket, and a stranger who just wants to talk."""

    stack: ClassVar[Stack]
    messages = Bundle("messages")

    def __init__(self) -> None:
        super().__init__()
        mint = TokenMint(self.stack.folder.root)
        self.url = self.stack.socket_url
        self.token = mint.token(uuid4())
        self.model: dict[str, Said] = {}
        self.ratings: dict[str, str] = {}
        self.quiet = self._line(self.token)
        self.stranger = self._line(mint.token(uuid4()))
        self.conversation = self._started(self.quiet)
        self.elsewhere = self._started(self.stranger)
        self.wild = self._joined()

    def _line(self, token: str) -> Line:
        line = Line(self.url, token)
        line.sign_in()
        return line

    def _started(self, line: Line) -> str:
        answer = line.ask(type="conversation:start", client_conversation_id=str(uuid4()))
        assert answer["status"] == "accepted"
        conversation: str = answer["conversation_id"]
        return conversation

    def _joined(self) -> Line:
        line = self._line(self.token)
        answer = line.ask(type="conversation:join", conversation_id=self.conversation)
        assert answer["status"] == "accepted", answer
        return line

    def _again(self) -> None:
        """Come back when the edge has sent the wild socket away."""
        if not self.wild.lives():
            self.wild.close()
            self.wild = self._joined()

    def _say(self, client_id: UUID, text: str) -> Frame:
        about = {"conversation_id": self.conversation, "client_message_id": str(client_id)}
        return self.wild.ask(type="message", text=text, **about)

    def _change(self, frame_type: str, message_id: str, **fields: object) -> Frame:
        about = {"conversation_id": self.conversation, "message_id": message_id}
        return self.wild.ask(type=frame_type, **about, **fields)

    @initialize(target=messages, number=st.integers(0, 2**32))
    def begins(self, number: int) -> str:
        """There is always something to change."""
        return self._accepted(number, "hello")

    def _accepted(self, number: int, text: str) -> str:
        client_id = uuid5(UUID(self.conversation), str(number))
        answer = self._say(client_id, text)
        assert answer["status"] == "accepted", answer
        message_id: str = answer["message_id"]
        if message_id not in self.model:
            self.model[message_id] = Said(client_id, text)
        self.quiet.hear(message_id)
        return message_id

    @rule(target=messages, number=st.integers(0, 2**32), text=TEXTS)
    def says(self, number: int, text: str) -> Any:  # noqa: ANN401 - a bundle takes none or one
        """Good messages are taken, others are refused."""
        if is_good(text):
            return self._accepted(number, text)
        assert self._say(uuid4(), text)["status"] == "rejected"
        return multiple()

    @rule(message_id=messages)
    def repeats(self, message_id: str) -> None:
        """The same client id is the same message."""
        said = self.model[message_id]
        answer = self._say(said.client_id, said.text or "again")
        assert (answer["status"], answer["message_id"]) == ("accepted", message_id)

    @rule(message_id=messages, text=TEXTS)
    def edits(self, message_id: str, text: str) -> None:
        """The last edit counts, and none after a deletion."""
        answer = self._change("message:edit", message_id, text=text)
        said = self.model[message_id]
        possible = said.text is not None and is_good(text)
        assert answer["status"] == ("accepted" if possible else "rejected"), answer
        if possible:
            said.text = text

    @rule(message_id=messages, emoji=st.sampled_from("👍🎉😀"), active=st.booleans())
    def reacts(self, message_id: str, emoji: str, active: bool) -> None:  # noqa: FBT001 - drawn
        """Reactions come and go."""
        answer = self._change("reaction", message_id, emoji=emoji, active=active)
        said = self.model[message_id]
        assert answer["status"] == ("rejected" if said.text is None else "accepted"), answer
        if said.text is not None:
            (said.reactions.add if active else said.reactions.discard)(emoji)

    @rule(rating=st.sampled_from(["up", "down"]), reason=st.sampled_from(REASONS))
    def rates(self, rating: str, reason: str | None) -> None:
        """An answer that came is rated; a reason that says nothing is refused."""
        answers = [frame["message_id"] for frame in self.quiet.heard if frame["type"] == "reply"]
        if not answers:
            return
        message_id = answers[-1]
        given = {} if reason is None else {"reason": reason}
        answer = self._change("feedback", message_id, rating=rating, **given)
        possible = reason not in BAD_REASONS
        assert answer["status"] == ("accepted" if possible else "rejected"), answer
        if possible:
            self.ratings[message_id] = rating

    @rule(message_id=messages, rating=st.sampled_from(["up", "down"]))
    def rates_what_is_no_answer(self, message_id: str, rating: str) -> None:
        """What people say is not rated."""
        answer = self._change("feedback", message_id, rating=rating)
        assert (answer["status"], answer["code"]) == ("rejected", "not_allowed")

    @rule(message_id=messages)
    def deletes(self, message_id: str) -> None:
        """What is taken back is gone; taking it back twice is the same."""
        assert self._change("message:delete", message_id)["status"] == "accepted"
        self.model[message_id].text = None
        self.model[message_id].reactions.clear()

    @rule(message_id=messages)
    def reads(self, message_id: str) -> None:
        """Read marks may be set in any order."""
        assert self._change("read", message_id)["status"] == "accepted"

    @rule(
        text=st.text(st.characters(exclude_categories=["Cs"]), max_size=300) | JSON.map(json.dumps)
    )
    def sends_anything(self, text: str) -> None:
        """Any text is answered with an error, or with what it deserves."""
        with contextlib.suppress(ConnectionClosed):
            self.wild.socket.send(text)
        self._again()

    @rule(
        frame=st.sampled_from(CLIENT_FRAMES),
        wrong=st.dictionaries(st.text(max_size=8), JSON),
        field=st.integers(0, 9),
        value=JSON,
    )
    def sends_wrong_fields(self, frame: Frame, wrong: Frame, field: int, value: object) -> None:
        """A field of another type, or one that is unknown, breaks nothing."""
        broken = {**frame, **wrong}
        name = sorted(frame)[field % len(frame)]
        broken[name] = value
        # What it could say is about a conversation that nobody is in.
        with contextlib.suppress(ConnectionClosed):
            self.wild.socket.send(json.dumps(broken))
        self._again()

    @rule(data=st.binary(max_size=300))
    def sends_binary(self, data: bytes) -> None:
        """Binary frames are refused; the socket lives on."""
        self.wild.socket.send(data)
        assert self.wild.lives()

    @rule(name=st.text(min_size=1, max_size=40))
    def asks_for_the_unknown(self, name: str) -> None:
        """An unknown type is an error with its `ref`, not an end."""
        answer = self.wild.ask(type=f"no:{name}")
        assert (answer["type"], answer["code"]) == ("error", "unknown_type")

    @rule(over=st.integers(1, 4_000))
    def says_too_much(self, over: int) -> None:
        """A text over the limit is refused; nothing of it is kept."""
        answer = self._say(uuid4(), "x" * (MESSAGE_CHARS + over))
        assert (answer["status"], answer["code"]) == ("rejected", "too_long")

    @rule(over=st.integers(1, 100_000))
    def sends_a_frame_too_large(self, over: int) -> None:
        """A frame over the limit ends its socket with 1009, and only that."""
        with contextlib.suppress(ConnectionClosed):
            self.wild.socket.send("x" * (FRAME_BYTES + over))
        try:
            while True:
                self.wild.heard.append(self.wild.read())
        except ConnectionClosed:
            assert self.wild.socket.close_code == CloseCode.FRAME_TOO_LARGE
        self.wild.close()
        self.wild = self._joined()

    @rule(first=st.sampled_from(['{"type":"ping","ref":"a"}', "", "[]", '{"type":"connect"}']))
    def begins_wrongly(self, first: str) -> None:
        """A socket that does not introduce itself is closed, and says why."""
        line = Line(self.url, self.token)
        line.socket.send(first)
        with pytest.raises(ConnectionClosed):
            line.read()
        assert line.socket.close_code == CloseCode.PROTOCOL_BROKEN
        line.close()

    @rule()
    def hangs_up(self) -> None:
        """It may vanish without a word and come back."""
        self.wild.socket.socket.shutdown(socket.SHUT_RDWR)
        self.wild.close()
        self.wild = self._joined()

    @rule()
    def starts_over(self) -> None:
        """A second `connect` is an error, not a second session."""
        self.wild.send(type="connect", token=self.token)
        assert self.wild.lives()

    @rule(text=TEXTS.filter(is_good))
    def a_stranger_talks(self, text: str) -> None:
        """Somebody on another socket is served as if nothing were wrong."""
        answer = self.stranger.ask(
            type="message",
            conversation_id=self.elsewhere,
            client_message_id=str(uuid4()),
            text=text,
        )
        assert answer["status"] == "accepted"
        self.stranger.hear(answer["message_id"])

    @precondition(lambda self: hasattr(self, "quiet"))
    @invariant()
    def neighbours_live(self) -> None:
        """The other sockets answer."""
        assert self.quiet.lives()
        assert self.stranger.lives()

    def teardown(self) -> None:
        """The history says exactly what was accepted; then everybody goes."""
        try:
            self._agree()
        finally:
            for line in (self.wild, self.quiet, self.stranger):
                line.close()

    def _agree(self) -> None:
        wanted = {
            message_id: (said.text, frozenset(said.reactions))
            for message_id, said in self.model.items()
        }
        deadline = time.monotonic() + STORED_SECONDS
        while (found := self._history()) != (wanted, self.ratings):
            assert time.monotonic() < deadline, (found, wanted, self.ratings)
            time.sleep(0.1)

    def _history(self) -> tuple[dict[str, tuple[str | None, frozenset[str]]], dict[str, str]]:
        found: dict[str, tuple[str | None, frozenset[str]]] = {}
        ratings: dict[str, str] = {}
        before = ""
        path = f"{self.stack.url}/api/chat/conversations/{self.conversation}/messages?limit=100"
        with httpx2.Client(
            trust_env=False, headers={"Authorization": f"Bearer {self.token}"}
        ) as http:
            while True:
                answer = http.get(path + before)
                if answer.status_code == httpx2.codes.NOT_FOUND:
                    return found, ratings
                page = answer.json()
                for item in page["items"]:
                    if item["type"] == "message":
                        emojis = frozenset(each["emoji"] for each in item["reactions"])
                        found[item["message_id"]] = (item["text"], emojis)
                    elif item["rating"]:
                        ratings[item["message_id"]] = item["rating"]
                if page["next"] is None:
                    return found, ratings
                before = f"&before={page['next']}"


@pytest.mark.parametrize("examples", lengths(4, 30))
def test_whatever_it_does(
    stack: Stack, record_property: Callable[[str, object], None], examples: int
) -> None:
    """No dead loop, no lost neighbour, nothing in the history that was not accepted."""
    WildClient.stack = stack
    machine = seed(SEED)(WildClient)
    run_state_machine_as_test(machine, settings=bounded(examples, STEPS))
    record_property("load", f"{examples} clients of up to {STEPS} frames, seed {SEED}")

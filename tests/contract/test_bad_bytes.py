"""Whatever bytes come, decoders answer with a frame, an event or a clear refusal (P19)."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import strategies as st

from consumers.delivery.decode import decode
from consumers.delivery.ports import Record
from edge_ws.fanout import Fanout
from edge_ws.memory import InMemoryRecord, InMemoryWhispers
from edge_ws.parsing import Refusal, parse
from edge_ws.passing import Passing
from producers.records import to_record
from runtime.errors import InvalidEventError
from schemas import headers as names
from schemas.events.chat import MessageSent
from schemas.frames.client import ClientFrame
from schemas.frames.server import SERVER_FRAME
from schemas.generate.examples import EXAMPLES
from schemas.topics import TOPIC_OF, Topic
from tests.exploring import SEED, explore, lengths
from tests.following import pushed
from tests.frames import CLIENT_FRAMES

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.promise("P19", "fuzzed frames and records through every decoder"),
]

NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text(max_size=40)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=12,
)


@st.composite
def mutated_frames(draw: st.DrawFn) -> str:
    """Return a frame that was good once: fields gone, changed, added, or text cut off."""
    frame: dict[str, Any] = dict(draw(st.sampled_from(CLIENT_FRAMES)))
    for name in draw(st.lists(st.sampled_from(sorted(frame)), max_size=3)):
        if draw(st.booleans()):
            frame[name] = draw(JSON)
        else:
            frame.pop(name, None)
    frame.update(draw(st.dictionaries(st.text(max_size=8), JSON, max_size=2)))
    text = _json(frame)
    return text[: draw(st.integers(0, len(text)))] if draw(st.integers(0, 5)) == 0 else text


def _json(value: object) -> str:
    # The standard library writes integers of any size, which orjson refuses.
    return json.dumps(value, ensure_ascii=False)


def garbled(body: bytes) -> st.SearchStrategy[bytes]:
    """Return a body with some bytes replaced, put in, or cut off."""

    def garble(edits: list[tuple[int, bytes]], end: int) -> bytes:
        text = body
        for place, new in edits:
            text = text[: place % len(body)] + new + text[place % len(body) + len(new) :]
        return text[:end] if end < len(body) else text

    edits = st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=4)), max_size=4)
    return st.builds(garble, edits, st.integers(0, 2 * len(body)))


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Return a record that some writer broke."""
    event = draw(st.sampled_from(EXAMPLES))
    made = to_record(event, b"/test/1")
    value = draw(garbled(made.value) | st.none() | st.binary(max_size=60) | JSON.map(_bytes))
    headers = draw(
        st.just(made.headers)
        | st.lists(
            st.tuples(
                st.sampled_from([names.TYPE, names.TIME, names.ID, "other"]),
                st.none() | st.binary(max_size=20) | st.just(event.event_type.encode()),
            ),
            max_size=5,
        ).map(tuple)
    )
    topic = draw(st.just(made.topic.value) | st.sampled_from([each.value for each in Topic]))
    key = draw(st.just(made.key) | st.none() | st.binary(max_size=40))
    return Record(topic, 0, 0, key, value, headers, 0)


def _bytes(value: object) -> bytes:
    return _json(value).encode("utf-8", "surrogatepass")


def load(record_property: Callable[[str, object], None], examples: int) -> None:
    """Say how much was tried."""
    record_property("load", f"{examples} examples each, seed {SEED}")


@pytest.mark.parametrize("examples", lengths(300, 3_000))
def test_any_text_is_a_frame_or_refused(
    record_property: Callable[[str, object], None], examples: int
) -> None:
    """The socket's parser never raises, and what it answers is a frame of the protocol."""
    load(record_property, examples)

    def check(text: str) -> None:
        found = parse(text)
        if isinstance(found, Refusal):
            frame = found.frame()
            header = 2 if frame[1] < 126 else 4  # RFC 6455 §5.2
            SERVER_FRAME.validate_json(frame[header:])
        else:
            assert isinstance(found, ClientFrame)

    explore(check, mutated_frames() | st.text(max_size=200) | JSON.map(_json), examples)


@pytest.mark.parametrize("examples", lengths(300, 3_000))
def test_any_record_is_an_event_or_refused(
    record_property: Callable[[str, object], None], examples: int
) -> None:
    """The consumers' decoder knows one error, and an event comes from its own topic only."""
    load(record_property, examples)

    def check(record: Record) -> None:
        try:
            delivered = decode(record)
        except InvalidEventError:
            return
        assert TOPIC_OF[type(delivered.event)] == record.topic

    explore(check, records(), examples)


@pytest.mark.parametrize("examples", lengths(150, 2_000))
def test_an_edge_passes_on_only_what_every_reader_can_read(
    record_property: Callable[[str, object], None], examples: int
) -> None:
    """A broken record is passed over; whatever is pushed is JSON in UTF-8 with a position."""
    load(record_property, examples)
    good = to_record(next(each for each in EXAMPLES if isinstance(each, MessageSent)), b"/test/1")
    key = good.key

    def check(broken: Record) -> None:
        headers: Any = broken.headers
        now = time.time_ns() // 1_000_000
        payloads = pushed(
            Topic.CHAT_MESSAGES,
            key,
            [
                InMemoryRecord(0, now, broken.key, broken.value, headers),
                InMemoryRecord(1, now, key, good.value, good.headers),
            ],
        )
        for payload in payloads:
            assert orjson.loads(payload)["at"].startswith("m")
        assert payloads[-1].endswith(good.value[1:])

    explore(check, records(), examples)


@pytest.mark.parametrize("examples", lengths(200, 5_000))
def test_any_whisper_is_passed_on_or_dropped(
    record_property: Callable[[str, object], None], examples: int
) -> None:
    """What another edge says over Valkey, or somebody who is none, breaks no listener."""
    load(record_property, examples)
    known = st.fixed_dictionaries(
        {
            "type": st.sampled_from(["typing", "presence", "other"]),
            "conversation_id": JSON,
            "user_id": JSON,
            "state": JSON,
        }
    )

    async def listen() -> Passing:
        return Passing(InMemoryWhispers(), Fanout())

    passing = asyncio.run(listen())
    explore(passing._push, st.binary(max_size=60) | JSON.map(_bytes) | known.map(_bytes), examples)

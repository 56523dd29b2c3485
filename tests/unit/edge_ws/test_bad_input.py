"""Bad input: a clear answer each time, nothing published, and the connection lives on."""

import contextlib
import json
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from edge_ws.parsing import Refusal, parse
from tests.unit.edge_ws.stage import Client, Stage, create_stage, running

CONVERSATION = str(uuid4())


def message(**fields: object) -> dict[str, object]:
    """Return a sound message frame, with these fields changed."""
    return {
        "type": "message",
        "ref": "r",
        "conversation_id": CONVERSATION,
        "client_message_id": str(uuid4()),
        "text": "hello",
        **fields,
    }


def change(frame_type: str, **fields: object) -> dict[str, object]:
    """Return a frame about a message, with these fields."""
    return {
        "type": frame_type,
        "ref": "r",
        "conversation_id": CONVERSATION,
        "message_id": str(uuid4()),
        **fields,
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "bad_json"),
        ("", "bad_json"),
        ("not json", "bad_json"),
        ('{"type":"ping","ref":"\\ud800"}', "bad_json"),
        ("[" * 5_000, "bad_json"),
        ("null", "bad_frame"),
        ("[]", "bad_frame"),
        ('"ping"', "bad_frame"),
        ("{}", "bad_frame"),
        ('{"type":null}', "unknown_type"),
        ('{"type":"nonsense"}', "unknown_type"),
        ('{"type":"feedback"}', "bad_frame"),
        ('{"type":"ping"}', "bad_frame"),
        ('{"type":"ping","ref":7}', "bad_frame"),
        ('{"type":"ping","ref":""}', "bad_frame"),
        ('{"type":"connect","token":"x"}', "bad_frame"),
        ('{"type":"message","text":"no ref"}', "bad_frame"),
        ('{"type":"typing","active":true}', "bad_frame"),
        (f'{{"type":"typing","conversation_id":"{CONVERSATION}"}}', "bad_frame"),
        (f'{{"type":"typing","conversation_id":"{CONVERSATION}","active":true}}', "not_joined"),
        ('{"type":"presence:watch"}', "bad_frame"),
        ('{"type":"presence:watch","user_ids":["me"]}', "bad_frame"),
        (json.dumps({"type": "presence:watch", "user_ids": [CONVERSATION] * 101}), "bad_frame"),
    ],
)
async def test_what_asks_for_nothing_gets_an_error(stage: Stage, text: str, code: str) -> None:
    """A frame that cannot be taken is answered with `error`."""
    client = await Client.open(stage)
    await client.connection.send(text)
    error = await client.hear()
    assert (error["type"], error["code"]) == ("error", code)
    assert await client.lives()
    assert stage.publisher.events == []


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (message(text=""), "empty"),
        (message(text=" \n\t "), "empty"),
        (message(text="x" * 8_001), "too_long"),
        (message(text="x" * 20_000), "too_long"),
        (message(text="nul \x00 inside"), "bad_frame"),
        (message(text=None), "bad_frame"),
        (message(text=7), "bad_frame"),
        (message(client_message_id="1"), "bad_frame"),
        (message(conversation_id="../../etc/passwd"), "bad_frame"),
        (message(attachments=[{"id": "x"}]), "bad_frame"),
        (message(attachments=[{"id": str(uuid4())}] * 11), "bad_frame"),
        (message(), "not_joined"),
        (change("message:edit", text=""), "empty"),
        (change("message:edit", text=" \n"), "empty"),
        (change("message:edit", text="x" * 8_001), "too_long"),
        (change("message:edit", text="nul \x00 inside"), "bad_frame"),
        (change("message:edit"), "bad_frame"),
        (change("message:edit", text="a", client_event_id=7), "bad_frame"),
        (change("message:edit", text="a", message_id="m"), "bad_frame"),
        (change("message:delete", message_id=None), "bad_frame"),
        (change("reaction", emoji="", active=True), "bad_frame"),
        (change("reaction", emoji="lol", active=True), "bad_frame"),
        (change("reaction", emoji="7", active=True), "bad_frame"),
        (change("reaction", emoji="<b>", active=True), "bad_frame"),
        (change("reaction", emoji="👍 ", active=True), "bad_frame"),
        (change("reaction", emoji="\u202e👍", active=True), "bad_frame"),
        (change("reaction", emoji="👍" * 17, active=True), "bad_frame"),
        (change("reaction", emoji="👍"), "bad_frame"),
        (change("reaction", emoji="👍", active="perhaps"), "bad_frame"),
        (change("feedback"), "bad_frame"),
        (change("feedback", rating="sideways"), "bad_frame"),
        (change("feedback", rating=1), "bad_frame"),
        (change("feedback", rating="down", reason=""), "bad_frame"),
        (change("feedback", rating="down", reason=" \n"), "bad_frame"),
        (change("feedback", rating="down", reason="x" * 501), "bad_frame"),
        (change("feedback", rating="down", reason="nul \x00 inside"), "bad_frame"),
        (change("feedback", rating="down", message_id=7), "bad_frame"),
        (change("read", message_id="latest"), "bad_frame"),
        (change("message:edit", text="a"), "not_joined"),
        (change("message:delete"), "not_joined"),
        (change("reaction", emoji="👍🏽", active=True), "not_joined"),
        (change("feedback", rating="up", reason="x" * 500), "not_joined"),
        (change("read"), "not_joined"),
        ({"type": "conversation:join", "ref": "r"}, "bad_frame"),
        (
            {
                "type": "conversation:join",
                "ref": "r",
                "conversation_id": CONVERSATION,
                "positions": ["m1"],
            },
            "bad_frame",
        ),
        (
            {
                "type": "conversation:start",
                "ref": "r",
                "client_conversation_id": CONVERSATION,
                "title": "x" * 121,
            },
            "bad_frame",
        ),
    ],
)
async def test_what_asks_for_something_is_rejected(
    stage: Stage, frame: dict[str, object], code: str
) -> None:
    """A frame with a `ref` that asks for something is answered with `ack rejected`."""
    client = await Client.open(stage)
    await client.say(**frame)
    ack = await client.hear()
    assert (ack["type"], ack["ref"], ack["status"]) == ("ack", "r", "rejected")
    assert ack["code"] == code
    assert ack["detail"]
    assert await client.lives()
    assert stage.publisher.events == []


async def test_an_answer_repeats_nothing_of_the_message(stage: Stage) -> None:
    """What people write does not come back in error texts, and so not in anybody's logs."""
    client = await Client.open(stage)
    await client.say(**message(text="secret" * 4_000))
    assert "secret" not in (await client.hear())["detail"]


async def test_binary_frames_are_refused(stage: Stage) -> None:
    """Frames are texts; a binary one is answered with an error."""
    client = await Client.open(stage)
    await client.connection.send(b'{"type":"ping","ref":"r"}')
    assert (await client.hear())["code"] == "bad_frame"
    assert await client.lives()


async def test_a_text_that_is_not_utf8_closes(stage: Stage) -> None:
    """RFC 6455 closes such a connection with 1007; nobody else notices."""
    client, other = await Client.open(stage), await Client.open(stage)
    broken = Frame(Opcode.TEXT, b'{"type":"ping","ref":"\xff"}').serialize(mask=True)
    client.connection.transport.write(broken)
    assert await client.close_code() == 1007
    assert await other.lives()
    assert stage.publisher.events == []


@pytest.mark.parametrize("size", [64 * 1024 + 1, 1024 * 1024])
async def test_a_frame_over_the_limit_closes(stage: Stage, size: int) -> None:
    """More than 64 KiB closes with 1009, and the sender gets to read it."""
    client, other = await Client.open(stage), await Client.open(stage)
    with contextlib.suppress(ConnectionClosed):
        await client.connection.send("x" * size)
    assert await client.close_code() == 1009
    assert await other.lives()


async def test_a_frame_at_the_limit_is_read(stage: Stage) -> None:
    """Exactly 64 KiB is still a frame."""
    client = await Client.open(stage)
    await client.connection.send("x" * 64 * 1024)
    assert (await client.hear())["code"] == "bad_json"
    assert await client.lives()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
TYPES = st.sampled_from(
    [
        "ping",
        "message",
        "connect",
        "conversation:join",
        "conversation:start",
        "conversation:leave",
        "presence",
    ]
)
FIELDS = st.dictionaries(
    st.sampled_from(
        [
            "ref",
            "text",
            "conversation_id",
            "client_message_id",
            "client_conversation_id",
            "positions",
            "title",
            "attachments",
            "reply_to",
            "token",
        ]
    ),
    JSON | st.just(CONVERSATION) | st.just(["m1:2", "z9:9"]),
)


@given(text=st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_any_text_is_a_frame_or_a_refusal(text: str) -> None:
    """Parsing never raises."""
    parsed = parse(text)
    if isinstance(parsed, Refusal):
        assert parsed.frame()


@given(kind=TYPES, fields=FIELDS)
def test_any_json_is_a_frame_or_a_refusal(kind: str, fields: dict[str, object]) -> None:
    """Parsing never raises, however odd the fields are, and its refusal can be sent."""
    parsed = parse(json.dumps({"type": kind, **fields}))
    if isinstance(parsed, Refusal):
        assert parsed.frame()


@settings(
    max_examples=15,
    deadline=None,
)
@given(
    frames=st.lists(
        st.text(max_size=200)
        | st.binary(max_size=200)
        | st.builds(lambda kind, fields: json.dumps({"type": kind, **fields}), TYPES, FIELDS),
        max_size=12,
    )
)
async def test_nothing_kills_the_loop(frames: list[str | bytes]) -> None:
    """Whatever is sent, in whatever order, the socket still answers."""
    async with running(create_stage()) as stage:
        client = await Client.open(stage)
        for frame in frames:
            await client.connection.send(frame)
        assert await client.lives()

"""What a client's author is given: the socket's documents, its schemas, and the guide's frames."""

import json
import re
from enum import Enum, StrEnum
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas.frames.codes import AckStatus, CloseCode, ErrorCode
from schemas.generate.asyncapi import socket_document
from schemas.generate.frames import SIDES, Side
from schemas.generate.goldens import GOLDENS
from schemas.generate.meanings import meanings

GUIDE = (GOLDENS.parents[1] / "docs" / "guides" / "socket.md").read_text(encoding="utf-8")
SPOKEN: dict[str, Side] = {"→": "client", "←": "server"}
ACTIONS: dict[Side, str] = {"client": "receive", "server": "send"}
CODES: tuple[type[Enum], ...] = (AckStatus, ErrorCode, CloseCode)
PONG = {"type": "pong", "ref": "1"}


class Silent(StrEnum):
    """Codes of which one does not say what it means."""

    TOLD = "told"
    """It says so."""
    UNTOLD = "untold"


def schema_of(side: Side) -> dict[str, Any]:
    """Return the committed schema of a side, as a client reads it."""
    text = (GOLDENS / "frames" / f"{side}.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def frame_types(side: Side) -> set[str]:
    """Return the types that the models of a side know."""
    _, adapter = SIDES[side]
    return set(adapter.json_schema()["discriminator"]["mapping"])


def exchange() -> list[tuple[Side, dict[str, Any]]]:
    """Return the frames that the guide shows."""
    lines = re.findall(r"^([→←]) (.+)$", GUIDE, re.MULTILINE)
    return [(SPOKEN[arrow], json.loads(frame)) for arrow, frame in lines]


@pytest.mark.parametrize("side", SIDES)
def test_every_frame_is_a_message_of_its_own(side: Side) -> None:
    """Each operation lists every frame type of its side once, with the schema of that type."""
    document = socket_document()
    messages = document["channels"]["socket"]["messages"]
    listed = [
        messages[message["$ref"].rpartition("/")[2]]
        for message in document["operations"][ACTIONS[side]]["messages"]
    ]
    payloads = [
        document["components"]["schemas"][message["payload"]["$ref"].rpartition("/")[2]]
        for message in listed
    ]
    assert sorted(message["name"] for message in listed) == sorted(frame_types(side))
    assert all(message["summary"] for message in listed)
    assert [schema["properties"]["type"]["const"] for schema in payloads] == [
        message["name"] for message in listed
    ]


@pytest.mark.parametrize("codes", CODES)
def test_the_document_says_what_every_code_means(codes: type[Enum]) -> None:
    """Statuses, errors and close codes come with the words that stand beside them in the code."""
    schema = socket_document()["components"]["schemas"][codes.__name__]
    assert schema["enum"] == [code.value for code in codes]
    for code, words in meanings(codes).items():
        assert f"- `{code.value}`: {words}" in schema["description"]


def test_a_code_without_a_meaning_is_refused() -> None:
    """Nobody adds a code and leaves its readers to guess."""
    with pytest.raises(LookupError, match="UNTOLD"):
        meanings(Silent)


@pytest.mark.parametrize("side", SIDES)
def test_a_schema_stands_by_itself(side: Side) -> None:
    """It is valid JSON Schema, and nothing in it refers to another file."""
    schema = schema_of(side)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    references = re.findall(r'"\$ref": "([^"]+)"', json.dumps(schema))
    assert references
    assert {each.rpartition("/")[2] for each in references} <= set(schema["$defs"])
    assert all(each.startswith("#/$defs/") for each in references)


def test_a_reader_is_open_to_later_fields_and_holds_to_the_type() -> None:
    """A field of tomorrow passes, also inside; a frame without a type, or of none, does not."""
    schema = Draft202012Validator(schema_of("server"))
    message = next(frame for _, frame in exchange() if "sender" in frame)
    sender = {**message["sender"], "from_the_future": 1}
    assert schema.is_valid({**message, "sender": sender, "from_the_future": 1})
    assert schema.is_valid(PONG)
    assert not schema.is_valid({"ref": "1"})
    assert not schema.is_valid({**PONG, "type": "pang"})


def test_the_guide_shows_frames_that_both_sides_take() -> None:
    """Every frame of the exchange is valid under the models and under the schemas."""
    shown = exchange()
    assert {frame["type"] for _, frame in shown} >= {"connect", "ack", "reply", "reset"}
    for side, frame in shown:
        _, adapter = SIDES[side]
        adapter.validate_python(frame, extra="ignore")
        Draft202012Validator(schema_of(side)).validate(frame)


@pytest.mark.parametrize("codes", [AckStatus, ErrorCode])
def test_the_guide_says_what_an_answer_means(codes: type[Enum]) -> None:
    """Its tables have every status and error, in the words of the code."""
    for code, words in meanings(codes).items():
        assert f"\n| `{code.value}` | {words} | " in GUIDE


def test_the_guide_says_what_a_close_means() -> None:
    """Its table has every close code, and says come back just where the number does."""
    rows = dict(re.findall(r"^\| (\d{4}) \| (.+) \|$", GUIDE, re.MULTILINE))
    assert set(rows) == {str(code.value) for code in CloseCode}
    for code, words in meanings(CloseCode).items():
        name, said, then = rows[str(code.value)].split(" | ")
        assert (name, said) == (code.name.lower(), words)
        assert (then == "come back") == (not 4500 <= code.value < 5000)

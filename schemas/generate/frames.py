"""The socket's frames as JSON Schema, for the AsyncAPI document and by themselves."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from schemas.frames.client import CLIENT_FRAME
from schemas.frames.codes import SUBPROTOCOL, AckStatus, ErrorCode
from schemas.frames.server import SERVER_FRAME
from schemas.generate.meanings import glossary

Side = Literal["client", "server"]
SIDES: dict[Side, tuple[JsonSchemaMode, TypeAdapter[Any]]] = {
    "client": ("validation", CLIENT_FRAME),
    "server": ("serialization", SERVER_FRAME),
}
"""Who sends the frames, and what they are."""

_JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"


def frame_schema(side: Side) -> dict[str, Any]:
    """Return one side's frames as a JSON Schema that needs no other document."""
    mode, adapter = SIDES[side]
    schema = adapter.json_schema(mode=mode)
    return {
        "$schema": _JSON_SCHEMA,
        "title": f"{SUBPROTOCOL}: what the {side} sends",
        "oneOf": schema["oneOf"],
        "$defs": _as_read(schema["$defs"]),
    }


def frame_models(ref_template: str) -> tuple[dict[Side, list[str]], dict[str, Any]]:
    """Return the model names of each side's frames, and the schemas of these and their parts."""
    sides, shared = TypeAdapter.json_schemas(
        [(side, mode, adapter) for side, (mode, adapter) in SIDES.items()],
        ref_template=ref_template,
    )
    names = {
        side: [option["$ref"].rpartition("/")[2] for option in schema["oneOf"]]
        for (side, _), schema in sides.items()
    }
    return names, _as_read(shared["$defs"])


def _as_read(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schemas as a reader has to take them, with what codes mean.

    No field is forbidden, because readers ignore what they do not know; a frame has a type.
    """
    read = {name: dict(schema) for name, schema in schemas.items()}
    for schema in read.values():
        schema.pop("additionalProperties", None)
        if "const" in schema.get("properties", {}).get("type", {}):
            required = schema.get("required", [])
            schema["required"] = ["type", *(name for name in required if name != "type")]
    for codes in (AckStatus, ErrorCode):
        if codes.__name__ in read:
            read[codes.__name__]["description"] = glossary(codes)
    return read

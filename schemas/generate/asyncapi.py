"""AsyncAPI 3 documents: one for the topics, one for the socket.

They are written from the catalogue and the frames: what a consumer subscribes to is raw records,
so that no header or body can break it, and says nothing of what they carry.
"""

from typing import Any

from pydantic.json_schema import models_json_schema

from schemas import headers
from schemas.frames.codes import SUBPROTOCOL, CloseCode
from schemas.generate.frames import frame_models
from schemas.generate.meanings import glossary
from schemas.positions import PUSHED_TOPICS
from schemas.topics import (
    CATALOGUE,
    DESK,
    EDGE,
    EVENT_TYPES,
    GATEWAY,
    LANES,
    RETRY_RETENTION,
    Lane,
    Topic,
    TopicSpec,
    dead_letter_topic,
    group_of,
)

_VERSION = "3.0.0"
_REFERENCE = "#/components/schemas/{model}"
_HEADERS = (
    headers.SPEC_VERSION,
    headers.ID,
    headers.SOURCE,
    headers.TYPE,
    headers.TIME,
    headers.SUBJECT,
    headers.CONTENT_TYPE,
)


def topics_document() -> dict[str, Any]:
    """Return the AsyncAPI document of the Kafka topics."""
    _, schemas = models_json_schema(
        [(event, "serialization") for event in EVENT_TYPES.values()], ref_template=_REFERENCE
    )
    channels = {topic.value: _channel(topic.value, spec) for topic, spec in CATALOGUE.items()}
    operations: dict[str, Any] = {}
    for topic, spec in CATALOGUE.items():
        channel = {"$ref": f"#/channels/{topic.value}"}
        for writer in spec.writers:
            operations[f"{writer}.send.{topic.value}"] = {"action": "send", "channel": channel}
        for reader in spec.readers:
            operations[f"{reader}.receive.{topic.value}"] = {
                "action": "receive",
                "channel": channel,
                "description": _reading(topic, reader),
            }
        for reader in spec.tails:
            operations[f"{reader}.receive.{topic.value}"] = {
                "action": "receive",
                "channel": channel,
                "description": "Every partition, in every replica, without a group.",
            }
    for lane in LANES:
        channels[lane.retries] = _retry_channel(lane)
        operations |= _retry_operations(lane)
    return {
        "asyncapi": _VERSION,
        "info": {
            "title": "Parley: topics",
            "version": "1",
            "description": "JSON bodies, CloudEvents 1.0 headers in binary mode.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"schemas": schemas["$defs"]},
    }


def _reading(topic: Topic, reader: str) -> str:
    if reader == EDGE and topic is Topic.CHAT_REPLY_DELTAS:
        return "Every partition, from the end, without a group; pushed without positions."
    if reader == EDGE and topic not in PUSHED_TOPICS:
        return "Every partition, from as far back as access tokens live, without a group."
    if reader == EDGE:
        return "Every partition, from the end, without a group."
    if reader == GATEWAY:
        return "The one partition that it has leased, from the end, without a group."
    return (
        f"Group {group_of(reader)}; what it cannot read goes to {dead_letter_topic(topic, reader)}."
    )


def _channel(address: str, spec: TopicSpec) -> dict[str, Any]:
    messages = {
        event.event_type: {
            "name": event.event_type,
            "summary": (event.__doc__ or "").strip().splitlines()[0],
            "headers": {
                "type": "object",
                "required": list(_HEADERS),
                "properties": {name: {"type": "string"} for name in _HEADERS},
            },
            "payload": {"$ref": _REFERENCE.format(model=event.__name__)},
        }
        for event in spec.events
    }
    return {
        "address": address,
        "description": f"Keyed by {spec.key}; {_kept(spec)}.",
        "messages": messages,
        "bindings": {"kafka": {"topic": address, "partitions": spec.partitions}},
    }


def _kept(spec: TopicSpec) -> str:
    kept = "for ever" if spec.retention is None else str(spec.retention)
    return f"of each key the latest is kept {kept}" if spec.compacted else f"kept {kept}"


def _retry_channel(lane: Lane) -> dict[str, Any]:
    spec = CATALOGUE[lane.topic]
    messages = f"#/channels/{lane.topic}/messages"
    return {
        "address": lane.retries,
        "description": f"Dead letters of {lane.dead_letters}, redriven: key, value and headers as "
        f"they were, then {headers.REDRIVE_ID} and {headers.ATTEMPT}; kept {RETRY_RETENTION}.",
        "messages": {
            event.event_type: {"$ref": f"{messages}/{event.event_type}"} for event in spec.events
        },
        "bindings": {"kafka": {"topic": lane.retries, "partitions": spec.partitions}},
    }


def _retry_operations(lane: Lane) -> dict[str, Any]:
    channel = {"$ref": f"#/channels/{lane.retries}"}
    return {
        f"{DESK}.send.{lane.retries}": {"action": "send", "channel": channel},
        f"{lane.consumer}.receive.{lane.retries}": {
            "action": "receive",
            "channel": channel,
            "description": f"Group {group_of(lane.consumer)}; what it still cannot read goes back "
            f"to {lane.dead_letters}.",
        },
    }


def socket_document() -> dict[str, Any]:
    """Return the AsyncAPI document of the WebSocket."""
    sides, schemas = frame_models(_REFERENCE)
    schemas[CloseCode.__name__] = {
        "type": "integer",
        "enum": [code.value for code in CloseCode],
        "title": CloseCode.__name__,
        "description": glossary(CloseCode),
    }
    return {
        "asyncapi": _VERSION,
        "info": {
            "title": f"Parley: the socket, {SUBPROTOCOL}",
            "version": "1",
            "description": "One JSON object per text frame; how they follow each other is in "
            "docs/guides/socket.md, why a socket is closed under CloseCode.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "socket": {
                "address": "/ws",
                "messages": {
                    name: _frame_message(name, schemas[name])
                    for names in sides.values()
                    for name in names
                },
            }
        },
        "operations": {
            action: {
                "action": action,
                "channel": {"$ref": "#/channels/socket"},
                "messages": [{"$ref": f"#/channels/socket/messages/{name}"} for name in names],
            }
            for action, names in (("receive", sides["client"]), ("send", sides["server"]))
        },
        "components": {"schemas": schemas},
    }


def _frame_message(model: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": schema["properties"]["type"]["const"],
        "summary": schema["description"].splitlines()[0],
        "payload": {"$ref": _REFERENCE.format(model=model)},
    }

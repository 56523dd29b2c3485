"""Which history a cluster's topics hold: a topic that is made anew has another id (KIP-516).

aiokafka's own metadata requests are older than these ids.
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterable
from io import BytesIO
from typing import Any
from uuid import UUID

from aiokafka.errors import for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    AbstractType,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

_NONE = UUID(int=0)
_SHOWN = 16
_NO_TAGS: dict[int, bytes] = {}

Ask = Callable[[Request[RequestStruct]], Awaitable[Any]]
"""Sends a request to any broker and returns its answer."""


class _Id(AbstractType[UUID]):  # type: ignore[misc]
    """A UUID as the protocol has it: its 16 bytes."""

    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))


class MetadataResponse(Response):  # type: ignore[misc]
    """Version 12."""

    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString("utf-8")),
                ("topic_id", _Id),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition_index", Int32),
                        ("leader_id", Int32),
                        ("leader_epoch", Int32),
                        ("replica_nodes", CompactArray(Int32)),
                        ("isr_nodes", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("topic_authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class MetadataRequest_v12(RequestStruct):  # type: ignore[misc]  # noqa: N801 - as theirs
    """Version 12, the first that brokers of today know with ids and that needs nothing newer."""

    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 12
    RESPONSE_TYPE = MetadataResponse
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("topic_id", _Id), ("name", CompactString("utf-8")), ("tags", TaggedFields)
            ),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class TopicsRequest(Request[MetadataRequest_v12]):  # type: ignore[misc]
    """Asks about these topics, and makes none of them."""

    API_KEY = 3

    def __init__(self, topics: Iterable[str]) -> None:
        self._topics = sorted(topics)

    def build(self, request_struct_class: type[MetadataRequest_v12]) -> MetadataRequest_v12:
        """Return the request."""
        creates = authorizes = False
        topics = [(_NONE, name, _NO_TAGS) for name in self._topics]
        return request_struct_class(topics, creates, authorizes, _NO_TAGS)


async def history_of(ask: Ask, topics: Iterable[str]) -> str:
    """Return the name of the history that these topics hold now.

    Another cluster has another, and so have topics that were deleted and made again.

    Raises:
        KafkaError: there is no such topic now, or no broker to ask.
    """
    answer = (await ask(TopicsRequest(topics))).to_object()
    for topic in answer["topics"]:
        if topic["error_code"]:
            raise for_code(topic["error_code"])(topic["name"])
    named = sorted((topic["name"], topic["topic_id"].bytes) for topic in answer["topics"])
    ids = hashlib.sha256(b"".join(topic_id for _, topic_id in named)).hexdigest()
    return f"{answer['cluster_id']}.{ids[:_SHOWN]}"

"""Reads a record as the event it says it is; whatever it holds, the only error is a clear one."""

from pydantic import ValidationError

from consumers.delivery.ports import Delivered, Record
from runtime.errors import InvalidEventError
from schemas import headers as names
from schemas.events.envelope import Event
from schemas.topics import EVENT_TYPES, TOPIC_OF, source_of

_DETAIL_ERRORS = 3


def decode(record: Record) -> Delivered:
    """Return the event of a record; one from a retry topic is read as if it came from the topic.

    Raises:
        InvalidEventError: it can never be read; the detail names fields, never their content.
    """
    event_type = _text_headers(record).get(names.TYPE)
    if event_type is None:
        raise InvalidEventError("missing_type")
    model = EVENT_TYPES.get(event_type)
    if model is None:
        raise InvalidEventError("unknown_type")
    if TOPIC_OF[model] != source_of(record.topic):
        raise InvalidEventError("wrong_topic", event_type)
    if record.value is None:
        raise InvalidEventError("null_value")
    return Delivered(_validated(model, record.value), record)


def _text_headers(record: Record) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, value in record.headers:
        if value is None:
            raise InvalidEventError("null_header")
        try:
            texts[name] = value.decode()
        except UnicodeDecodeError as error:
            raise InvalidEventError("undecodable_header") from error
    return texts


def _validated(model: type[Event], value: bytes) -> Event:
    try:
        # Readers ignore what a newer writer added (schemas.events.envelope).
        return model.model_validate_json(value, extra="ignore")
    except ValidationError as error:
        # The input stays out: operators read a dead letter's headers, not people's words.
        found = error.errors(include_url=False, include_context=False, include_input=False)
        named = (f"{'.'.join(map(str, item['loc']))}:{item['type']}" for item in found)
        detail = " ".join(list(named)[:_DETAIL_ERRORS])
        raise InvalidEventError("schema_mismatch", detail) from error

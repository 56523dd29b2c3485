"""Goldens: per event type and revision an Avro schema, a JSON Schema and an example.

A revision is never changed once it is released; a changed model adds the next one, and the
contract tests hold every pair of revisions to FULL_TRANSITIVE compatibility.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_avro.to_avro.types import AvroTypeConverter

from schemas.generate.examples import EXAMPLES
from schemas.generate.frames import SIDES, frame_schema

if TYPE_CHECKING:
    from schemas.events.envelope import Event

GOLDENS = Path(__file__).resolve().parent.parent / "goldens"


def pretty(value: Any) -> str:  # noqa: ANN401 - any JSON
    """Return JSON as it is committed: sorted, indented, ending with a new line."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def avro_schema(event: type["Event"]) -> dict[str, Any]:
    """Return the Avro schema of an event's body."""
    schema = event.model_json_schema(mode="serialization")
    fields = AvroTypeConverter(schema).fields_to_avro_dicts(schema)
    return {"type": "record", "namespace": "parley", "name": event.__name__, "fields": fields}


def revisions(event_type: str) -> list[int]:
    """Return the revisions committed for a type, oldest first."""
    return sorted(
        int(path.name.split(".")[0]) for path in (GOLDENS / event_type).glob("*.schema.json")
    )


def _event_files(example: "Event") -> Iterator[tuple[Path, str]]:
    event = type(example)
    folder = GOLDENS / event.event_type
    schema = pretty(event.model_json_schema(mode="serialization"))
    avro = pretty(avro_schema(event))
    known = revisions(event.event_type)
    revision = known[-1] if known else 1
    current = folder / f"{revision}.schema.json"
    if known and current.read_text(encoding="utf-8") != schema:
        revision += 1
    yield folder / f"{revision}.schema.json", schema
    yield folder / f"{revision}.avsc", avro
    yield folder / f"{revision}.example.json", pretty(json.loads(example.model_dump_json()))


def golden_files() -> Iterator[tuple[Path, str]]:
    """Yield every golden that today's models call for: path and content."""
    for example in EXAMPLES:
        yield from _event_files(example)
    frames = GOLDENS / "frames"
    for side in SIDES:
        yield frames / f"{side}.schema.json", pretty(frame_schema(side))

"""The contract evolves without breaking a reader or a writer, old or new."""

import itertools
import json

import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.schema import parse

from schemas.events.envelope import Event
from schemas.generate.__main__ import generated
from schemas.generate.examples import EXAMPLES
from schemas.generate.goldens import GOLDENS, revisions
from schemas.topics import EVENT_TYPES

CHECKER = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]
REVISIONS = [(name, revision) for name in EVENT_TYPES for revision in revisions(name)]

pytestmark = pytest.mark.promise("P20", "every revision of every event, old and new, each way")


def test_generated_files_are_up_to_date() -> None:
    """What is committed is what today's models say."""
    stale = [
        path.name
        for path, content in generated()
        if not path.exists() or path.read_text(encoding="utf-8") != content
    ]
    assert stale == []


def _holds(written: object, old: object) -> bool:
    """Whether everything that was in the old value is in the new one, at every depth."""
    if isinstance(written, dict) and isinstance(old, dict):
        return all(name in written and _holds(written[name], old[name]) for name in old)
    if isinstance(written, list) and isinstance(old, list):
        return len(written) == len(old) and all(map(_holds, written, old))
    return written == old


def test_every_event_of_the_catalogue_has_an_example() -> None:
    """No event without a golden."""
    assert {type(example) for example in EXAMPLES} == set(EVENT_TYPES.values())


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_every_pair_of_revisions_is_fully_compatible(name: str) -> None:
    """FULL_TRANSITIVE: each revision reads what each other one wrote."""
    schemas = [
        parse((GOLDENS / name / f"{revision}.avsc").read_text(encoding="utf-8"))
        for revision in revisions(name)
    ]
    assert schemas
    for reader, writer in itertools.product(schemas, repeat=2):
        verdict = CHECKER.get_compatibility(reader, writer)
        assert verdict.compatibility is SchemaCompatibilityType.compatible, verdict.messages


def test_the_checker_refuses_a_new_required_field() -> None:
    """The check above can fail."""
    old = json.loads((GOLDENS / "chat.message_sent.v1" / "1.avsc").read_text(encoding="utf-8"))
    new = {**old, "fields": [*old["fields"], {"name": "added", "type": "string"}]}
    verdict = CHECKER.get_compatibility(parse(json.dumps(new)), parse(json.dumps(old)))
    assert verdict.compatibility is SchemaCompatibilityType.incompatible


@pytest.mark.parametrize(("name", "revision"), REVISIONS)
def test_every_old_example_reads_under_todays_model(name: str, revision: int) -> None:
    """What was published once can be read for ever."""
    body = (GOLDENS / name / f"{revision}.example.json").read_bytes()
    event = EVENT_TYPES[name].model_validate_json(body, extra="ignore")
    assert _holds(json.loads(event.model_dump_json()), json.loads(body))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.event_type)
def test_readers_ignore_unknown_fields_and_writers_forbid_them(example: Event) -> None:
    """A newer writer does not break an older reader; a typo in our own code does not pass."""
    body = {**json.loads(example.model_dump_json()), "from_the_future": 1}
    event = type(example)
    assert event.model_validate_json(json.dumps(body), extra="ignore") == example
    with pytest.raises(ValueError, match="from_the_future"):
        event(**{**example.model_dump(), "from_the_future": 1})

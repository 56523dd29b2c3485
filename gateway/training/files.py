"""Reads uploaded examples: CSV, JSON or YAML, in UTF-8, whatever else may be in the file."""

import csv
import io
from collections.abc import Callable
from pathlib import PurePath

import orjson
import yaml

from gateway.http.problems import FieldProblem
from gateway.training.examples import MAX_EXAMPLES, BadExamplesError, Row

FIELDS = ("text", "intent")
ALIASES = {"category": "intent", "label": "intent"}
"""What public intent sets call the column."""

MAX_DEPTH = 8

_SHAPE = "must be a list of {text, intent}, or a map from intent to a list of texts"


def read_file(name: str, content: bytes) -> list[Row]:
    """
    Return the rows of a file; its name's ending says what it is.

    Raises:
        BadExamplesError: it is not such a file; the field is `file` or a row's.
    """
    reader = _READERS.get(PurePath(name).suffix.lower())
    if reader is None:
        raise _refused("file", f"its name must end in {', '.join(_READERS)}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = content.count(b"\n", 0, error.start) + 1
        raise _refused("file", f"is not UTF-8 (line {where})") from error
    if "\x00" in text:
        raise _refused("file", "is not a text file")
    return reader(text)


def rows_of(content: object, place: str) -> list[Row]:
    """
    Return the rows of parsed JSON or YAML.

    Raises:
        BadExamplesError: it has another shape.
    """
    if isinstance(content, dict):
        if set(content) == {"examples"}:
            return rows_of(content["examples"], place)
        return _rows_by_intent(content, place)
    if not isinstance(content, list):
        raise _refused(place, _SHAPE)
    rows = []
    for number, each in enumerate(content):
        where = f"{place}.{number}"
        if not isinstance(each, dict):
            raise _refused(where, "must be {text, intent}")
        named = {ALIASES.get(str(key), str(key)): value for key, value in each.items()}
        _refuse_unknown(where, list(named))
        rows.append(Row(where, named.get("text"), named.get("intent")))
    return rows


def _rows_by_intent(content: dict[object, object], place: str) -> list[Row]:
    rows = []
    for intent, texts in content.items():
        where = f"{place}.{str(intent)[:80]}"
        if not isinstance(texts, list):
            raise _refused(where, "must be a list of texts")
        rows += [Row(f"{where}.{number}", text, intent) for number, text in enumerate(texts)]
    return rows


def _read_csv(text: str) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    try:
        header = [ALIASES.get(name.strip().lower(), name.strip()) for name in next(reader, [])]
        _refuse_unknown("row 1", header)
        if sorted(header) != sorted(FIELDS):
            raise _refused("row 1", "the first row must name the columns text and intent")
        for values in reader:
            place = f"row {reader.line_num}"
            if not values:
                continue
            if len(values) != len(header):
                raise _refused(place, f"has {len(values)} columns, the first row {len(header)}")
            named = dict(zip(header, values, strict=True))
            rows.append(Row(place, named["text"], named["intent"]))
            if len(rows) > MAX_EXAMPLES:
                break
    except csv.Error as error:
        raise _refused(f"row {reader.line_num}", f"is not CSV: {error}") from error
    return rows


def _read_json(text: str) -> list[Row]:
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        what = f"is not JSON: line {error.lineno} column {error.colno}"
        raise _refused("file", what) from error
    return rows_of(content, "examples")


def _read_yaml(text: str) -> list[Row]:
    try:
        _refuse_tricks(text)
        content = yaml.load(text, yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _refused("file", f"is not YAML: line {line}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise _refused("file", "is not YAML") from error
    return rows_of(content, "examples")


def _refuse_tricks(text: str) -> None:
    """Aliases could make a small file a huge one, and depth could overflow the parser's stack."""
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise _refused("file", "YAML aliases are not taken")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise _refused("file", f"is nested deeper than {MAX_DEPTH} levels")


_READERS: dict[str, Callable[[str], list[Row]]] = {
    ".csv": _read_csv,
    ".json": _read_json,
    ".yaml": _read_yaml,
    ".yml": _read_yaml,
}


def _refuse_unknown(place: str, names: list[str]) -> None:
    for name in names:
        if name not in FIELDS:
            what = f"unknown column {name[:40]!r}; known are text and intent"
            raise _refused(place, what)


def _refused(field: str, message: str) -> BadExamplesError:
    return BadExamplesError([FieldProblem(field=field, message=message)])

"""Reads the snippet files of the knowledge folder: YAML with a list of titles and texts."""

from collections.abc import Iterator
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from gateway.knowledge.reading.blocks import Piece, UnreadableError, cut, squeeze

_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]


class _Snippet(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)
    title: _Line
    text: _Text


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    snippets: list[_Snippet]


def pieces_of_yaml(source: str) -> Iterator[Piece]:
    """Return the pieces of every snippet.

    Raises:
        UnreadableError: it is not YAML, or not such a list; says where.
    """
    try:
        content = yaml.safe_load(source)
    except (yaml.YAMLError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" (line {where.line + 1})" if where else ""
        message = f"The file is not YAML{line}."
        raise UnreadableError(message) from error
    try:
        snippets = _File.model_validate(content).snippets
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        message = f"{where}: {first['msg']}."
        raise UnreadableError(message) from error
    for each in snippets:
        yield from cut(squeeze(each.title), [squeeze(each.text)])

"""Reads CSV: a question or title and its answer in every row."""

import csv
from collections.abc import Iterator, Sequence

from gateway.knowledge.reading.blocks import Piece, UnreadableError, cut, squeeze

_TITLES = ("question", "title")
_TEXTS = ("answer", "text")
_DIALECT_CHARS = 8_192


def pieces_of_csv(source: str) -> Iterator[Piece]:
    """Return the pieces of every row; the columns are found by name, the separator by looking.

    Raises:
        UnreadableError: a column is missing, or a row has no text; says which.
    """
    try:
        dialect = csv.Sniffer().sniff(source[:_DIALECT_CHARS], delimiters=",;\t|")
    except csv.Error:
        # One column, or one row: nothing to find a separator in.
        dialect = csv.excel
    rows = csv.reader(source.splitlines(keepends=True), dialect, strict=True)
    try:
        header = [squeeze(name).casefold() for name in next(rows, [])]
        title, text = _column(header, _TITLES), _column(header, _TEXTS)
        for number, row in enumerate(rows, start=2):
            if any(cell.strip() for cell in row):
                yield from cut(_cell(row, title, number)[:300], [_cell(row, text, number)])
    except csv.Error as error:
        message = f"Row {rows.line_num} is not CSV: {error}."
        raise UnreadableError(message) from error


def _column(header: Sequence[str], names: Sequence[str]) -> int:
    for name in names:
        if name in header:
            return header.index(name)
    message = f"The first row names no column {' or '.join(names)}."
    raise UnreadableError(message)


def _cell(row: Sequence[str], column: int, number: int) -> str:
    text = squeeze(row[column]) if column < len(row) else ""
    if not text:
        message = f"Row {number} has nothing in column {column + 1}."
        raise UnreadableError(message)
    return text

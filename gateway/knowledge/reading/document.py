"""Reads a file by what its name says it is."""

from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Final

from gateway.knowledge.reading.blocks import Paragraph, Piece, UnreadableError, pieces_of, squeeze
from gateway.knowledge.reading.html import blocks_of_html
from gateway.knowledge.reading.markdown import blocks_of_markdown
from gateway.knowledge.reading.pdf import blocks_of_pdf
from gateway.knowledge.reading.snippets import pieces_of_yaml
from gateway.knowledge.reading.table import pieces_of_csv

MAX_PIECES = 1_000
MAX_BYTES = 600_000
"""All titles and texts together: they travel in one record, and a record may have 1 MiB."""


def _text(source: str) -> Iterable[Paragraph]:
    return (Paragraph(squeezed) for each in source.split("\n\n") if (squeezed := squeeze(each)))


_READERS: Final[dict[str, Callable[[str, bytes], Iterable[Piece]]]] = {
    ".md": lambda title, data: pieces_of(title, blocks_of_markdown(_decoded(data))),
    ".html": lambda title, data: pieces_of(title, blocks_of_html(_decoded(data))),
    ".txt": lambda title, data: pieces_of(title, _text(_decoded(data))),
    ".csv": lambda _, data: pieces_of_csv(_decoded(data)),
    ".yaml": lambda _, data: pieces_of_yaml(_decoded(data)),
    ".pdf": lambda title, data: pieces_of(title, blocks_of_pdf(data)),
}
_SAME = {".markdown": ".md", ".htm": ".html", ".yml": ".yaml"}
FORMATS = (*_READERS, *_SAME)


def read_document(name: str, title: str, data: bytes) -> tuple[Piece, ...]:
    """Return what a file says, piece by piece; blocking and slow for long files.

    Raises:
        UnreadableError: the format is not known, or the file breaks its rules or the limits.
    """
    suffix = PurePosixPath(name).suffix.casefold()
    read = _READERS.get(_SAME.get(suffix, suffix))
    if read is None:
        message = f"The name must end in one of {', '.join(FORMATS)}."
        raise UnreadableError(message)
    pieces: list[Piece] = []
    size = 0
    for piece in read(title, data):
        pieces.append(piece)
        size += len(f"{piece.title}{piece.text}".encode())
        if len(pieces) > MAX_PIECES or size > MAX_BYTES:
            message = (
                f"The document is too long: {MAX_BYTES:,} bytes of text in {MAX_PIECES:,} sections "
                "are taken at most; import it in parts."
            )
            raise UnreadableError(message)
    if not pieces:
        raise UnreadableError("There is no text in the file.")
    return tuple(pieces)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"The file is not UTF-8 (at byte {error.start})."
        raise UnreadableError(message) from error

"""The common ground of all formats: headings and paragraphs in their order."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from runtime.errors import DomainError

SECTION_CHARS = 700
"""About 120 words: the sentence model reads no further, and nobody wants a longer answer."""

_SENTENCE_END = re.compile(r"(?<=[.!?…。])\s+")
_SPACE = re.compile(r"\s+")


class UnreadableError(DomainError):
    """A file that no knowledge can be made of; the detail says where and why."""

    def __init__(self, detail: str) -> None:
        super().__init__("unreadable_document", detail, status=422)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the highest."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text under the heading before it."""

    text: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A section before it has an id."""

    title: str
    text: str


def squeeze(text: str) -> str:
    """Return text with every run of white space as one space, and only what a store can keep."""
    kept = text.replace("\x00", "").encode("utf-8", errors="ignore").decode()
    return _SPACE.sub(" ", kept).strip()


def pieces_of(title: str, blocks: Iterable[Heading | Paragraph]) -> Iterator[Piece]:
    """Cut a document at its headings, and what is long between its paragraphs and sentences.

    A piece is titled by the headings above it, so that it can be found by what it is about.
    """
    path: list[Heading] = []
    gathered: list[str] = []
    for block in blocks:
        if isinstance(block, Paragraph):
            gathered.append(block.text)
            continue
        yield from cut(_titled(title, path), gathered)
        gathered.clear()
        path = [*(above for above in path if above.level < block.level), block]
    yield from cut(_titled(title, path), gathered)


def _titled(title: str, path: Iterable[Heading]) -> str:
    # A first heading that is the title again says nothing in front of the others.
    names = [heading.text for heading in path]
    if len(names) > 1 and names[0].casefold() == title.casefold():
        del names[0]
    return ": ".join(names or [title])[:300]


def cut(title: str, paragraphs: Iterable[str]) -> Iterator[Piece]:
    """Put paragraphs together to pieces that are as long as may be."""
    held = ""
    for part in (part for text in paragraphs for part in _short_parts(text)):
        if held and len(held) + 1 + len(part) > SECTION_CHARS:
            yield Piece(title, held)
            held = part
        else:
            held = f"{held} {part}" if held else part
    if held:
        yield Piece(title, held)


def _short_parts(text: str) -> Iterator[str]:
    if len(text) <= SECTION_CHARS:
        yield text
        return
    for sentence in _SENTENCE_END.split(text):
        # A sentence without an end is cut at a space, or anywhere when it has none.
        while len(sentence) > SECTION_CHARS:
            at = sentence.rfind(" ", 0, SECTION_CHARS) + 1 or SECTION_CHARS
            yield sentence[:at].strip()
            sentence = sentence[at:]  # noqa: PLW2901 - what is left of it
        if sentence.strip():
            yield sentence.strip()

"""Reads HTML: nh3 takes away what is not text, and what remains is headings and paragraphs."""

from collections.abc import Iterator
from html.parser import HTMLParser

import nh3

from gateway.knowledge.reading.blocks import Heading, Paragraph, squeeze

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_ENDS_A_PARAGRAPH = frozenset(
    ("p", "li", "tr", "table", "dt", "dd", "div", "blockquote", "pre", "section", "article", "br")
)
_WORD_APART = frozenset(("td", "th"))
# Navigation and decoration of a page are no knowledge; their text goes with them.
_DROPPED = {"script", "style", "nav", "header", "footer", "aside", "form", "noscript", "svg"}


class _Blocks(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Heading | Paragraph] = []
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the base class names it
        if tag in _HEADINGS or tag in _ENDS_A_PARAGRAPH:
            self.flush()
        elif tag in _WORD_APART:
            self._text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _HEADINGS:
            text = squeeze("".join(self._text))
            self._text.clear()
            if text:
                self.found.append(Heading(_HEADINGS[tag], text))
        elif tag in _ENDS_A_PARAGRAPH:
            self.flush()

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def flush(self) -> None:
        text = squeeze("".join(self._text))
        self._text.clear()
        if text:
            self.found.append(Paragraph(text))


def blocks_of_html(source: str) -> Iterator[Heading | Paragraph]:
    """Return headings and paragraphs in their order; scripts, styles and navigation are left out.

    What nh3 leaves is well-formed and without attributes, so a simple parser reads it.
    """
    kept = {*_HEADINGS, *_ENDS_A_PARAGRAPH, *_WORD_APART}
    cleaned = nh3.clean(source, tags=kept, attributes={}, clean_content_tags=_DROPPED)
    parser = _Blocks()
    parser.feed(cleaned)
    parser.close()
    parser.flush()
    yield from parser.found

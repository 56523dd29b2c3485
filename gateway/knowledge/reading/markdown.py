"""Reads Markdown by rendering it: what HTML becomes, it becomes."""

from collections.abc import Iterator

from markdown_it import MarkdownIt

from gateway.knowledge.reading.blocks import Heading, Paragraph
from gateway.knowledge.reading.html import blocks_of_html


def blocks_of_markdown(source: str) -> Iterator[Heading | Paragraph]:
    """Return headings and paragraphs in their order; tables are read row by row."""
    return blocks_of_html(MarkdownIt("commonmark").enable("table").render(source))

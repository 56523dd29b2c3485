"""Reads the text of PDF files; pictures of text are not text."""

import io
from collections.abc import Iterator

import pypdf
from pypdf.errors import PyPdfError

from gateway.knowledge.reading.blocks import Heading, Paragraph, UnreadableError, squeeze

MAX_PAGES = 500


def blocks_of_pdf(source: bytes) -> Iterator[Heading | Paragraph]:
    """Return the paragraphs of every page; PDF does not say what is a heading.

    Raises:
        UnreadableError: it is damaged, encrypted, too long, or has no text in it.
    """
    try:
        pages = pypdf.PdfReader(io.BytesIO(source)).pages
        if len(pages) > MAX_PAGES:
            message = f"The file has {len(pages)} pages; {MAX_PAGES} are read at most."
            raise UnreadableError(message)
        texts = [page.extract_text() for page in pages]
    except (PyPdfError, ValueError, KeyError, TypeError, RecursionError, OSError) as error:
        # Damaged files make the library fail in all these ways.
        raise UnreadableError("The file is not a PDF that can be read.") from error
    if not any(text.strip() for text in texts):
        raise UnreadableError("There is no text in the file; a scan has to be recognised first.")
    for text in texts:
        for paragraph in text.split("\n\n"):
            if squeezed := squeeze(paragraph):
                yield Paragraph(squeezed)

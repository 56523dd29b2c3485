"""Makes ready what reads the vectors of a sentence model that a version brings."""

from consumers.nlp.ports import Embedder, ToneLexicon
from consumers.nlp.service.analyzer import Encoding
from consumers.nlp.service.heads import LinearHead
from consumers.nlp.service.library import Library
from consumers.nlp.service.remembered import remembering
from consumers.nlp.service.sentiment import ToneReader


class Encodings:
    """One encoding at a time beside the own: the tone, and all snippets embedded anew."""

    def __init__(self, library: Library, lexicon: ToneLexicon, remembered: int = 0) -> None:
        """`remembered` is how many of the latest messages' vectors are kept."""
        self._library = library
        self._lexicon = lexicon
        self._remembered = remembered

    def make(self, embedder: Embedder, tones: LinearHead) -> Encoding:
        """Embed everything known, which blocks; documents that come later are taken in as well."""
        translated = self._library.translated(embedder)
        # Messages only: snippets are embedded once anyway.
        return Encoding(
            remembering(embedder, self._remembered),
            ToneReader(tones, self._lexicon),
            translated,
            lambda: translated.version,
        )

    def forget(self) -> None:
        """Stop taking documents in for the encoding that was made last."""
        self._library.forget_translation()

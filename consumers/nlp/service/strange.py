"""Knows what nobody here has an answer to, by sentences of that kind."""

from collections.abc import Sequence

from consumers.nlp.ports import Embedder, Vector

# Follow-ups on the starter are up to 0.45 near to a strange sentence, "and the weather?" is 0.56.
ALIKE = 0.5


class StrangeTalk:
    """Compares with out-of-scope sentences; questions must come from the same embedder."""

    def __init__(self, embedder: Embedder, sentences: Sequence[str]) -> None:
        self._sentences = embedder.embed(sentences)

    def like(self, vector: Vector) -> bool:
        """Whether a message says about the same as one of them."""
        return float((self._sentences @ vector).max()) >= ALIKE

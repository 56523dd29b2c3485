"""Saying an answer piece by piece: what a source of pieces promises, and one for known answers."""

from collections.abc import AsyncGenerator
from typing import Protocol

from consumers.nlp.service.analysis import Analysis, Answer, Question
from consumers.nlp.service.patience import Patience

PIECE_CHARS = 24


class PieceSource(Protocol):
    """
    Says the answer to one understood question.

    Yields pieces of text as they come, none of them empty, and at the end one `Answer` whose text
    is all of them joined. It runs on the event loop and must not hold it up. A source that cannot
    go on ends with an `Answer` all the same, whose `fallback` says why and whose text takes the
    place of the pieces; whoever repeats a request may be told other pieces, unless the first
    answer was finished.
    """

    def takes_seconds(self, analysis: Analysis) -> bool:
        """Whether this answer takes so long that nothing else may wait for it."""
        ...

    def pieces(
        self, question: Question, analysis: Analysis, patience: Patience
    ) -> AsyncGenerator[str | Answer, None]:
        """The pieces in their order, then the answer."""
        ...


class WholeAnswers:
    """`PieceSource` for templates and snippets: words gathered to pieces, without any pause."""

    def takes_seconds(self, analysis: Analysis) -> bool:
        """See the port."""
        del analysis
        return False

    async def pieces(
        self, question: Question, analysis: Analysis, patience: Patience
    ) -> AsyncGenerator[str | Answer, None]:
        """See the port."""
        del question, patience
        for piece in in_pieces(analysis.answer.text):
            yield piece
        yield analysis.answer


def in_pieces(text: str, chars: int = PIECE_CHARS) -> list[str]:
    """Pieces of whole words, at least `chars` long but for the last; joined they are the text."""
    pieces: list[str] = []
    begin = 0
    while begin < len(text):
        end = begin + chars
        while end < len(text) and not text[end - 1].isspace():
            end += 1
        pieces.append(text[begin:end])
        begin = end
    return pieces

"""Says answers piece by piece while a language model writes them, and the others as they are."""

import asyncio
from collections.abc import AsyncGenerator

from consumers.nlp.service.analysis import Analysis, Answer, Question
from consumers.nlp.service.patience import Patience
from consumers.nlp.service.pieces import in_pieces
from consumers.nlp.service.writer import Writer, answer_of


class WrittenAnswers:
    """`PieceSource` that lets a language model write what it has grounds for, as in chats."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def takes_seconds(self, analysis: Analysis) -> bool:
        """See the port."""
        return bool(analysis.answer.grounds)

    async def pieces(
        self, question: Question, analysis: Analysis, patience: Patience
    ) -> AsyncGenerator[str | Answer, None]:
        """See the port."""
        answer, said = analysis.answer, ""
        if self.takes_seconds(analysis):
            wanted = self._writer.commission(question.text, analysis, question.user_id)
            heard = _Heard()
            writing = asyncio.create_task(self._writer.write(wanted, heard.tell, patience=patience))
            writing.add_done_callback(lambda _: heard.end())
            try:
                while (piece := await heard.next()) is not None:
                    said += piece
                    yield piece
            finally:
                writing.cancel()
                await asyncio.gather(writing, return_exceptions=True)
            answer = answer_of(answer, writing.result())
        if not (said and answer.fallback):
            for piece in in_pieces(answer.text[len(said) :]):
                yield piece
        yield answer


class _Heard:
    """What is written, on its way to who says it; white space waits for the word behind it."""

    def __init__(self) -> None:
        self._text = ""
        self._passed_on = 0
        self._pieces: asyncio.Queue[str | None] = asyncio.Queue()

    async def tell(self, offset: int, text: str) -> bool:
        """See `consumers.nlp.service.drafting.Tell`."""
        self._text = self._text[:offset] + text
        ripe = self._text.rstrip()[self._passed_on :]
        if ripe:
            self._passed_on += len(ripe)
            self._pieces.put_nowait(ripe)
        return True

    def end(self) -> None:
        """Say that nothing more comes."""
        self._pieces.put_nowait(None)

    async def next(self) -> str | None:
        """The next words; None after the last."""
        return await self._pieces.get()

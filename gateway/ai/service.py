"""Asking the assistant: what is asked, in whose name, and what is made of the answer."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import TypeVar
from uuid import UUID, uuid4

from gateway.ai.errors import NoAnswer, NoAnswerError
from gateway.ai.ports import Asker, Write
from gateway.ai.views import Question, SummaryQuestion, TextQuestion
from gateway.chat.ports import Utterance
from gateway.chat.service import Conversing
from schemas import ids
from schemas.claims import AccessClaims
from schemas.events.ai import (
    MOST_TURNS,
    AiReply,
    FindSnippets,
    GenerateResponse,
    IntentRead,
    ListModels,
    MessageProcessed,
    ModelsListed,
    ProcessMessage,
    ReadIntent,
    ReadSentiment,
    ResponseGenerated,
    ResponsePiece,
    SentimentRead,
    SnippetsFound,
    Summarize,
    Summarized,
    Turn,
)

# With every character four bytes long and escapes on top it is still one record.
MOST_CHARS = 100_000

Reply = TypeVar("Reply", bound=AiReply)
Piece = ResponsePiece | ResponseGenerated


class Assisting:
    """What the assistant's routes do.

    Failure: NoAnswerError when there is no answer within the deadline.
    """

    def __init__(self, asker: Asker, conversing: Conversing) -> None:
        self._asker = asker
        self._conversing = conversing

    async def process(self, user: AccessClaims, asked: TextQuestion) -> MessageProcessed:
        """Understand a message and answer it, outside of any conversation."""
        return await self._ask(
            MessageProcessed,
            user,
            asked,
            lambda stamp: ProcessMessage(**stamp, user_id=user.sub, text=asked.text),
        )

    async def sentiment(self, user: AccessClaims, asked: TextQuestion) -> SentimentRead:
        """Tell the mood of a text."""
        return await self._ask(
            SentimentRead, user, asked, lambda stamp: ReadSentiment(**stamp, text=asked.text)
        )

    async def intent(self, user: AccessClaims, asked: TextQuestion) -> IntentRead:
        """Tell what a text wants."""
        return await self._ask(
            IntentRead, user, asked, lambda stamp: ReadIntent(**stamp, text=asked.text)
        )

    async def respond(self, user: AccessClaims, asked: TextQuestion) -> ResponseGenerated:
        """Answer a text."""
        return await self._ask(
            ResponseGenerated,
            user,
            asked,
            lambda stamp: GenerateResponse(**stamp, user_id=user.sub, text=asked.text),
        )

    async def respond_in_pieces(
        self, user: AccessClaims, asked: TextQuestion
    ) -> AsyncIterator[Piece]:
        """Answer a text piece by piece; the whole answer comes last."""
        request_id = _request_id(user, "pieces", asked)
        replies = self._asker.stream(
            request_id,
            lambda stamp: GenerateResponse(**stamp, user_id=user.sub, text=asked.text, stream=True),
        )
        async with aclosing(replies):
            async for reply in replies:
                if not isinstance(reply, ResponsePiece | ResponseGenerated):
                    raise NoAnswerError(NoAnswer.UNAVAILABLE)
                yield reply

    async def summarize(
        self, user: AccessClaims, asked: SummaryQuestion, turns: Sequence[Turn]
    ) -> Summarized:
        """Say in short what was said in these turns."""
        return await self._ask(
            Summarized,
            user,
            asked,
            lambda stamp: Summarize(
                **stamp, user_id=user.sub, turns=tuple(turns), sentences=asked.sentences
            ),
            *(turn.text for turn in turns),
        )

    async def conversation(self, user: AccessClaims, asked: SummaryQuestion) -> list[Utterance]:
        """Return the newest of what was said in one of the user's conversations, in order.

        Raises:
            DomainError: it is not the user's.
        """
        if asked.conversation_id is None:
            return []
        entered = await self._conversing.enter(user.sub, asked.conversation_id)
        page = await self._conversing.history(user.sub, entered, None, MOST_TURNS)
        return _newest([each for each in page.items if not each.deleted])

    async def find(self, user: AccessClaims, text: str, most: int) -> SnippetsFound:
        """Tell what the assistant knows that is nearest to a text."""
        return await self._ask(
            SnippetsFound,
            user,
            Question(),
            lambda stamp: FindSnippets(**stamp, text=text, most=most),
            text,
            str(most),
        )

    async def models(self, user: AccessClaims) -> ModelsListed:
        """Tell what is loaded."""
        return await self._ask(ModelsListed, user, Question(), lambda stamp: ListModels(**stamp))

    async def _ask(
        self,
        kind: type[Reply],
        user: AccessClaims,
        asked: Question,
        write: Write,
        *read: str,
    ) -> Reply:
        request_id = _request_id(user, kind.event_type, asked, *read)
        return _expected(kind, await self._asker.ask(request_id, write))


def _request_id(user: AccessClaims, kind: str, asked: Question, *read: str) -> UUID:
    # Another body under the same id is another question: it must not get the first one's answer.
    body = asked.model_dump_json(exclude={"request_id"})
    digest = hashlib.sha256("\x00".join((body, *read)).encode()).hexdigest()
    return ids.ai_request_id(user.sub, f"{kind}:{digest}", asked.request_id or uuid4())


def _expected(kind: type[Reply], reply: AiReply) -> Reply:
    if not isinstance(reply, kind):
        raise NoAnswerError(NoAnswer.UNAVAILABLE)
    return reply


def _newest(said: Sequence[Utterance]) -> list[Utterance]:
    """Return the end of it, as much as one record takes."""
    chars, kept = 0, 0
    for each in reversed(said):
        chars += len(str(each.body.get("text") or ""))
        if chars > MOST_CHARS:
            break
        kept += 1
    return list(said[len(said) - kept :])

"""Any endpoint that speaks OpenAI's chat completions, streaming."""

from collections.abc import AsyncGenerator

from openai import AsyncOpenAI, AsyncStream, DefaultAsyncHttpx2Client, OpenAIError
from openai.types.chat import (
    ChatCompletionAssistantMessageParam,
    ChatCompletionChunk,
    ChatCompletionMessageParam,
    ChatCompletionSystemMessageParam,
    ChatCompletionUserMessageParam,
)

from consumers.nlp.errors import LanguageModelError
from consumers.nlp.ports import Piece, Prompt, Turn, Usage
from schemas.events.replies import Fallback

CONNECT_AND_READ_SECONDS = 60.0
TEMPERATURE = 0.2
"""Facts are to be repeated, not varied; another answer may still be asked for."""


class OpenAiLanguageModel:
    """
    See `consumers.nlp.ports.LanguageModel`; `model` is the endpoint's own word for it.

    `local`: it is on this machine, and asked past any proxy that the environment names.
    """

    def __init__(
        self, *, name: str, model: str, base_url: str, api_key: str, local: bool = False
    ) -> None:
        self.name = name
        self._model = model
        self._client = AsyncOpenAI(
            # An endpoint on this machine may want none, the client always wants one.
            api_key=api_key or "none",
            base_url=base_url,
            # The breaker and the deadline decide about repeating.
            max_retries=0,
            timeout=CONNECT_AND_READ_SECONDS,
            http_client=DefaultAsyncHttpx2Client(trust_env=not local),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def write(self, prompt: Prompt, max_tokens: int) -> AsyncGenerator[Piece, None]:
        """See `LanguageModel`."""
        try:
            stream = await self._client.chat.completions.create(
                model=self._model,
                messages=_messages(prompt),
                stream=True,
                stream_options={"include_usage": True},
                max_tokens=max_tokens,
                temperature=TEMPERATURE,
            )
            async for piece in _pieces(stream):
                yield piece
        except OpenAIError as error:
            # The text stays out: it may repeat what people wrote.
            raise LanguageModelError(Fallback.FAILED, type(error).__name__) from error


async def _pieces(stream: AsyncStream[ChatCompletionChunk]) -> AsyncGenerator[Piece, None]:
    # Leaving early closes the connection, which is how an endpoint learns that it may stop.
    async with stream:
        async for chunk in stream:
            text = chunk.choices[0].delta.content if chunk.choices else None
            usage = chunk.usage
            if text or usage:
                yield Piece(
                    text or "",
                    Usage(usage.prompt_tokens, usage.completion_tokens) if usage else None,
                )


def _messages(prompt: Prompt) -> list[ChatCompletionMessageParam]:
    rules = ChatCompletionSystemMessageParam(role="system", content=prompt.rules)
    return [rules, *(_message(turn) for turn in prompt.turns)]


def _message(turn: Turn) -> ChatCompletionMessageParam:
    if turn.speaker == "user":
        return ChatCompletionUserMessageParam(role="user", content=turn.text)
    return ChatCompletionAssistantMessageParam(role="assistant", content=turn.text)

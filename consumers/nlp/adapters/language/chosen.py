"""The language model that the settings name, ready to write."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from consumers.nlp.adapters.language import demo_model
from consumers.nlp.adapters.language.breaker import BrokenCircuit
from consumers.nlp.adapters.language.gguf_server import GgufServer, start_gguf
from consumers.nlp.adapters.language.measured import MeasuredModel
from consumers.nlp.adapters.language.transformers_model import load_transformers
from consumers.nlp.errors import LanguageModelError
from consumers.nlp.ports import LanguageModel
from consumers.nlp.service.prompting import prompt_for
from consumers.nlp.settings import LanguageModelKind, LanguageModelSettings

if TYPE_CHECKING:
    from consumers.nlp.adapters.language.openai_model import OpenAiLanguageModel

logger = structlog.get_logger(__name__)


@asynccontextmanager
async def language_model(settings: LanguageModelSettings) -> AsyncIterator[LanguageModel | None]:
    """
    Give the model for as long as the block lasts; None when answers are written without one.

    Raises:
        ModelSourceError: a model on this machine is not there or cannot be loaded.
    """
    if settings.kind is LanguageModelKind.NONE:
        yield None
        return
    async with _model(settings) as model:
        if settings.kind is not LanguageModelKind.OPENAI:
            await _warm_up(model, settings.at_once)
        yield MeasuredModel(
            BrokenCircuit(
                model,
                failures=settings.failures,
                rest=settings.rest,
                silence=settings.silence,
            )
        )


@asynccontextmanager
async def _model(settings: LanguageModelSettings) -> AsyncIterator[LanguageModel]:
    if settings.kind is LanguageModelKind.TRANSFORMERS:
        folder = settings.dir or Path()
        written = await asyncio.to_thread(
            load_transformers,
            folder,
            name=settings.name or folder.name.casefold(),
            threads=settings.threads,
            at_once=settings.at_once,
            context_tokens=settings.context_tokens,
        )
        try:
            yield written
        finally:
            await written.close()
        return
    async with _server(settings) as server:
        model = _client(settings, server)
        try:
            yield model
        finally:
            await model.close()


@asynccontextmanager
async def _server(settings: LanguageModelSettings) -> AsyncIterator[GgufServer | None]:
    """The model on this machine; it ends when nobody holds it any more."""
    if settings.kind is LanguageModelKind.OPENAI:
        yield None
        return
    file, name = _file_and_name(settings)
    yield await asyncio.to_thread(
        start_gguf,
        file,
        name=name,
        threads=settings.threads,
        at_once=settings.at_once,
        context_tokens=settings.context_tokens,
    )


def _client(settings: LanguageModelSettings, server: GgufServer | None) -> "OpenAiLanguageModel":
    # Heavy and slow to import: only where a setting asks for it.
    from consumers.nlp.adapters.language.openai_model import (  # noqa: PLC0415
        OpenAiLanguageModel,
    )

    if server is not None:
        return OpenAiLanguageModel(
            name=server.name,
            model=server.name,
            base_url=server.base_url,
            api_key=server.api_key,
            local=True,
        )
    return OpenAiLanguageModel(
        name=settings.name,
        model=settings.name,
        base_url=settings.base_url,
        api_key=settings.api_key.get_secret_value(),
    )


def _file_and_name(settings: LanguageModelSettings) -> tuple[Path, str]:
    if settings.kind is LanguageModelKind.DEMO:
        return demo_model.demo_model_file(), demo_model.NAME
    file = settings.file or Path()
    return file, settings.name or file.stem.casefold()


async def _warm_up(model: LanguageModel, at_once: int) -> None:
    """Have the rules read once per slot, so that the first person does not wait for that."""
    try:
        await asyncio.gather(*(_say_one_word(model) for _ in range(at_once)))
    except LanguageModelError as error:
        logger.warning("language_model_not_warm", error=str(error))


async def _say_one_word(model: LanguageModel) -> None:
    async with aclosing(model.write(prompt_for("Hello?", ()), 1)) as pieces:
        async for _ in pieces:
            pass

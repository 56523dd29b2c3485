"""Puts together what writes answers with a language model, when the settings name one."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

import structlog

from consumers.nlp.adapters.language.chosen import language_model
from consumers.nlp.adapters.language.memory import InMemoryBudget, NoAnswers
from consumers.nlp.adapters.language.valkey import ValkeyAnswers, ValkeyBudget, connect
from consumers.nlp.ports import AnswerCache, TokenBudget
from consumers.nlp.service.analyzer import Analyzer
from consumers.nlp.service.beside import Beside
from consumers.nlp.service.deltas import Deltas
from consumers.nlp.service.drafting import Drafter
from consumers.nlp.service.generations import Generations
from consumers.nlp.service.writer import Writer, WritingLimits
from consumers.nlp.settings import LanguageModelSettings, NlpSettings
from producers.kafka import KafkaEventPublisher
from runtime.clock import HybridLogicalClock
from runtime.kafka import create_fleeting_producer

PROCESS = "nlp"

logger = structlog.get_logger(__name__)


class Writing(NamedTuple):
    """What a language model writes with, and what it writes in conversations."""

    writer: Writer
    generations: Generations


@asynccontextmanager
async def writing(
    settings: NlpSettings, analyzer: Analyzer, clock: HybridLogicalClock
) -> AsyncIterator[Writing | None]:
    """
    Give what writes texts for as long as the block lasts; None without a language model.

    Raises:
        ModelSourceError: the model on this machine is not there or cannot be loaded.
        KafkaError: the broker went away since the process began.
    """
    chosen = settings.language_model
    async with AsyncExitStack() as parts:
        model = await parts.enter_async_context(language_model(chosen))
        if model is None:
            yield None
            return
        logger.info("language_model_ready", model=model.name, kind=chosen.kind)
        publisher = await parts.enter_async_context(
            KafkaEventPublisher(
                settings.kafka,
                process=PROCESS,
                instance=f"{settings.instance}-deltas",
                create=create_fleeting_producer,
            )
        )
        cache, budget = await _kept(settings, parts)
        writer = Writer(
            drafter=Drafter(
                model,
                analyzer.moderation,
                max_tokens=chosen.answer_tokens,
                max_chars=chosen.answer_chars,
            ),
            cache=cache,
            budget=budget,
            limits=_limits(chosen),
            version=lambda: analyzer.model_version,
        )
        deltas = Deltas(publisher, clock)
        yield Writing(writer, Generations(writer, deltas, Beside(), analyzer.stopped))


async def _kept(settings: NlpSettings, parts: AsyncExitStack) -> tuple[AnswerCache, TokenBudget]:
    chosen = settings.language_model
    if settings.valkey_url is None:
        return NoAnswers(), InMemoryBudget(chosen.user_tokens, chosen.user_window)
    valkey = connect(settings.valkey_url)
    parts.push_async_callback(valkey.aclose)
    return (
        ValkeyAnswers(valkey, chosen.cache_ttl),
        ValkeyBudget(valkey, chosen.user_tokens, chosen.user_window),
    )


def _limits(chosen: LanguageModelSettings) -> WritingLimits:
    return WritingLimits(
        deadline=chosen.deadline.total_seconds(),
        at_once=chosen.at_once,
        waiting=chosen.waiting,
    )

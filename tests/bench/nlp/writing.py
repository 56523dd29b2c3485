"""How soon the demo model's first words are there, and how fast it writes."""

import asyncio
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

from consumers.nlp.adapters.language.chosen import language_model
from consumers.nlp.adapters.language.memory import InMemoryBudget, NoAnswers
from consumers.nlp.app import build_analyzer
from consumers.nlp.service.analysis import Heard
from consumers.nlp.service.assistant import Assistant
from consumers.nlp.service.beside import Beside
from consumers.nlp.service.deltas import Deltas
from consumers.nlp.service.drafting import Drafter
from consumers.nlp.service.generations import Generations
from consumers.nlp.service.handovers import Handovers
from consumers.nlp.service.writer import Writer, WritingLimits
from consumers.nlp.settings import LanguageModelKind, LanguageModelSettings, ModelSettings
from producers.memory import InMemoryEventPublisher
from producers.ports import Published
from runtime.clock import HybridLogicalClock, wall_clock
from schemas.events.chat import MessageSent, Sender, SenderKind
from schemas.events.envelope import Event
from schemas.events.replies import ReplyDelta, ReplyGenerated
from tests.bench.nlp.figures import Figure, Figures
from tests.bench.writing_questions import QUESTIONS

AGAIN = 5
"""So many of them are asked once more: their prompts have been read already."""
AIM_MS = 400
ANSWER_TOKENS = 40


def measure_writing(settings: ModelSettings) -> Figures:
    """Time the assistant with the demo model, one question after the other, without Kafka."""
    firsts, speeds = asyncio.run(_measured(settings))
    new, again = firsts[: len(QUESTIONS)], firsts[len(QUESTIONS) :]
    name = "demo model: first piece"
    yield Figure(f"{name}, new questions, p50", statistics.median(new), "ms", at_most=AIM_MS)
    yield Figure(f"{name}, new questions, slowest", max(new), "ms")
    yield Figure(f"{name}, asked again, p50", statistics.median(again), "ms")
    yield Figure("demo model: characters", statistics.median(speeds), "/s")


async def _measured(settings: ModelSettings) -> tuple[list[float], list[float]]:
    chosen = LanguageModelSettings(kind=LanguageModelKind.DEMO, at_once=1)
    clock, publisher, deltas = HybridLogicalClock(), InMemoryEventPublisher(), _Watched()
    analyzer = build_analyzer(settings)
    with ThreadPoolExecutor(max_workers=1) as executor:
        async with language_model(chosen) as model:
            if model is None:
                raise RuntimeError("the demo model was asked for and is not there")
            writer = Writer(
                drafter=Drafter(
                    model, analyzer.moderation, max_tokens=ANSWER_TOKENS, max_chars=2_000
                ),
                cache=NoAnswers(),
                budget=InMemoryBudget(10**9, timedelta(hours=1)),
                limits=WritingLimits(deadline=60.0, at_once=1, waiting=1),
                version=lambda: "bench",
            )
            generations = Generations(writer, Deltas(deltas, clock), Beside(), analyzer.stopped)
            handovers = Handovers(publisher, clock)
            assistant = Assistant(
                analyzer, publisher, clock, executor, handovers, generations=generations
            )
            firsts, speeds = [], []
            for text in QUESTIONS + QUESTIONS[-AGAIN:]:
                started = time.perf_counter()
                await assistant.answer([Heard(_question(text), 0)])
                while generations.open:
                    await asyncio.sleep(0.005)
                ended, reply = time.perf_counter(), publisher.events[-1]
                if not isinstance(reply, ReplyGenerated) or deltas.first_at is None:
                    raise RuntimeError(f"the demo model did not answer: {text}")
                firsts.append((deltas.first_at - started) * 1e3)
                speeds.append(len(reply.text) / (ended - deltas.first_at))
                deltas.first_at = None
            return firsts, speeds


class _Watched(InMemoryEventPublisher):
    """Notes when the first piece of an answer left."""

    first_at: float | None = None

    async def publish(self, event: Event) -> Published:
        """Keep it, and the time."""
        if isinstance(event, ReplyDelta) and event.offset == 0:
            self.first_at = time.perf_counter()
        return await super().publish(event)


def _question(text: str) -> MessageSent:
    event_id = uuid4()
    return MessageSent(
        event_id=event_id,
        occurred_at=wall_clock(),
        correlation_id=event_id,
        conversation_id=uuid4(),
        message_id=uuid4(),
        sender=Sender(id=uuid4(), kind=SenderKind.USER, name="Bench"),
        text=text,
        client_message_id=uuid4(),
    )

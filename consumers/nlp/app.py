"""Puts the nlp consumer together: knowledge, models, heads, the assistant and its handler."""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import structlog
from aiokafka.errors import KafkaError
from threadpoolctl import threadpool_limits

from consumers.delivery.app import run_consumer, stop_on_signals
from consumers.delivery.backoff import Backoff
from consumers.delivery.errors import AbandonedError
from consumers.nlp.adapters.cld2_language import Cld2LanguageDetector
from consumers.nlp.adapters.encoders import prepare_embedder
from consumers.nlp.adapters.head_store import prepare_heads
from consumers.nlp.adapters.knowledge_files import read_knowledge
from consumers.nlp.adapters.moderator_store import prepare_moderator
from consumers.nlp.adapters.spacy_entities import load_recognizer
from consumers.nlp.adapters.vader_tone import VaderToneLexicon
from consumers.nlp.documents import following_documents
from consumers.nlp.handlers import Handler, MessageHandler, RequestHandler
from consumers.nlp.handovers import following_handovers
from consumers.nlp.models import following
from consumers.nlp.ports import Embedder
from consumers.nlp.profiles import following_profiles
from consumers.nlp.service.analysis import Question
from consumers.nlp.service.analyzer import INTENT, Analyzer
from consumers.nlp.service.assistant import Assistant
from consumers.nlp.service.dialogue import Dialogue
from consumers.nlp.service.entity_finder import EntityFinder
from consumers.nlp.service.follow_ups import FollowUpReader
from consumers.nlp.service.handovers import Handovers
from consumers.nlp.service.knowledge import Knowledge
from consumers.nlp.service.language import ConversationLanguages
from consumers.nlp.service.lettering import LetteredDetector, lettering_of
from consumers.nlp.service.library import Library
from consumers.nlp.service.moderation import Moderation
from consumers.nlp.service.people import People
from consumers.nlp.service.remembered import remembering
from consumers.nlp.service.requests import Requests
from consumers.nlp.service.responder import Responder
from consumers.nlp.service.sentiment import ToneReader
from consumers.nlp.service.strange import StrangeTalk
from consumers.nlp.settings import ModelSettings, NlpSettings
from consumers.nlp.writing import writing
from producers.kafka import KafkaEventPublisher
from runtime import metrics
from runtime.clock import HybridLogicalClock, wall_clock
from runtime.collector import calm_collector
from schemas.events.ai import LoadedModel
from schemas.events.models import INTENTS

NAME = "nlp"

# A backlog is worked in bites: with 64 in hand one of two hundred messages stayed for minutes at
# 300/s, with 16 it is gone in ten seconds (docs/benchmarks.md).
MAX_RECORDS = 16
SWITCH_SECONDS = 0.0001

logger = structlog.get_logger(__name__)


def build_analyzer(settings: ModelSettings) -> Analyzer:
    """The analyzer alone, for whoever has no documents beside the knowledge folder.

    Raises:
        ConfigurationError: as `build_assistant`.
    """
    return build_assistant(settings, People())[0]


def build_assistant(settings: ModelSettings, people: People) -> tuple[Analyzer, Library]:
    """
    Everything between text and answer, ready to work; the first time builds and trains models.

    What `people` learns meanwhile counts in the next answer.

    Raises:
        ConfigurationError: knowledge or models are not usable; the text says what to do.
    """
    # The heads are small products: numpy's own threads would only wait for each other.
    threadpool_limits(limits=1, user_api="blas")
    knowledge = read_knowledge(settings.knowledge_dir)
    embedder = prepare_embedder(settings, settings.threads)
    heads = prepare_heads(settings.model_dir, embedder, knowledge)
    metrics.ai_model_accuracy.labels(INTENTS).set(heads.accuracy)
    library = Library(embedder, knowledge, heads.tolerances.snippets)
    languages = _languages(knowledge, multilingual=embedder.multilingual)
    moderation = Moderation(prepare_moderator(settings.model_dir), settings.moderation_threshold)
    finder = EntityFinder(knowledge.entities, load_recognizer() if settings.ner else None)
    digest = knowledge.sha256[:12]
    analyzer = Analyzer(
        embedder=remembering(embedder, settings.remembered_texts),
        languages=languages,
        moderation=moderation,
        intents=heads.intents,
        tones=ToneReader(heads.tone, VaderToneLexicon()),
        finder=finder,
        dialogue=_dialogue(knowledge, embedder, library, languages),
        knowledge_version=digest,
        documents=lambda: library.version,
        tolerances=heads.tolerances,
        people=people,
        models=_loaded(
            embedder.name,
            digest,
            heads.accuracy,
            languages=languages,
            moderation=moderation,
            finder=finder,
        ),
    )
    # The first run of an engine allocates and is ten times slower; nobody should wait for it.
    analyzer.analyze([Question.alone("Where is my order 48213?")])
    return analyzer, library


def _languages(knowledge: Knowledge, *, multilingual: bool) -> ConversationLanguages:
    detector = Cld2LanguageDetector()
    if not multilingual:
        return ConversationLanguages(detector)
    answered = knowledge.phrases.in_english
    lettered = LetteredDetector(detector, lettering_of(knowledge), answered)
    return ConversationLanguages(lettered, guessed=answered)


def _dialogue(
    knowledge: Knowledge, embedder: Embedder, library: Library, languages: ConversationLanguages
) -> Dialogue:
    responder = Responder(
        knowledge,
        library,
        multilingual=embedder.multilingual,
        language_of=languages.language_of_text,
    )
    return Dialogue(
        responder,
        FollowUpReader(knowledge.phrases.follow_ups, knowledge.intents),
        StrangeTalk(embedder, knowledge.out_of_scope.examples).like,
    )


def _loaded(
    engine: str,
    knowledge: str,
    accuracy: float,
    *,
    languages: ConversationLanguages,
    moderation: Moderation,
    finder: EntityFinder,
) -> list[LoadedModel]:
    now = wall_clock()
    versions = (
        ("sentences", engine, "embedding"),
        ("intents", knowledge, "intent"),
        ("tone", knowledge, "sentiment"),
        ("languages", languages.detector, "language"),
        ("abuse", moderation.version, "moderation"),
        ("names", finder.version, "entities"),
    )
    return [
        LoadedModel(
            name=name,
            version=version,
            kind=kind,
            accuracy=accuracy if kind == INTENT else None,
            loaded_at=now,
        )
        for name, version, kind in versions
    ]


def _tune_interpreter() -> None:
    # Two threads take turns here, events and inference; by default one waits 5 ms for the other.
    sys.setswitchinterval(SWITCH_SECONDS)
    # Models and knowledge stay for ever: looking through them for cycles again and again, whenever
    # there are many new objects, took a fifth of this process's time under load.
    calm_collector()


async def serve(settings: NlpSettings) -> None:
    """Answer messages until the process is told to stop."""
    people = People()
    analyzer, library = build_assistant(settings.nlp, people)
    _tune_interpreter()
    logger.info("assistant_ready", model=analyzer.model_version, threads=settings.nlp.threads)
    clock, stop = HybridLogicalClock(), asyncio.Event()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference") as executor:
        with stop_on_signals(stop):
            publisher = await _connected(settings, stop)
        if publisher is None:
            return
        try:
            async with (
                following(settings, analyzer, library, publisher, clock),
                following_documents(settings, library, clock),
                following_profiles(settings, people, clock),
                writing(settings, analyzer, clock) as written,
            ):
                handovers = Handovers(publisher, clock)
                writer, generations = written or (None, None)
                assistant = Assistant(
                    analyzer, publisher, clock, executor, handovers, generations=generations
                )
                requests = Requests(analyzer, publisher, clock, executor, writer)
                async with following_handovers(
                    settings, handovers, clock, assistant.hush
                ) as follower:
                    await run_consumer(
                        name=NAME,
                        settings=settings,
                        handler=Handler(
                            MessageHandler(assistant), RequestHandler(requests), follower.prepare
                        ),
                        clock=clock,
                        max_records=MAX_RECORDS,
                        stop=stop,
                    )
        finally:
            await publisher.__aexit__()


async def _connected(settings: NlpSettings, stop: asyncio.Event) -> KafkaEventPublisher | None:
    """A publisher, as soon as a broker answers; None when told to stop before."""
    attempt = 0
    while not stop.is_set():
        publisher = KafkaEventPublisher(settings.kafka, process=NAME, instance=settings.instance)
        try:
            await publisher.__aenter__()
            await publisher.read_clock()
        except KafkaError as error:
            attempt += 1
            logger.warning("cannot_publish_yet", attempt=attempt, error=type(error).__name__)
            await publisher.__aexit__()
        else:
            return publisher
        with suppress(AbandonedError):
            await Backoff().wait(attempt, stop)
    return None

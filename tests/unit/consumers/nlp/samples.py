"""Small stand-ins: an embedder without a model, a knowledge base of two intents, a message."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid5

import numpy as np

from consumers.nlp.ports import EntityRecognizer, Matrix
from consumers.nlp.service.analysis import Heard
from consumers.nlp.service.analyzer import Analyzer
from consumers.nlp.service.dialogue import Dialogue
from consumers.nlp.service.entity_finder import EntityFinder
from consumers.nlp.service.follow_ups import FollowUpReader
from consumers.nlp.service.heads import KERNEL_WIDTH, IntentHead, KernelHead, LinearHead
from consumers.nlp.service.knowledge import (
    Examples,
    FollowUps,
    Intent,
    Knowledge,
    Phrases,
    Snippet,
    Tones,
)
from consumers.nlp.service.language import ConversationLanguages
from consumers.nlp.service.moderation import Moderation
from consumers.nlp.service.parts import Picks
from consumers.nlp.service.people import People
from consumers.nlp.service.responder import Responder
from consumers.nlp.service.retrieval import SnippetIndex
from consumers.nlp.service.sentiment import ToneReader
from schemas.events.ai import LoadedModel
from schemas.events.chat import MessageSent, Sender, SenderKind
from schemas.events.profiles import FrequentIntent, ProfileUpdated

NAMESPACE = UUID("00000000-0000-5000-8000-000000000000")
ORDER = "Where is my order?"
RETURN = "I want to send it back"
RUDE = "drat"
SNIPPET = "Plants. Plants travel on Mondays."
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

UNCLEAR = "It is about my order or return"

_AXES = {ORDER: (0,), RETURN: (1,), SNIPPET: (2,), UNCLEAR: (0, 1)}


class AxisEmbedder:
    """Known sentences are axes of a small space; any other lies far from all of them."""

    name = "axis"
    multilingual = False
    kernel_width = KERNEL_WIDTH

    def __init__(self) -> None:
        self.calls: list[int] = []

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """One row per text."""
        return self.embed(texts)

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One row per text."""
        self.calls.append(len(texts))
        vectors = np.zeros((len(texts), 8), dtype=np.float32)
        for row, text in enumerate(texts):
            known = next((at for each, at in _AXES.items() if each in text), None)
            other = 3 + hashlib.sha256(text.encode("utf-8", "replace")).digest()[0] % 5
            axes = [other] if known is None else list(known)
            vectors[row, axes] = len(axes) ** -0.5
        return vectors


class FixedLanguage:
    """Always detects the same language, or none."""

    name = "fixed"

    def __init__(self, language: str | None) -> None:
        self.language = language

    def detect(self, text: str) -> str | None:
        """Return the fixed answer."""
        del text
        return self.language

    def guess(self, text: str) -> str | None:
        """Return the fixed answer."""
        return self.detect(text)


class FixedTone:
    """A lexicon with one opinion."""

    name = "fixed"

    def __init__(self, tone: float) -> None:
        self._tone = tone

    def tone(self, text: str) -> float:
        """Return the fixed answer."""
        del text
        return self._tone


class RudeWords:
    """A moderator that knows one rude word, and English."""

    name = "rude"
    languages = frozenset({"en"})

    def scores(self, texts: Sequence[str]) -> list[float]:
        """Return 1 where the word stands, and 0.1 elsewhere."""
        return [1.0 if RUDE in text.casefold().split() else 0.1 for text in texts]


def small_moderation() -> Moderation:
    """What flags the rude word."""
    return Moderation(RudeWords(), 0.8)


def small_phrases() -> Phrases:
    """What the small knowledge base says around its answers."""
    return Phrases(
        hand_over="A colleague will answer.",
        clarify="Is it {first} or {second}?",
        picks=Picks(first=("1", "first"), second=("2", "second one"), neither=("neither",)),
        other_language={"en": "English only.", "de": "Nur Englisch."},
        follow_ups=FollowUps(
            openers=("and",),
            others=("other one",),
            questions=("who",),
            fillers=("the", "for", "order"),
        ),
    )


def small_knowledge() -> Knowledge:
    """Two intents, one of them with a slot, and one snippet."""
    return Knowledge(
        intents=(
            Intent(
                name="order_status",
                title="Order",
                label="where your order is",
                answer="Order {order_number} is on its way.",
                answer_without_slots="It is on its way.",
                examples=tuple(f"{ORDER} {at}" for at in range(8)),
                held_out=("my order?",),
            ),
            Intent(
                name="send_back",
                title="Return",
                label="sending something back",
                answer="A colleague helps you.",
                hand_over=True,
                examples=tuple(f"{RETURN} {at}" for at in range(8)),
                held_out=("back",),
            ),
        ),
        snippets=(Snippet(id="plants", title="Plants", text="Plants travel on Mondays."),),
        out_of_scope=Examples(examples=tuple(f"joke {at}" for at in range(8))),
        tones=Tones(
            negative=tuple(f"bad {at}" for at in range(8)),
            neutral=tuple(f"so {at}" for at in range(8)),
            positive=tuple(f"good {at}" for at in range(8)),
        ),
        phrases=small_phrases(),
    )


def small_intents() -> IntentHead:
    """The head that belongs to the small knowledge base and the axis embedder."""
    linear = LinearHead(
        ("order_status", "send_back"),
        np.zeros((8, 2), dtype=np.float32),
        np.zeros(2, dtype=np.float32),
    )
    kernel = KernelHead(np.eye(2, 8, dtype=np.float32), np.eye(2, dtype=np.float32))
    return IntentHead(linear, kernel, sharpness=0.3, threshold=0.8, closeness=0.7)


def small_tones(tone: float = 0.0) -> ToneReader:
    """A reader whose head has no opinion of its own."""
    head = LinearHead(
        ("negative", "neutral", "positive"),
        np.zeros((8, 3), dtype=np.float32),
        np.zeros(3, dtype=np.float32),
    )
    return ToneReader(head, FixedTone(tone))


def small_analyzer(
    embedder: AxisEmbedder,
    language: str | None = "en",
    people: People | None = None,
    *,
    recognizer: EntityRecognizer | None = None,
    strange: bool = False,
    models: Sequence[LoadedModel] = (),
) -> Analyzer:
    """The whole way from text to answer, without a model."""
    knowledge = small_knowledge()
    return Analyzer(
        embedder=embedder,
        languages=ConversationLanguages(FixedLanguage(language)),
        moderation=small_moderation(),
        intents=small_intents(),
        tones=small_tones(),
        finder=EntityFinder(knowledge.entities, recognizer),
        dialogue=Dialogue(
            Responder(knowledge, SnippetIndex(embedder, knowledge.snippets)),
            FollowUpReader(knowledge.phrases.follow_ups, knowledge.intents),
            lambda _: strange,
        ),
        knowledge_version="test",
        people=people,
        models=models,
    )


def profile(
    user: UUID, *, language: str | None = None, intents: Mapping[str, int] | None = None
) -> tuple[UUID, ProfileUpdated]:
    """What is told of somebody who writes often."""
    return user, ProfileUpdated(
        event_id=uuid5(NAMESPACE, f"profile {user}"),
        occurred_at=AT,
        correlation_id=uuid5(NAMESPACE, f"profile {user}"),
        user_id=user,
        version=20,
        messages=10,
        language=language,
        language_share=1.0 if language else 0.0,
        intents=tuple(
            FrequentIntent(name=name, count=count) for name, count in (intents or {}).items()
        ),
        first_seen_at=AT,
        last_seen_at=AT,
    )


def message(
    text: str, *, number: int = 0, kind: SenderKind = SenderKind.USER, at: datetime = AT
) -> MessageSent:
    """A message; the same arguments give the same ids."""
    return MessageSent(
        event_id=uuid5(NAMESPACE, f"event {number} {text}"),
        occurred_at=at,
        correlation_id=uuid5(NAMESPACE, f"correlation {number}"),
        conversation_id=uuid5(NAMESPACE, "conversation"),
        message_id=uuid5(NAMESPACE, f"message {number} {text}"),
        sender=Sender(id=uuid5(NAMESPACE, "user"), kind=kind, name="Ada"),
        text=text,
        client_message_id=uuid5(NAMESPACE, f"client {number}"),
    )


def heard(*messages: MessageSent, first: int = 0) -> list[Heard]:
    """Messages as they stand one after the other on the log."""
    return [Heard(each, place) for place, each in enumerate(messages, first)]

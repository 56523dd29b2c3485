"""Understands a batch of messages and answers each; blocking, so it runs off the event loop."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from consumers.nlp.ports import Embedder, Matrix, Vector
from consumers.nlp.service.analysis import Analysis, Question, Screened, Understanding
from consumers.nlp.service.dialogue import Dialogue
from consumers.nlp.service.entity_finder import EntityFinder
from consumers.nlp.service.heads import IntentHead
from consumers.nlp.service.language import DEFAULT_LANGUAGE, ConversationLanguages
from consumers.nlp.service.moderation import Moderation
from consumers.nlp.service.people import NOBODY, People, Person
from consumers.nlp.service.retrieval import Found, Snippets
from consumers.nlp.service.sentiment import ToneReader
from consumers.nlp.service.tolerances import Tolerances
from runtime.clock import wall_clock
from runtime.entities.masking import redacted
from schemas.events.ai import LoadedModel

INTENT = "intent"
"""The kind of the model that every promotion exchanges."""
_WITH_ITS_ENCODER = ("embedding", "sentiment")
"""Kinds that a version with a sentence model of its own brings along."""


@dataclass(frozen=True, eq=False, slots=True)
class Encoding:
    """A sentence model and all that reads its vectors but the intents; never mixed with another's.

    `snippets` are found by its vectors; None stands for those that the dialogue was made with.
    """

    embedder: Embedder
    tones: ToneReader
    snippets: Snippets | None = None
    documents: Callable[[], str | None] = lambda: None
    """Names the documents among the snippets."""


@dataclass(frozen=True, slots=True)
class Served:
    """A head, what it reads, and the name that its answers carry; exchanged as one."""

    intents: IntentHead
    encoding: Encoding
    model_version: str
    version: str
    """The head's own."""
    accuracy: float | None = None
    """What the version's card says of it."""
    at: datetime = field(default_factory=wall_clock)


@dataclass(frozen=True, slots=True)
class Nearest:
    """What is nearest to a text, by which models and documents."""

    found: tuple[Found, ...]
    language: str
    model_version: str


class Analyzer:
    """
    The whole way from text to answer.

    A message's result does not depend on the messages beside it, except on those before it in its
    conversation: a short one takes their language, and one may pick from what was offered last.
    Not safe for several threads at once.
    """

    def __init__(
        self,
        *,
        embedder: Embedder,
        languages: ConversationLanguages,
        moderation: Moderation,
        intents: IntentHead,
        tones: ToneReader,
        finder: EntityFinder,
        dialogue: Dialogue,
        knowledge_version: str,
        models: Sequence[LoadedModel] = (),
        documents: Callable[[], str | None] = lambda: None,
        people: People | None = None,
        tolerances: Tolerances | None = None,
    ) -> None:
        self._languages = languages
        self.moderation = moderation
        self._knowledge = f"knowledge-{knowledge_version}"
        model_version = f"{embedder.name}+{knowledge_version}"
        encoding = Encoding(embedder, tones, documents=documents)
        self._own = self._served = Served(intents, encoding, model_version, self._knowledge)
        self._finder = finder
        self._dialogue = dialogue
        self._models = tuple(models)
        self._people = people or People()
        self._tolerances = tolerances or Tolerances()

    @property
    def model_version(self) -> str:
        """What the next message is understood and answered with."""
        return self._named(self._served)

    @property
    def models(self) -> tuple[LoadedModel, ...]:
        """What is loaded; what was promoted stands in the place of the knowledge base's own."""
        served = self._served
        if served is self._own:
            return self._models
        promoted = {"version": served.model_version, "loaded_at": served.at}
        own = served.encoding is self._own.encoding
        exchanged = {INTENT} if own else {INTENT, *_WITH_ITS_ENCODER}
        # A card measures intents alone.
        accuracy = {INTENT: served.accuracy}
        return tuple(
            each.model_copy(update={**promoted, "accuracy": accuracy.get(each.kind)})
            if each.kind in exchanged
            else each
            for each in self._models
        )

    def serve(
        self,
        head: IntentHead,
        version: str,
        encoding: Encoding | None = None,
        *,
        accuracy: float | None = None,
    ) -> None:
        """
        Understand every message from the next batch on with this head; from any thread.

        `encoding` is the sentence model that the version brings, ready to work; None is the own.
        `accuracy` is told with the version, where it was measured.
        """
        name = f"{self._own.model_version}+{version}"
        self._served = Served(head, encoding or self._own.encoding, name, version, accuracy)

    def serve_own(self) -> None:
        """Go back to the head that came with the knowledge base."""
        self._served = self._own

    def _named(self, served: Served) -> str:
        documents = served.encoding.documents()
        return served.model_version + ("" if documents is None else f"+documents-{documents}")

    def _versions(self, served: Served) -> dict[str, str]:
        """What each step is done with, under the names that times have too."""
        encoding, documents = served.encoding, served.encoding.documents()
        # A version that brings its sentence model brings the tone head that reads it.
        tones = self._knowledge if encoding is self._own.encoding else served.version
        return {
            "language": self._languages.detector,
            "moderation": self.moderation.version,
            "embedding": encoding.embedder.name,
            "intent": served.version,
            "sentiment": f"{tones}+{encoding.tones.lexicon}",
            "entities": self._finder.version,
            "response": self._knowledge + ("" if documents is None else f"+documents-{documents}"),
        }

    def stopped(self, language: str) -> str:
        """What is said when an answer is stopped before it has begun."""
        return self._dialogue.stopped(language)

    def analyze(self, questions: Sequence[Question]) -> list[Analysis]:
        """One analysis per question, in the given order."""
        if not questions:
            return []
        # Read once: a batch is understood with one version, whatever is promoted meanwhile.
        served = self._served
        encoding = served.encoding
        texts = [question.text for question in questions]
        watch = _StopWatch(len(texts))
        with watch.step("language"):
            people = [self._person(each) for each in questions]
            spoken = [self._spoken(*each) for each in zip(questions, people, strict=True)]
            languages, habits = zip(*spoken, strict=True)
        with watch.step("moderation"):
            judged = [self.moderation.judge(*each) for each in zip(texts, languages, strict=True)]
        with watch.step("embedding"):
            vectors = encoding.embedder.embed(texts)
        with watch.step("intent"):
            allowances = [self._tolerances.scope_of(each) for each in languages]
            guesses = served.intents.guess(vectors, allowances)
        with watch.step("sentiment"):
            tones = encoding.tones.read(texts, vectors)
        with watch.step("entities"):
            entities = self._finder.find(texts, languages)
        understood = [
            Understanding(*parts)
            for parts in zip(languages, guesses, tones, entities, judged, habits, strict=True)
        ]
        answered = [
            self._answered(each, encoding.snippets, watch)
            for each in zip(questions, vectors, understood, people, strict=True)
        ]
        # Named afterwards: what was said is in the documents named, even if one came meanwhile.
        version, versions = self._named(served), self._versions(served)
        return [replace(each, model_version=version, versions=versions) for each in answered]

    def vectors(self, texts: Sequence[str]) -> Matrix:
        """One unit vector per text, for whoever compares texts: always of the own model."""
        return self._own.encoding.embedder.embed(texts)

    def nearest(self, text: str, most: int) -> Nearest:
        """What is known that a text outside of any conversation may be about."""
        served = self._served
        language = self.language_of(text)
        (vector,) = served.encoding.embedder.embed([text])
        found = self._dialogue.nearest(vector, language, most, served.encoding.snippets)
        return Nearest(found, language, self._named(served))

    def language_of(self, text: str) -> str:
        """ISO 639-1 code of a text outside of any conversation."""
        return self._languages.language_of_text(text)

    def screened(self, texts: Sequence[str], language: str) -> list[Screened]:
        """What a language model may see of texts in this language, each by itself."""
        entities = self._finder.find(texts, [language] * len(texts))
        judged = [self.moderation.judge(text, language) for text in texts]
        return [
            Screened(redacted(text, found), judgement is not None and judgement.flagged)
            for text, found, judgement in zip(texts, entities, judged, strict=True)
        ]

    def _person(self, question: Question) -> Person:
        # Habits serve answers, and none is given where a person answers.
        return self._people.of(question.user_id) if question.answered else NOBODY

    def _spoken(self, question: Question, person: Person) -> tuple[str, bool]:
        """The language, and whether only the person's habit says so."""
        if not question.remembered:
            return self._languages.language_of_text(question.text), False
        clear = self._languages.clear_language_of(question.conversation_id, question.text)
        language = clear or person.language or DEFAULT_LANGUAGE
        return language, clear is None and language != DEFAULT_LANGUAGE

    def _answered(
        self,
        said: tuple[Question, Vector, Understanding, Person],
        snippets: Snippets | None,
        watch: "_StopWatch",
    ) -> Analysis:
        started = time.perf_counter()
        understood, answer = self._dialogue.answer(*said, snippets)
        took = _milliseconds(time.perf_counter() - started)
        return Analysis(understood, answer, {**watch.shares_ms, "response": took})


class _StopWatch:
    """Times steps that a batch takes together; each message is charged an even share."""

    def __init__(self, messages: int) -> None:
        self._messages = messages
        self.shares_ms: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.shares_ms[name] = _milliseconds((time.perf_counter() - started) / self._messages)


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1_000, 3)

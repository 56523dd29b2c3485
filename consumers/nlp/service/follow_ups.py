"""Reads whether a short message goes on about what was answered before it."""

from collections.abc import Sequence
from dataclasses import dataclass

from consumers.nlp.service.analysis import Understanding
from consumers.nlp.service.knowledge import SLOT_ENTITIES, FollowUps, Intent, fills_slot
from consumers.nlp.service.picks import words_of
from consumers.nlp.service.threads import Thread, Topic
from runtime.entities.finding import Entity

# A longer message says what it wants, and is understood as such.
FEW_WORDS = 8
FEW_OF_ITS_OWN = 3

CARRIED = frozenset({"order_number", "tracking_number"})
"""What one answer takes over from another; an amount or a date belongs to what it was said of."""


@dataclass(frozen=True, slots=True)
class GoingOn:
    """The intent that a message takes up, and what was named before that still holds."""

    intent: str
    entities: tuple[Entity, ...] = ()


class FollowUpReader:
    """Knows how people go on, in the knowledge base's words, and the slots of each intent."""

    def __init__(self, cues: FollowUps, intents: Sequence[Intent]) -> None:
        self._openers = _phrases(cues.openers)
        self._closers = _phrases(cues.closers)
        self._others = _phrases(cues.others)
        self._questions = frozenset(cues.questions)
        self._fillers = frozenset(cues.fillers)
        self._slots = {
            intent.name: {SLOT_ENTITIES[slot] for slot in intent.slots} for intent in intents
        }

    def read(
        self, text: str, understood: Understanding, thread: Thread, *, strange: bool
    ) -> GoingOn | None:
        """
        What the message takes up; None when it stands for itself.

        `strange` says that it is like what nobody here has an answer to.
        """
        topic = thread.topic
        if topic is None:
            return None
        named = [each for each in understood.entities if fills_slot(each)]
        said = words_of(_without(text, named))
        if len(said) > FEW_WORDS:
            return None
        opened, rest = self._without_cues(said)
        own = [word for word in rest if word not in self._fillers]
        if not own and any(each.type in self._slots[topic.intent] for each in named):
            return GoingOn(topic.intent)
        if self._is_other(rest) and not named:
            return self._other(topic, thread)
        unclear = not understood.intent.in_scope or understood.intent.rival is not None
        elliptic = opened and 0 < len(own) <= FEW_OF_ITS_OWN and not self._questions & set(rest)
        return GoingOn(topic.intent) if unclear and elliptic and not strange else None

    def carried(self, text: str, thread: Thread) -> tuple[Entity, ...]:
        """What a message with an intent of its own takes over from earlier ones."""
        if any(_at(words_of(text), phrase) is not None for phrase in self._others):
            return ()
        return tuple(each for each in thread.entities if each.type in CARRIED)

    def _other(self, topic: Topic, thread: Thread) -> GoingOn:
        """The choice not taken, else the next number named, else the same without a number."""
        if topic.other is not None:
            return GoingOn(topic.other, thread.entities)
        slots = self._slots[topic.intent]
        named = [each for each in thread.entities if each.type in slots]
        return GoingOn(topic.intent, tuple(named[1:]))

    def _is_other(self, said: Sequence[str]) -> bool:
        for phrase in self._others:
            at = _at(said, phrase)
            if at is not None:
                around = (*said[:at], *said[at + len(phrase) :])
                return all(word in self._fillers for word in around)
        return False

    def _without_cues(self, said: Sequence[str]) -> tuple[bool, list[str]]:
        """Whether the message begins or ends as a follow-up does, and what it says beside that."""
        rest, opened = list(said), False
        while found := next((each for each in self._openers if rest[: len(each)] == each), None):
            rest, opened = rest[len(found) :], True
        for phrase in self._closers:
            if rest[-len(phrase) :] == phrase:
                return True, rest[: -len(phrase)]
        return opened, rest


def _phrases(phrases: Sequence[str]) -> list[list[str]]:
    """As words, the longest first, so that "what about" is found before "what"."""
    return sorted(map(words_of, phrases), key=len, reverse=True)


def _without(text: str, entities: Sequence[Entity]) -> str:
    for each in sorted(entities, key=lambda each: each.start, reverse=True):
        text = f"{text[: each.start]} {text[each.end :]}"
    return text


def _at(said: Sequence[str], phrase: Sequence[str]) -> int | None:
    starts = range(len(said) - len(phrase) + 1)
    return next((at for at in starts if list(said[at : at + len(phrase)]) == phrase), None)

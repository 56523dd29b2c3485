"""Remembers what each conversation is about: the intent answered last, and what was named."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from consumers.nlp.service.analysis import Question
from runtime.entities.finding import Entity

REMEMBERED_CONVERSATIONS = 10_000
REMEMBERED_MESSAGES = 4
PATIENCE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Named:
    """An entity and when it was named, by the message's own clock."""

    entity: Entity
    at: datetime


@dataclass(frozen=True, slots=True)
class Topic:
    """An answered intent, and when; `other` is what was offered beside it and not picked."""

    intent: str
    confidence: float
    at: datetime
    other: str | None = None


@dataclass(frozen=True, slots=True)
class Thread:
    """What a conversation is about; `named` holds only what answers have slots for."""

    topic: Topic | None = None
    named: tuple[Named, ...] = ()

    @property
    def entities(self) -> tuple[Entity, ...]:
        """What was named, in the order of the messages that named it."""
        return tuple(each.entity for each in self.named)

    def naming(self, entities: Sequence[Entity], at: datetime) -> "Thread":
        """The thread after a message that names these: the newest of a kind are the ones meant."""
        types = {each.type for each in entities}
        kept = (each for each in self.named if each.entity.type not in types)
        return replace(self, named=(*kept, *(Named(each, at) for each in entities)))

    def since(self, at: datetime) -> "Thread":
        """The thread without what is older than that."""
        topic = self.topic if self.topic is not None and self.topic.at >= at else None
        return Thread(topic, tuple(each for each in self.named if each.at >= at))


@dataclass(frozen=True, slots=True)
class _Turn:
    message_id: UUID
    asked_at: datetime
    after: Thread


class Threads:
    """
    The thread of each conversation, the latest conversations only, in memory.

    Nothing survives the process: after a restart a message is read by itself. A message meets what
    the messages before it have left, by their own clocks, also when it is worked again after
    `REMEMBERED_MESSAGES` less one later ones. A thread holds for `PATIENCE`.
    """

    def __init__(self) -> None:
        self._turns: OrderedDict[UUID, tuple[_Turn, ...]] = OrderedDict()

    def before(self, question: Question) -> Thread:
        """The thread that this message may take up."""
        turns = self._turns.get(question.conversation_id, ())
        earlier = [
            turn
            for turn in turns
            if turn.message_id != question.message_id and turn.asked_at <= question.asked_at
        ]
        if not earlier:
            return Thread()
        return earlier[-1].after.since(question.asked_at - PATIENCE)

    def remember(self, question: Question, after: Thread) -> None:
        """Note what the conversation is about after this message."""
        turns = self._turns.pop(question.conversation_id, ())
        if not turns and after == Thread():
            return
        others = (turn for turn in turns if turn.message_id != question.message_id)
        turn = _Turn(question.message_id, question.asked_at, after)
        ordered = sorted((*others, turn), key=lambda each: each.asked_at)
        self._turns[question.conversation_id] = tuple(ordered[-REMEMBERED_MESSAGES:])
        if len(self._turns) > REMEMBERED_CONVERSATIONS:
            self._turns.popitem(last=False)

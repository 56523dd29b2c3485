"""Remembers the choice a conversation was offered, so that its next message can pick from it."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from consumers.nlp.service.analysis import Question
from runtime.entities.finding import Entity

REMEMBERED_CONVERSATIONS = 10_000
PATIENCE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Offer:
    """Two intents to choose from, and what the unclear message named."""

    options: tuple[str, str]
    entities: tuple[Entity, ...]
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class _Turn:
    message_id: UUID
    before: Offer | None
    after: Offer | None


class Offers:
    """
    The open offer of each conversation, the latest conversations only, in memory.

    Nothing survives the process: a pick that comes after a restart, or to another process, is read
    like any other message. A message worked twice in a row meets the same offer both times. An
    offer is open for one message and for `PATIENCE`, by the messages' own clocks.
    """

    def __init__(self) -> None:
        self._turns: OrderedDict[UUID, _Turn] = OrderedDict()

    def open_for(self, question: Question) -> Offer | None:
        """The offer that this message may pick from."""
        turn = self._turns.get(question.conversation_id)
        if turn is None:
            return None
        offer = turn.before if turn.message_id == question.message_id else turn.after
        if offer is None or question.asked_at - offer.asked_at > PATIENCE:
            return None
        return offer

    def remember(self, question: Question, made: Offer | None) -> None:
        """Close what was open for this message and open what was offered in answer to it."""
        met = self.open_for(question)
        self._turns.pop(question.conversation_id, None)
        if met is not None or made is not None:
            self._turns[question.conversation_id] = _Turn(question.message_id, met, made)
        if len(self._turns) > REMEMBERED_CONVERSATIONS:
            self._turns.popitem(last=False)

"""Remembers what was said last in each conversation, for a language model to know what is meant."""

from collections import OrderedDict
from uuid import UUID

from consumers.nlp.ports import Turn
from consumers.nlp.service.analysis import Asked, Understanding
from runtime.entities.masking import redacted

REMEMBERED_CONVERSATIONS = 5_000
REMEMBERED_QUESTIONS = 2
TURN_CHARS = 300


class Turns:
    """
    The last questions and answers of the latest conversations, in memory, without personal data.

    Nothing survives the process: after a restart a question is read by itself.
    """

    def __init__(self) -> None:
        self._said: OrderedDict[UUID, OrderedDict[UUID, tuple[Turn, Turn]]] = OrderedDict()

    def before(self, conversation: UUID, question: UUID) -> tuple[Turn, ...]:
        """What was said before this question, the oldest first."""
        said = self._said.get(conversation, OrderedDict())
        pairs = [pair for asked, pair in said.items() if asked != question]
        return tuple(turn for pair in pairs[-REMEMBERED_QUESTIONS:] for turn in pair)

    def note(self, asked: Asked, understood: Understanding, answered: str) -> None:
        """
        Note a question and its answer; a newer answer takes the place of an older one.

        An abusive question is left out: what may not be asked of a model may not be told it either.
        """
        if understood.flagged:
            return
        question = redacted(asked.text, understood.entities)
        said = self._said.setdefault(asked.conversation_id, OrderedDict())
        said[asked.message_id] = (
            Turn("user", question[:TURN_CHARS]),
            Turn("assistant", answered[:TURN_CHARS]),
        )
        while len(said) > REMEMBERED_QUESTIONS + 1:
            said.popitem(last=False)
        self._said.move_to_end(asked.conversation_id)
        if len(self._said) > REMEMBERED_CONVERSATIONS:
            self._said.popitem(last=False)

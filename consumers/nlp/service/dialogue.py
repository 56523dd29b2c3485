"""Leads a conversation over more than one message: asks back when unclear, and reads the pick."""

from dataclasses import replace

from consumers.nlp.ports import Vector
from consumers.nlp.service.analysis import Answer, Question, Understanding
from consumers.nlp.service.heads import IntentGuess
from consumers.nlp.service.offers import Offer, Offers
from consumers.nlp.service.picks import Pick, PickReader
from consumers.nlp.service.responder import Responder
from consumers.nlp.service.retrieval import Snippets


class Dialogue:
    """Answers one message after the other; those of a conversation must come in their order."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._offers = Offers()
        self._picks = {
            language: PickReader(
                voice.picks,
                {name: each.label or each.title for name, each in voice.intents.items()},
            )
            for language, voice in responder.voices.items()
        }

    def stopped(self, language: str) -> str:
        """What is said when an answer is stopped before it has begun."""
        return self._responder.voice(language).stopped

    def answer(
        self,
        question: Question,
        vector: Vector,
        understood: Understanding,
        snippets: Snippets | None = None,
    ) -> tuple[Understanding, Answer]:
        """
        The answer, and what was understood with the offer in mind that the message meets.

        `snippets` are as in `Responder.answer`.
        """
        if not question.remembered:
            return understood, self._responder.answer(vector, understood, snippets)
        if not question.answered:
            self._offers.remember(question, None)
            return understood, self._responder.answer(vector, understood, snippets)
        offer = self._offers.open_for(question)
        if offer is None:
            answer = self._responder.answer(vector, understood, snippets)
        else:
            understood, answer = self._after(offer, question, understood, (vector, snippets))
        made = None
        if answer.options is not None:
            made = Offer(answer.options, understood.entities, question.asked_at)
        self._offers.remember(question, made)
        return understood, answer

    def _after(
        self,
        offer: Offer,
        question: Question,
        understood: Understanding,
        sought: tuple[Vector, Snippets | None],
    ) -> tuple[Understanding, Answer]:
        language = self._responder.voice(understood.language).language
        pick = self._picks[language].read(question.text, offer.options)
        if pick is Pick.NEITHER:
            return understood, self._responder.hand_over(understood)
        if pick is None:
            # Asking twice in a row would annoy; the better guess is said instead.
            clear = replace(understood, intent=replace(understood.intent, rival=None))
            return clear, self._responder.answer(sought[0], clear, sought[1])
        chosen = offer.options[0 if pick is Pick.FIRST else 1]
        # The person has said it, so there is nothing left to doubt.
        certain = IntentGuess(intent=chosen, confidence=1.0, nearness=1.0, in_scope=True)
        decided = replace(understood, intent=certain)
        return decided, self._responder.from_intent(decided, carried=offer.entities)

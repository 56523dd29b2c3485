"""Chooses the answer: the intent's own words, a snippet, a question back, or a colleague."""

from collections.abc import Sequence
from dataclasses import replace

from consumers.nlp.ports import Vector
from consumers.nlp.service.analysis import Answer, Understanding
from consumers.nlp.service.entities import Entity
from consumers.nlp.service.knowledge import Knowledge
from consumers.nlp.service.language import DEFAULT_LANGUAGE
from consumers.nlp.service.retrieval import Found, Snippets
from schemas.events.replies import Context, ReplySource


class Responder:
    """Answers one understood message."""

    def __init__(self, knowledge: Knowledge, snippets: Snippets) -> None:
        self._intents = {intent.name: intent for intent in knowledge.intents}
        self._phrases = knowledge.phrases
        self._snippets = snippets

    def answer(
        self, vector: Vector, understood: Understanding, carried: Sequence[Entity] = ()
    ) -> Answer:
        """The best answer there is; never fails, never invents. `carried` as in `from_intent`."""
        if understood.language != DEFAULT_LANGUAGE:
            return self._hand_over_foreign(understood)
        found = self._snippets.nearest(vector)
        # A fact nearer to the question than anything learnt for an intent is what was asked for.
        nearness = understood.intent.nearness if understood.intent.in_scope else 0.0
        if found is not None and found.score > nearness:
            return replace(_from_snippet(found), grounds=self._snippets.related(vector))
        if not understood.intent.in_scope or understood.intent.intent not in self._intents:
            # A trained head may know intents that nobody has written an answer for yet.
            return replace(self.hand_over(understood), grounds=self._snippets.related(vector))
        return self._ask_back(understood) or self.from_intent(understood, carried)

    def from_intent(self, understood: Understanding, carried: Sequence[Entity] = ()) -> Answer:
        """The intent's words; what the message does not name is taken from what was `carried`."""
        intent = self._intents[understood.intent.intent]
        # The first of a kind: people name what they are about before they go into details.
        own = {each.type: each.value for each in reversed(understood.entities)}
        found = {each.type: each.value for each in reversed(carried)} | own
        text = intent.reply(found)
        return Answer(
            text=text,
            context=(Context.CARRIED_SLOTS,) if text != intent.reply(own) else (),
            source=ReplySource.HANDOVER if intent.hand_over else ReplySource.TEMPLATE,
            intent=intent.name,
            confidence=understood.intent.confidence,
        )

    def hand_over(self, understood: Understanding) -> Answer:
        """A colleague is called, since nothing known fits."""
        return Answer(
            text=self._phrases.hand_over,
            source=ReplySource.HANDOVER,
            intent=None,
            confidence=understood.intent.confidence,
        )

    def _ask_back(self, understood: Understanding) -> Answer | None:
        """Which of the two was meant; None when it is clear, or when one of them has no label."""
        guess = understood.intent
        if guess.rival is None or guess.rival not in self._intents:
            return None
        first, second = (self._intents[name].label for name in (guess.intent, guess.rival))
        if first is None or second is None:
            return None
        return Answer(
            text=self._phrases.clarify.format(first=first, second=second),
            source=ReplySource.CLARIFY,
            intent=None,
            confidence=guess.confidence,
            options=(guess.intent, guess.rival),
        )

    def _hand_over_foreign(self, understood: Understanding) -> Answer:
        phrases = self._phrases.other_language
        return Answer(
            text=phrases.get(understood.language, phrases[DEFAULT_LANGUAGE]),
            source=ReplySource.HANDOVER,
            intent=None,
            confidence=0.0,
        )


def _from_snippet(found: Found) -> Answer:
    return Answer(
        text=found.snippet.text,
        source=ReplySource.RETRIEVAL,
        intent=None,
        confidence=min(found.score, 1.0),
        cited=(found,),
    )

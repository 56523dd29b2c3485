"""Leads a conversation over more than one message: asks back, reads picks and follow-ups."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from consumers.nlp.ports import Vector
from consumers.nlp.service.analysis import Answer, Question, Understanding
from consumers.nlp.service.follow_ups import FollowUpReader
from consumers.nlp.service.heads import IntentGuess
from consumers.nlp.service.knowledge import fills_slot
from consumers.nlp.service.language import DEFAULT_LANGUAGE
from consumers.nlp.service.offers import Offer, Offers
from consumers.nlp.service.people import NOBODY, Person
from consumers.nlp.service.picks import Pick, PickReader
from consumers.nlp.service.responder import Responder
from consumers.nlp.service.retrieval import Found, Snippets
from consumers.nlp.service.threads import Named, Thread, Threads, Topic
from runtime.entities.finding import Entity
from schemas.events.replies import Context, ReplySource


@dataclass(frozen=True, eq=False, slots=True)
class _Asked:
    """A message, and all that its answer may be made of."""

    question: Question
    vector: Vector
    understood: Understanding
    person: Person
    snippets: Snippets | None
    thread: Thread


@dataclass(frozen=True, slots=True)
class _Turn:
    """A message as it is understood in its conversation, and its answer."""

    understood: Understanding
    answer: Answer
    held: tuple[Entity, ...] | None = None
    """What still holds of what was named before; None for all of it."""
    other: str | None = None
    """The intent that was offered beside the one answered."""


class Dialogue:
    """Answers one message after the other; those of a conversation must come in their order."""

    def __init__(
        self,
        responder: Responder,
        follow_ups: FollowUpReader,
        strange: Callable[[Vector], bool] = lambda _: False,
    ) -> None:
        self._responder = responder
        self._offers = Offers()
        self._threads = Threads()
        self._follow_ups = follow_ups
        self._strange = strange
        self._picks = {
            language: PickReader(
                voice.picks,
                {name: each.label or each.title for name, each in voice.intents.items()},
            )
            for language, voice in responder.voices.items()
        }
        # What can be offered can be gone on about; a greeting or thanks leaves the topic as it is.
        intents = responder.voice(DEFAULT_LANGUAGE).intents
        self._topics = frozenset(name for name, each in intents.items() if each.label is not None)

    def stopped(self, language: str) -> str:
        """What is said when an answer is stopped before it has begun."""
        return self._responder.voice(language).stopped

    def nearest(
        self, vector: Vector, language: str, most: int, snippets: Snippets | None = None
    ) -> tuple[Found, ...]:
        """As `Responder.nearest`; no conversation hears of it."""
        return self._responder.nearest(vector, language, most, snippets)

    def answer(
        self,
        question: Question,
        vector: Vector,
        understood: Understanding,
        person: Person = NOBODY,
        snippets: Snippets | None = None,
    ) -> tuple[Understanding, Answer]:
        """
        The answer, and what was understood with the conversation and the person in mind.

        `snippets` are as in `Responder.answer`.
        """
        if not question.remembered:
            return understood, self._responder.answer(vector, understood, snippets)
        if not question.answered:
            self._offers.remember(question, None)
            self._threads.remember(question, Thread())
            return understood, self._responder.answer(vector, understood, snippets)
        thread = self._threads.before(question)
        asked = _Asked(question, vector, understood, person, snippets, thread)
        offer = self._offers.open_for(question)
        turn = self._next(asked) if offer is None else self._after(offer, asked)
        answer, made = turn.answer, None
        if answer.options is not None:
            made = Offer(answer.options, understood.entities, question.asked_at)
        self._offers.remember(question, made)
        self._threads.remember(question, self._thread(question, thread, turn))
        if turn.understood.by_habit:
            answer = replace(answer, context=(Context.PROFILE_LANGUAGE, *answer.context))
        return turn.understood, answer

    def _next(self, asked: _Asked) -> _Turn:
        text, understood, thread = asked.question.text, asked.understood, asked.thread
        strange = self._strange(asked.vector)
        goes_on = self._follow_ups.read(text, understood, thread, strange=strange)
        if goes_on is not None and thread.topic is not None:
            decided = _decided(understood, goes_on.intent, thread.topic.confidence)
            answer = self._responder.from_intent(decided, goes_on.entities)
            answer = replace(answer, context=(Context.PREVIOUS_INTENT, *answer.context))
            return _Turn(decided, answer, held=goes_on.entities)
        return self._by_itself(asked, self._follow_ups.carried(text, thread))

    def _by_itself(self, asked: _Asked, carried: tuple[Entity, ...]) -> _Turn:
        understood, guess = asked.understood, asked.understood.intent
        if guess.rival is not None and guess.in_scope:
            habit = asked.person.prefers(guess.intent, guess.rival)
            if habit is not None:
                certainty = dict(guess.others).get(habit, guess.confidence)
                chosen = replace(guess, intent=habit, confidence=certainty, rival=None)
                decided = replace(understood, intent=chosen)
                answer = self._answer(asked, decided, carried)
                if answer.intent == habit:
                    context = (Context.PROFILE_INTENT, *answer.context)
                    return _Turn(decided, replace(answer, context=context))
        return _Turn(understood, self._answer(asked, understood, carried))

    def _after(self, offer: Offer, asked: _Asked) -> _Turn:
        text, understood = asked.question.text, asked.understood
        language = self._responder.voice(understood.language).language
        pick = self._picks[language].read(text, offer.options)
        if pick is Pick.NEITHER:
            return _Turn(understood, self._responder.hand_over(understood))
        carried = self._follow_ups.carried(text, asked.thread)
        if pick is None:
            # Asking twice in a row would annoy; the better guess is said instead.
            clear = replace(understood, intent=replace(understood.intent, rival=None))
            return _Turn(clear, self._answer(asked, clear, carried))
        first, second = offer.options
        chosen, other = (first, second) if pick is Pick.FIRST else (second, first)
        # The person has said it, so there is nothing left to doubt.
        decided = _decided(understood, chosen, 1.0)
        answer = self._responder.from_intent(decided, (*offer.entities, *carried))
        return _Turn(decided, answer, other=other)

    def _answer(
        self, asked: _Asked, understood: Understanding, carried: tuple[Entity, ...]
    ) -> Answer:
        return self._responder.answer(asked.vector, understood, asked.snippets, carried)

    def _thread(self, question: Question, before: Thread, turn: _Turn) -> Thread:
        """What the conversation is about after this message."""
        thread, answer = before, turn.answer
        if turn.held is not None:
            thread = replace(thread, named=_still_named(thread.named, turn.held))
        named = [each for each in turn.understood.entities if fills_slot(each)]
        thread = thread.naming(named, question.asked_at)
        if answer.source is ReplySource.TEMPLATE and answer.intent not in self._topics:
            return thread
        topic = None
        if answer.source is ReplySource.TEMPLATE and answer.intent is not None:
            topic = Topic(answer.intent, answer.confidence, question.asked_at, turn.other)
        return replace(thread, topic=topic)


def _decided(understood: Understanding, intent: str, confidence: float) -> Understanding:
    guess = IntentGuess(intent=intent, confidence=confidence, nearness=1.0, in_scope=True)
    return replace(understood, intent=guess)


def _still_named(named: tuple[Named, ...], held: tuple[Entity, ...]) -> tuple[Named, ...]:
    return tuple(each for each in named if each.entity in held)

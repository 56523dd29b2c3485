"""Chooses the answer: the intent's own words, a snippet, a question back, or a colleague."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from consumers.nlp.ports import Vector
from consumers.nlp.service.analysis import Answer, Understanding
from consumers.nlp.service.heads import IntentGuess
from consumers.nlp.service.knowledge import Knowledge, fills_slot
from consumers.nlp.service.language import DEFAULT_LANGUAGE
from consumers.nlp.service.retrieval import Found, Snippets
from consumers.nlp.service.voices import Voice, voices_of
from runtime.entities.finding import Entity
from schemas.events.replies import Context, ReplySource


class Responder:
    """
    Answers one understood message, in the language it was asked in.

    `multilingual` says whether messages in other languages than English are understood; if not, a
    colleague gets them. `language_of` reads the language of a snippet that editors have written.
    """

    def __init__(
        self,
        knowledge: Knowledge,
        snippets: Snippets,
        *,
        multilingual: bool = False,
        language_of: Callable[[str], str] = lambda _: DEFAULT_LANGUAGE,
    ) -> None:
        self.voices = voices_of(knowledge, multilingual=multilingual)
        self._other_language = knowledge.phrases.other_language
        self._snippets = snippets
        self._language_of = language_of

    def answer(
        self,
        vector: Vector,
        understood: Understanding,
        snippets: Snippets | None = None,
        carried: Sequence[Entity] = (),
    ) -> Answer:
        """
        The best answer there is; never fails, never invents. `carried` as in `from_intent`.

        `snippets` must be found by vectors of the model that `vector` is of; left out, it is the
        one whose snippets this was made with.
        """
        known = self._snippets if snippets is None else snippets
        language, guess = understood.language, understood.intent
        voice = self.voices.get(language)
        if voice is None:
            return self._hand_over_foreign(understood)
        found = known.nearest(vector, language)
        # A fact nearer to the question than anything learnt for an intent is what was asked for.
        nearness = guess.nearness if guess.in_scope else 0.0
        if found is not None and found.score > nearness:
            told = replace(found, snippet=voice.told(found.snippet, self._language_of))
            return replace(_from_snippet(told), grounds=_grounds(voice, known, vector))
        if not guess.in_scope or guess.intent not in voice.intents:
            # A trained head may know intents that nobody has written an answer for yet.
            return replace(self.hand_over(understood), grounds=_grounds(voice, known, vector))
        return _ask_back(voice, guess) or self.from_intent(understood, carried)

    def nearest(
        self, vector: Vector, language: str, most: int, snippets: Snippets | None = None
    ) -> tuple[Found, ...]:
        """
        So many snippets as they would be said, the nearest first, however far they are.

        None in a language that a colleague answers. `snippets` are as in `answer`.
        """
        known = self._snippets if snippets is None else snippets
        voice = self.voices.get(language)
        if voice is None:
            return ()
        return tuple(
            replace(each, snippet=voice.told(each.snippet, self._language_of))
            for each in known.ranked(vector, language, most=most)
        )

    def from_intent(self, understood: Understanding, carried: Sequence[Entity] = ()) -> Answer:
        """The intent's words; what the message does not name is taken from what was `carried`."""
        voice = self.voice(understood.language)
        intent = voice.intents[understood.intent.intent]
        own = _first_of_each(understood.entities)
        text = voice.reply(intent.name, _first_of_each(carried) | own)
        return Answer(
            text=text,
            context=(Context.CARRIED_SLOTS,) if text != voice.reply(intent.name, own) else (),
            source=ReplySource.HANDOVER if intent.hand_over else ReplySource.TEMPLATE,
            intent=intent.name,
            confidence=understood.intent.confidence,
        )

    def hand_over(self, understood: Understanding) -> Answer:
        """A colleague is called, since nothing known fits."""
        return Answer(
            text=self.voice(understood.language).hand_over,
            source=ReplySource.HANDOVER,
            intent=None,
            confidence=understood.intent.confidence,
        )

    def voice(self, language: str) -> Voice:
        """The words of a language, or English ones."""
        return self.voices.get(language, self.voices[DEFAULT_LANGUAGE])

    def _hand_over_foreign(self, understood: Understanding) -> Answer:
        phrases = self._other_language
        return Answer(
            text=phrases.get(understood.language, phrases[DEFAULT_LANGUAGE]),
            source=ReplySource.HANDOVER,
            intent=None,
            confidence=0.0,
        )


def _grounds(voice: Voice, snippets: Snippets, vector: Vector) -> tuple[Found, ...]:
    """What a language model may write from, in the person's language as far as it is there."""
    return tuple(
        replace(each, snippet=voice.snippets.get(each.snippet.id, each.snippet))
        for each in snippets.related(vector, voice.language)
    )


def _first_of_each(entities: Sequence[Entity]) -> dict[str, str]:
    """What fills slots; people name what they are about before they go into details."""
    return {each.type: each.value for each in reversed(entities) if fills_slot(each)}


def _ask_back(voice: Voice, guess: IntentGuess) -> Answer | None:
    """Which of the two was meant; None when it is clear, or when one of them has no label."""
    if guess.rival is None or guess.rival not in voice.intents:
        return None
    first, second = (voice.intents[name].label for name in (guess.intent, guess.rival))
    if first is None or second is None:
        return None
    return Answer(
        text=voice.clarify.format(first=first, second=second),
        source=ReplySource.CLARIFY,
        intent=None,
        confidence=guess.confidence,
        options=(guess.intent, guess.rival),
    )


def _from_snippet(found: Found) -> Answer:
    return Answer(
        text=found.snippet.text,
        source=ReplySource.RETRIEVAL,
        intent=None,
        confidence=found.probability,
        cited=(found,),
    )

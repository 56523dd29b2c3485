"""What is said in each language that is answered: its own words, or English ones with regret."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from consumers.nlp.service.knowledge import Intent, Knowledge, Snippet
from consumers.nlp.service.language import DEFAULT_LANGUAGE
from consumers.nlp.service.parts import Picks
from consumers.nlp.service.translations import Translation


@dataclass(frozen=True, slots=True)
class Voice:
    """One language's words."""

    language: str
    intents: Mapping[str, Intent]
    """Every intent, in this language as far as it is translated."""
    snippets: Mapping[str, Snippet]
    """The snippets that there are in this language; others are said as they are."""
    hand_over: str
    clarify: str
    picks: Picks
    stopped: str
    regret: str = ""
    """Said before what is not there in this language."""
    untranslated: frozenset[str] = frozenset()
    """The intents whose words are English."""

    def reply(self, intent: str, found: Mapping[str, str]) -> str:
        """An intent's answer, its slots filled from entity values."""
        text = self.intents[intent].reply(found)
        return self.regretting(text) if intent in self.untranslated else text

    def regretting(self, text: str) -> str:
        """A text of another language, with regret."""
        return f"{self.regret} {text}"

    def told(self, snippet: Snippet, language_of: Callable[[str], str]) -> Snippet:
        """A snippet in this language, or with regret that it is in another."""
        translated = self.snippets.get(snippet.id)
        if translated is not None:
            return translated
        # Without regret there is no telling; editors may have written it in this very language.
        if not self.regret or language_of(snippet.text) == self.language:
            return snippet
        return snippet.model_copy(update={"text": self.regretting(snippet.text)})


def voices_of(knowledge: Knowledge, *, multilingual: bool) -> dict[str, Voice]:
    """
    A voice per language that is answered.

    English alone when no other is understood; else every language that regret can be said in.
    """
    voices = {DEFAULT_LANGUAGE: _english(knowledge)}
    if multilingual:
        for language, regret in knowledge.phrases.in_english.items():
            translation = knowledge.translations.get(language)
            voices[language] = (
                _borrowed(knowledge, language, regret)
                if translation is None
                else _translated(knowledge, language, regret, translation)
            )
    return voices


def _english(knowledge: Knowledge) -> Voice:
    phrases = knowledge.phrases
    return Voice(
        language=DEFAULT_LANGUAGE,
        intents={intent.name: intent for intent in knowledge.intents},
        snippets={},
        hand_over=phrases.hand_over,
        clarify=phrases.clarify,
        picks=phrases.picks,
        stopped=phrases.stopped,
    )


def _borrowed(knowledge: Knowledge, language: str, regret: str) -> Voice:
    """A language without a translation; who cannot be answered hears of it as ever."""
    phrases = knowledge.phrases
    hand_over = phrases.other_language.get(language, f"{regret} {phrases.hand_over}")
    return Voice(
        language=language,
        intents={intent.name: intent for intent in knowledge.intents},
        snippets={},
        hand_over=hand_over,
        clarify=f"{regret} {phrases.clarify}",
        picks=phrases.picks,
        stopped=phrases.stopped,
        regret=regret,
        untranslated=frozenset(intent.name for intent in knowledge.intents),
    )


def _translated(
    knowledge: Knowledge, language: str, regret: str, translation: Translation
) -> Voice:
    phrases, words = translation.phrases, translation.intents
    return Voice(
        language=language,
        intents={
            intent.name: intent.model_copy(
                update=words[intent.name].model_dump(exclude={"examples"})
                if intent.name in words
                else {}
            )
            for intent in knowledge.intents
        },
        snippets=_snippets(knowledge, translation),
        hand_over=phrases.hand_over,
        clarify=phrases.clarify,
        picks=phrases.picks,
        stopped=phrases.stopped,
        regret=regret,
        untranslated=frozenset(
            intent.name for intent in knowledge.intents if intent.name not in words
        ),
    )


def translated_snippets(knowledge: Knowledge) -> dict[str, dict[str, Snippet]]:
    """The snippets that there are in each other language, by language and id."""
    return {
        language: _snippets(knowledge, translation)
        for language, translation in knowledge.translations.items()
    }


def _snippets(knowledge: Knowledge, translation: Translation) -> dict[str, Snippet]:
    return {
        snippet.id: snippet.model_copy(update=translation.snippets[snippet.id].model_dump())
        for snippet in knowledge.snippets
        if snippet.id in translation.snippets
    }

"""What the assistant says in another language: translations of the knowledge, as far as they go."""

from typing import Annotated

from pydantic import Field

from consumers.nlp.service.parts import (
    Label,
    Name,
    Part,
    Picks,
    Sentence,
    SnippetId,
    Text,
    Unclear,
    slots_of,
)


class TranslatedPhrases(Part):
    """What is said when there is no answer, or more than one; as `Phrases`."""

    hand_over: Text
    clarify: Text
    picks: Picks
    stopped: Text


class TranslatedIntent(Part):
    """An intent's words; their slots must be those of the original."""

    label: Label | None = None
    answer: Text
    answer_without_slots: Text | None = None
    examples: tuple[Sentence, ...] = ()
    """How people say it; learnt by an encoder that understands the language."""
    held_out: tuple[Sentence, ...] = ()
    """Never learnt: says how well it is understood, and how sure one must be in the language."""


class TranslatedSnippet(Part):
    """A fact's words, and what it answers in this language; as `Snippet`."""

    title: Text
    text: Text
    questions: tuple[Sentence, ...] = ()


class Translation(Part):
    """One language. What it lacks is said in English, with an apology."""

    phrases: TranslatedPhrases
    intents: dict[Name, TranslatedIntent] = Field(default_factory=dict)
    snippets: dict[SnippetId, TranslatedSnippet] = Field(default_factory=dict)
    unclear: tuple[Unclear, ...] = ()
    out_of_scope: Annotated[tuple[Sentence, ...], Field(min_length=8)]
    """What has no answer here; sets, with what is held out, how sure one must be."""

    def held_out(self) -> list[tuple[str, str]]:
        """Every sentence that is not learnt, with its intent."""
        return [(text, name) for name, intent in self.intents.items() for text in intent.held_out]

    def fault(self, slots: dict[str, frozenset[str]], snippets: frozenset[str]) -> str | None:
        """What does not fit the knowledge: its intents with the slots of each, and its snippets."""
        if sorted(slots_of(self.phrases.clarify)) != ["first", "second"]:
            return "phrases: clarify needs {first} and {second}, once each"
        for name, intent in self.intents.items():
            if name not in slots:
                return f"no intent {name!r} to translate"
            if frozenset(slots_of(intent.answer)) != slots[name]:
                return f"{name}: the answer must have the slots of the original"
            if (intent.answer_without_slots is None) == bool(slots[name]):
                return f"{name}: answer_without_slots goes with slots, as in the original"
            if slots_of(intent.answer_without_slots or ""):
                return f"{name}: answer_without_slots has a slot"
        unknown = sorted(self.snippets.keys() - snippets)
        return f"no snippet {unknown[0]!r} to translate" if unknown else None

"""What the assistant knows: intents with answers, snippets, tone sentences, set phrases."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from consumers.nlp.service.parts import (
    Label,
    Language,
    Name,
    Part,
    Picks,
    Sentence,
    SnippetId,
    Text,
    Unclear,
    filled,
    slots_of,
)
from consumers.nlp.service.translations import Translation
from runtime.entities.finding import Entity, FoundBy

SLOT_ENTITIES = {
    "order_number": "order_number",
    "tracking_number": "tracking_number",
    "amount": "money",
    "date": "date",
}
"""Slot of an answer → the entity type that fills it. None of them is personal data."""


def fills_slot(entity: Entity) -> bool:
    """Whether an answer may say it: what a model guesses is not said back to people."""
    return entity.type in SLOT_ENTITIES.values() and entity.found_by is not FoundBy.MODEL


class Intent(Part):
    """One thing people want, how they say it, and what they are told."""

    name: Name
    title: Text
    label: Label | None = None
    """How it is called in "do you mean …?"; without one it is never offered."""
    answer: Text
    answer_without_slots: Text | None = None
    hand_over: bool = False
    examples: Annotated[tuple[Sentence, ...], Field(min_length=8)]
    held_out: Annotated[tuple[Sentence, ...], Field(min_length=1)]

    @property
    def slots(self) -> frozenset[str]:
        """The names in braces in the answer."""
        return frozenset(slots_of(self.answer))

    @model_validator(mode="after")
    def _slots_can_be_filled(self) -> Self:
        unknown = sorted(self.slots - SLOT_ENTITIES.keys())
        if unknown:
            message = f"unknown slot {unknown[0]!r}; known are {', '.join(SLOT_ENTITIES)}"
            raise ValueError(message)
        if self.slots and self.answer_without_slots is None:
            message = "an answer with slots needs answer_without_slots for messages that lack them"
            raise ValueError(message)
        if slots_of(self.answer_without_slots or ""):
            message = "answer_without_slots has a slot"
            raise ValueError(message)
        return self

    def reply(self, found: Mapping[str, str]) -> str:
        """The answer with its slots filled from entity values, or the wording without slots."""
        values = {slot: found.get(SLOT_ENTITIES[slot]) for slot in self.slots}
        if self.answer_without_slots is not None and None in values.values():
            return self.answer_without_slots
        return filled(self.answer, {slot: str(value) for slot, value in values.items()})


class Snippet(Part):
    """One fact, said word for word when it is what a question is about."""

    id: SnippetId
    title: Text
    text: Text
    tags: tuple[Name, ...] = ()
    questions: tuple[Sentence, ...] = ()
    """What it answers, as people ask; never learnt to find it, only to tell how sure that is."""


class Examples(Part):
    """Sentences to learn from, and sentences kept back to test on."""

    examples: Annotated[tuple[Sentence, ...], Field(min_length=8)]
    held_out: tuple[Sentence, ...] = ()


class EntityList(Part):
    """Things that messages may name: each with the other words that people use for it."""

    name: Name
    """The entities' type; `person` and `place` are masked like all that is personal."""
    values: Annotated[dict[Label, tuple[Label, ...]], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_word_means_one_thing(self) -> Self:
        meant: dict[str, str] = {}
        for value, wordings in self.values.items():
            for wording in {each.casefold() for each in (value, *wordings)}:
                if meant.setdefault(wording, value) != value:
                    message = f"{wording!r} stands for {meant[wording]!r} and for {value!r}"
                    raise ValueError(message)
        return self


class Tones(Part):
    """Sentences by tone."""

    negative: Annotated[tuple[Sentence, ...], Field(min_length=8)]
    neutral: Annotated[tuple[Sentence, ...], Field(min_length=8)]
    positive: Annotated[tuple[Sentence, ...], Field(min_length=8)]
    held_out: dict[str, tuple[Sentence, ...]] = Field(default_factory=dict)

    def by_label(self) -> dict[str, tuple[str, ...]]:
        """Label → training sentences."""
        return {"negative": self.negative, "neutral": self.neutral, "positive": self.positive}


class FollowUps(Part):
    """How people go on about what was just answered, as whole words without apostrophes."""

    openers: tuple[Sentence, ...] = ()
    """A follow-up begins with one of these."""
    closers: tuple[Sentence, ...] = ()
    """Or ends with one of these."""
    others: tuple[Sentence, ...] = ()
    """It means what was named or offered beside what was answered."""
    questions: tuple[Sentence, ...] = ()
    """A message with one of these asks something of its own."""
    fillers: tuple[Sentence, ...] = ()
    """These say nothing by themselves."""


class Phrases(Part):
    """What is said when there is no answer, or more than one."""

    hand_over: Text
    clarify: Text
    picks: Picks
    other_language: dict[str, Text]
    stopped: Text = "I stopped before I had an answer."
    follow_ups: FollowUps = FollowUps()
    in_english: dict[Language, Text] = Field(default_factory=dict)
    """Said before a text that is not there in a person's language."""

    @model_validator(mode="after")
    def _asks_about_both(self) -> Self:
        if sorted(slots_of(self.clarify)) != ["first", "second"]:
            message = "clarify needs {first} and {second}, once each"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _has_a_last_resort(self) -> Self:
        if "en" not in self.other_language:
            message = "other_language needs an entry en, for languages that are not listed"
            raise ValueError(message)
        return self


class Knowledge(Part):
    """The whole knowledge folder, checked."""

    intents: tuple[Intent, ...]
    snippets: tuple[Snippet, ...]
    out_of_scope: Examples
    tones: Tones
    phrases: Phrases
    unclear: tuple[Unclear, ...] = ()
    translations: dict[Language, Translation] = Field(default_factory=dict)
    entities: tuple[EntityList, ...] = ()

    @model_validator(mode="after")
    def _unclear_is_between_what_can_be_offered(self) -> Self:
        offered = {intent.name for intent in self.intents if intent.label is not None}
        everywhere = {"": self.unclear} | {
            f"languages/{language}/": each.unclear for language, each in self.translations.items()
        }
        for folder, unclear in everywhere.items():
            for name in (name for each in unclear for name in each.between):
                if name not in offered:
                    message = f"{folder}unclear.yaml: no intent {name!r} with a label"
                    raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _translations_fit(self) -> Self:
        slots = {intent.name: intent.slots for intent in self.intents}
        snippets = frozenset(snippet.id for snippet in self.snippets)
        for language, translation in self.translations.items():
            fault = translation.fault(slots, snippets)
            if fault is None and language not in self.phrases.in_english:
                fault = "phrases.yaml needs in_english for this language"
            if fault is not None:
                message = f"languages/{language}: {fault}"
                raise ValueError(message)
        return self

    def sentences(self) -> Iterator[str]:
        """Every sentence about intents and scope, learnt from or tested on."""
        for intent in self.intents:
            yield from (*intent.examples, *intent.held_out)
        yield from (*self.out_of_scope.examples, *self.out_of_scope.held_out)
        for unclear in self.unclear:
            yield from unclear.examples
        yield from (text for text, _ in self.foreign_lessons())
        for translation in self.translations.values():
            yield from (text for text, _ in translation.held_out())

    def foreign_lessons(self) -> Iterator[tuple[str, str]]:
        """Every example in another language, with its label."""
        for translation in self.translations.values():
            for name, intent in translation.intents.items():
                yield from ((text, name) for text in intent.examples)
            for unclear in translation.unclear:
                yield from ((text, unclear.label) for text in unclear.examples)

    @property
    def sha256(self) -> str:
        """Digest of everything said in it; comments and the order of files do not count."""
        ordered = self.model_copy(
            update={
                "intents": tuple(sorted(self.intents, key=lambda intent: intent.name)),
                "snippets": tuple(sorted(self.snippets, key=lambda snippet: snippet.id)),
            }
        )
        return hashlib.sha256(ordered.model_dump_json().encode()).hexdigest()

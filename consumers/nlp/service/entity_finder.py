"""Finds what messages name: by rule, by list, and with a model where one is set; in this order."""

from collections.abc import Iterable, Sequence

from consumers.nlp.ports import EntityRecognizer, Named
from consumers.nlp.service.entity_lists import ListedEntities
from consumers.nlp.service.knowledge import EntityList
from runtime.entities.finding import (
    PERSONAL,
    RULES,
    SEARCHED_CHARS,
    Entity,
    FoundBy,
    find_entities,
)


class EntityFinder:
    """
    Rules keep what they have found, then lists, and a model fills in what neither could know.

    One thing alone is taken back: a list's word inside of a longer name of a person or place
    ("Rose" the lamp, Rose Miller), since otherwise the rest of the name would not be masked.
    Not safe for several threads at once.
    """

    def __init__(
        self, lists: Sequence[EntityList] = (), recognizer: EntityRecognizer | None = None
    ) -> None:
        self._listed = ListedEntities(lists)
        self._recognizer = recognizer
        parts = [RULES, self._listed.version if lists else None]
        parts.append(recognizer.name if recognizer is not None else None)
        self.version = "+".join(part for part in parts if part is not None)

    def find(self, texts: Sequence[str], languages: Sequence[str]) -> list[tuple[Entity, ...]]:
        """What each text names, in the order of the text; stretches never overlap."""
        searched = [text[:SEARCHED_CHARS] for text in texts]
        guessed = self._guessed(searched, languages)
        return [self._of(text, names) for text, names in zip(searched, guessed, strict=True)]

    def _of(self, text: str, names: Iterable[Named]) -> tuple[Entity, ...]:
        ruled = find_entities(text)
        listed = [each for each in self._listed.find(text) if not _overlaps(each, ruled)]
        guesses = [_entity(each, text) for each in names if _means_something(each, text)]
        for guess in guesses:
            if guess.type in PERSONAL:
                listed = [each for each in listed if not _is_part_of(each, guess)]
        found = [*ruled, *listed]
        found += [each for each in guesses if not _overlaps(each, found)]
        return tuple(sorted(found, key=lambda entity: entity.start))

    def _guessed(self, texts: Sequence[str], languages: Sequence[str]) -> list[list[Named]]:
        named: list[list[Named]] = [[] for _ in texts]
        if self._recognizer is None:
            return named
        read = self._recognizer.languages
        rows = [row for row, language in enumerate(languages) if language in read]
        found = self._recognizer.recognize([texts[row] for row in rows])
        for row, names in zip(rows, found, strict=True):
            named[row] = names
        return named


def _entity(name: Named, text: str) -> Entity:
    said = text[name.start : name.end]
    return Entity(name.type, said, name.confidence, name.start, name.end, FoundBy.MODEL)


def _means_something(name: Named, text: str) -> bool:
    """Whether it has a letter: a row of digits alone is no name, and models take it for a date."""
    return any(sign.isalpha() for sign in text[name.start : name.end])


def _overlaps(entity: Entity, others: Iterable[Entity]) -> bool:
    return any(entity.start < other.end and other.start < entity.end for other in others)


def _is_part_of(entity: Entity, whole: Entity) -> bool:
    longer = whole.end - whole.start > entity.end - entity.start
    return longer and whole.start <= entity.start and entity.end <= whole.end

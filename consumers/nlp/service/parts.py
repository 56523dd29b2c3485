"""The small parts that knowledge and its translations are made of."""

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

UNCLEAR = "|"
"""Joins two intents' names into the label of what may mean either."""
_SLOT = re.compile(r"\{(\w+)\}")

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,40}$")]
SnippetId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,60}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
"""ISO 639-1, as the language detector says it."""


class Part(BaseModel):
    """A part of the knowledge: never changed, and a key that nobody knows is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Picks(Part):
    """How people choose from two offers, as whole words."""

    first: Annotated[tuple[Sentence, ...], Field(min_length=1)]
    second: Annotated[tuple[Sentence, ...], Field(min_length=1)]
    neither: Annotated[tuple[Sentence, ...], Field(min_length=1)]


class Unclear(Part):
    """Sentences that may mean either of two intents; they teach when to ask which."""

    between: tuple[Name, Name]
    examples: Annotated[tuple[Sentence, ...], Field(min_length=5)]

    @property
    def label(self) -> str:
        """What they are learnt as."""
        return UNCLEAR.join(sorted(self.between))


def slots_of(text: str) -> list[str]:
    """The names in braces, in the order of the text."""
    return _SLOT.findall(text)


def filled(text: str, values: dict[str, str]) -> str:
    """The text with every slot replaced by its value."""
    return _SLOT.sub(lambda slot: values[slot.group(1)], text)

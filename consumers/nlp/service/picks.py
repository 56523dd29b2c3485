"""Reads which of two offered things a short message picks: by number, by order, or by name."""

import re
from collections.abc import Mapping, Sequence
from enum import Enum, auto

from consumers.nlp.service.parts import Picks

# A longer message says something new; it is understood as such.
FEW_WORDS = 7
# "return", "returned" and "returning" count as one word, "the" and "is" as none.
_STEM = 5
_SHORTEST = 4

_WORD = re.compile(r"\w+")


class Pick(Enum):
    """What a message says about an offer."""

    FIRST = auto()
    SECOND = auto()
    NEITHER = auto()


class PickReader:
    """Knows the words for first, second and neither, and the names of what may be offered."""

    def __init__(self, picks: Picks, names: Mapping[str, str]) -> None:
        self._phrases = {
            Pick.FIRST: [words_of(each) for each in picks.first],
            Pick.SECOND: [words_of(each) for each in picks.second],
            Pick.NEITHER: [words_of(each) for each in picks.neither],
        }
        self._stems = {key: _stems(words_of(name)) for key, name in names.items()}

    def read(self, text: str, options: tuple[str, str]) -> Pick | None:
        """The pick, or None when the message is about something else."""
        said = words_of(text)
        if not said or len(said) > FEW_WORDS:
            return None
        return self._by_order(said) or self._by_name(said, options)

    def _by_order(self, said: Sequence[str]) -> Pick | None:
        """The longest phrase counts, so that "the second one" is not the first; a tie is none."""
        longest = {
            pick: max((len(each) for each in phrases if _contains(said, each)), default=0)
            for pick, phrases in self._phrases.items()
        }
        best = max(longest.values())
        picks = [pick for pick, length in longest.items() if length == best]
        return picks[0] if best and len(picks) == 1 else None

    def _by_name(self, said: Sequence[str], options: tuple[str, str]) -> Pick | None:
        stems = _stems(said)
        first, second = (len(stems & self._stems[option]) for option in options)
        if first == second:
            return None
        return Pick.FIRST if first > second else Pick.SECOND


def words_of(text: str) -> list[str]:
    """The words of a text, without case and apostrophes."""
    return _WORD.findall(
        text.casefold().replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "")
    )


def _stems(words: Sequence[str]) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in words if len(word) >= _SHORTEST)


def _contains(said: Sequence[str], phrase: Sequence[str]) -> bool:
    starts = range(len(said) - len(phrase) + 1)
    return any(said[at : at + len(phrase)] == phrase for at in starts)

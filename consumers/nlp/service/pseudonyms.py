"""Keeps the names of who speaks from a language model, and puts them back into what it writes."""

import re
from collections.abc import Iterable

_STANDS_FOR = re.compile(r"\bPerson (\d+)\b")


class Pseudonyms:
    """Numbers for names; who has no name has no number."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(dict.fromkeys(name for name in names if name))
        self._hidden = {name: f"Person {at}" for at, name in enumerate(self._names, 1)}
        # People are spoken to by a part of their name; the whole goes first.
        parts = {
            part: self._hidden[name]
            for name in reversed(self._names)
            for part in name.split()
            if part[0].isupper()
        }
        self._said = parts | self._hidden
        known = sorted(map(re.escape, self._said), key=len, reverse=True)
        self._known = re.compile(rf"(?<!\w)(?:{'|'.join(known)})(?!\w)") if known else None

    def of(self, speaker: str) -> str:
        """What stands for a speaker."""
        return self._hidden.get(speaker, "")

    def hidden(self, text: str) -> str:
        """A text without their names."""
        if self._known is None:
            return text
        return self._known.sub(lambda found: self._said[found.group()], text)

    def shown(self, text: str) -> str:
        """A text with their names again."""
        return _STANDS_FOR.sub(self._name, text)

    def _name(self, found: re.Match[str]) -> str:
        at = int(found.group(1)) - 1
        return self._names[at] if 0 <= at < len(self._names) else found.group()

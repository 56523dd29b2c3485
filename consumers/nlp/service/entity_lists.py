"""Finds what the knowledge base lists by name: products, carriers, ways to pay."""

import hashlib
import re
from collections.abc import Iterator, Sequence

from consumers.nlp.service.knowledge import EntityList
from runtime.entities.finding import Entity, FoundBy

CONFIDENCE = 0.95
"""Somebody wrote the list, and a word may still mean something else."""


class ListedEntities:
    """Whole words, upper and lower case alike; of two that begin together the longer counts."""

    def __init__(self, lists: Sequence[EntityList]) -> None:
        self._known = {
            _key(wording): (each.name, value)
            for each in lists
            for value, wordings in each.values.items()
            for wording in (value, *wordings)
        }
        longest_first = sorted(self._known, key=lambda wording: (-len(wording), wording))
        anything = "|".join(re.escape(wording).replace(r"\ ", r"\s+") for wording in longest_first)
        self._pattern = re.compile(rf"(?<!\w)(?:{anything})(?!\w)", re.IGNORECASE)
        said = "\x00".join(
            f"{key}\x01{kind}\x01{value}" for key, (kind, value) in self._known.items()
        )
        self.version = f"lists-{hashlib.sha256(said.encode()).hexdigest()[:12]}"

    def find(self, text: str) -> Iterator[Entity]:
        """Everything listed, in the order of the text; `value` is the list's own wording."""
        if not self._known:
            return
        for match in self._pattern.finditer(text):
            known = self._known.get(_key(match.group()))
            # A few letters change their number with their case, and then the key is another one.
            if known is not None:
                yield Entity(*known, CONFIDENCE, *match.span(), FoundBy.LIST)


def _key(wording: str) -> str:
    return " ".join(wording.casefold().split())

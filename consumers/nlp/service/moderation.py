"""Tells abusive messages from others, so that none reaches a language model or comes out of one."""

from collections.abc import Iterator
from dataclasses import dataclass

from consumers.nlp.ports import Moderator

WINDOW = 16
"""Words judged at once: a long message would water down what stands at its end."""
STRIDE = 8


@dataclass(frozen=True, slots=True)
class Judgement:
    """How abusive a text is, from 0 to 1, and whether that is too much."""

    flagged: bool
    score: float


class Moderation:
    """
    Holds texts against one threshold; 1 flags nothing.

    A text is as abusive as the worst of its windows. What the moderator has not learnt to read
    has no judgement: German "die" is an article, and an English list takes it for a threat.
    """

    def __init__(self, moderator: Moderator, threshold: float) -> None:
        self._moderator = moderator
        self._threshold = threshold

    @property
    def version(self) -> str:
        """Who judges, and how strictly."""
        return f"{self._moderator.name}@{self._threshold:g}"

    def judge(self, text: str, language: str) -> Judgement | None:
        """The text's judgement; None in a language that the moderator does not read."""
        if language not in self._moderator.languages:
            return None
        score = max(self._moderator.scores(list(_windows(text.split()))))
        return Judgement(score > self._threshold, score)

    def refuses(self, text: str, language: str, judged: int = 0) -> bool:
        """Whether a growing text has become abusive since its first `judged` characters."""
        words = [*text[:judged].split()[-WINDOW:], *text[judged:].split()]
        judgement = self.judge(" ".join(words), language)
        return judgement is not None and judgement.flagged


def _windows(words: list[str]) -> Iterator[str]:
    """Stretches of words that overlap by half; a short text is one."""
    for start in range(0, max(1, len(words) - STRIDE), STRIDE):
        yield " ".join(words[start : start + WINDOW])

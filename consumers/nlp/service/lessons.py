"""What a job learns from: sentences, what each wants, and which of them are held out."""

from collections.abc import Sequence

from consumers.nlp.service.measures import Parts, part
from consumers.nlp.service.parts import UNCLEAR


class Lessons:
    """
    Sentences with their labels, None being out of scope, parted once for all that is fitted.

    Whatever is fitted on the way to a measure may look at `parts.learnt` alone.
    """

    def __init__(self, texts: Sequence[str], labels: Sequence[str | None]) -> None:
        self.texts = texts
        self.labels = labels
        self.parts: Parts = part(labels)

    def contrasted(self) -> tuple[list[str], list[str]]:
        """
        The learnt sentences that say one thing, and what.

        Sentences out of scope have nothing in common, and those that may mean two intents would
        pull both together.
        """
        rows = [
            row
            for row in self.parts.learnt
            if self.labels[row] is not None and UNCLEAR not in str(self.labels[row])
        ]
        return [self.texts[row] for row in rows], [str(self.labels[row]) for row in rows]

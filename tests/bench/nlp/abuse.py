"""How often everyday messages are taken for abuse, and how much abuse is found."""

from collections.abc import Sequence
from pathlib import Path

from consumers.nlp.adapters.moderator_store import prepare_moderator
from consumers.nlp.service.moderation import Moderation
from consumers.nlp.settings import ModelSettings
from tests.bench.nlp.figures import Figure, Figures
from tests.bench.nlp.sets import banking77, clinc150, present

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
FEW = 0.001
"""At most so many everyday messages may be flagged where the threshold is chosen."""


def measure_abuse(settings: ModelSettings, folder: Path) -> Figures:
    """Choose the threshold on training parts, then measure it on the test part."""
    moderator = prepare_moderator(settings.model_dir)
    parts = {
        "Banking77 train": [text for text, _ in banking77(folder, "train")],
        "CLINC150 train": [text for text, _ in clinc150(folder, "train")],
    }
    for threshold in THRESHOLDS:
        judge = Moderation(moderator, threshold)
        chosen = threshold == settings.moderation_threshold
        for name, texts in parts.items():
            most = FEW * len(texts) if chosen else None
            what = f"flagged above {threshold:g}, {name}, of {len(texts):,}"
            yield Figure(what, _flagged(judge, texts), at_most=most)
    judge = Moderation(moderator, settings.moderation_threshold)
    tested = [text for text, _ in banking77(folder, "test")]
    name = f"flagged above {settings.moderation_threshold:g}, Banking77 test, of {len(tested):,}"
    yield Figure(name, _flagged(judge, tested))
    offensive = folder / "tweeteval" / "offensive"
    if offensive.is_dir():
        yield from _found(judge, offensive)


def _found(judge: Moderation, folder: Path) -> Figures:
    """TweetEval's offensive test part, which is measured only where somebody has put it."""
    texts = present(folder / "test_text.txt").read_text(encoding="utf-8").splitlines()
    labels = present(folder / "test_labels.txt").read_text(encoding="utf-8").split()
    truth = [label == "1" for label in labels]
    guessed = [judge.refuses(text, "en") for text in texts]
    right = sum(a and b for a, b in zip(truth, guessed, strict=True))
    yield Figure("OffensEval test, precision", right / max(1, sum(guessed)))
    yield Figure("OffensEval test, recall", right / max(1, sum(truth)))
    both = (_f1(truth, guessed) + _f1([not a for a in truth], [not b for b in guessed])) / 2
    yield Figure("OffensEval test, macro F1", both)


def _f1(truth: Sequence[bool], guessed: Sequence[bool]) -> float:
    right = sum(a and b for a, b in zip(truth, guessed, strict=True))
    return 2 * right / max(1, sum(truth) + sum(guessed))


def _flagged(judge: Moderation, texts: Sequence[str]) -> int:
    return sum(judge.refuses(text, "en") for text in texts)

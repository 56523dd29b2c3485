"""How often everyday messages are taken for abuse, and how much abuse is found."""

from collections.abc import Sequence
from pathlib import Path

from consumers.nlp.adapters.moderator_store import prepare_moderator
from consumers.nlp.service.moderation import Moderation
from consumers.nlp.settings import ModelSettings
from tests.bench.nlp.sets import banking77, clinc150, present
from tests.bench.nlp.speed import Rows

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
FEW = 0.001
"""At most so many everyday messages may be flagged where the threshold is chosen."""


def measure_abuse(settings: ModelSettings, folder: Path) -> Rows:
    """Choose the threshold on training parts, then measure it on the test part."""
    moderator = prepare_moderator(settings.model_dir)
    parts = {
        "Banking77 train": [text for text, _ in banking77(folder, "train")],
        "CLINC150 train": [text for text, _ in clinc150(folder, "train")],
    }
    for threshold in THRESHOLDS:
        judge = Moderation(moderator, threshold)
        counts = {name: _flagged(judge, texts) for name, texts in parts.items()}
        few = all(counts[name] <= FEW * len(texts) for name, texts in parts.items())
        said = ", ".join(f"{name} {counts[name]} of {len(texts)}" for name, texts in parts.items())
        yield f"flagged above {threshold:g}{' (few enough)' if few else ''}", said
    judge = Moderation(moderator, settings.moderation_threshold)
    tested = [text for text, _ in banking77(folder, "test")]
    name = f"flagged above {settings.moderation_threshold:g}, Banking77 test"
    yield name, f"{_flagged(judge, tested)} of {len(tested)}"
    offensive = folder / "tweeteval" / "offensive"
    if offensive.is_dir():
        yield from _found(judge, offensive)


def _found(judge: Moderation, folder: Path) -> Rows:
    """TweetEval's offensive test part, which is measured only where somebody has put it."""
    texts = present(folder / "test_text.txt").read_text(encoding="utf-8").splitlines()
    labels = present(folder / "test_labels.txt").read_text(encoding="utf-8").split()
    truth = [label == "1" for label in labels]
    guessed = [judge.refuses(text, "en") for text in texts]
    right = sum(a and b for a, b in zip(truth, guessed, strict=True))
    yield "OffensEval test, precision", f"{right / max(1, sum(guessed)):.3f}"
    yield "OffensEval test, recall", f"{right / max(1, sum(truth)):.3f}"
    both = (_f1(truth, guessed) + _f1([not a for a in truth], [not b for b in guessed])) / 2
    yield "OffensEval test, macro F1", f"{both:.3f}"


def _f1(truth: Sequence[bool], guessed: Sequence[bool]) -> float:
    right = sum(a and b for a, b in zip(truth, guessed, strict=True))
    return 2 * right / max(1, sum(truth) + sum(guessed))


def _flagged(judge: Moderation, texts: Sequence[str]) -> int:
    return sum(judge.refuses(text, "en") for text in texts)

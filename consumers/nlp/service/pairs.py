"""Draws what a sentence model is tuned with: pairs of one intent, beside pairs of other intents."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MOST_BATCHES = 600
"""Of pairs per job: with 16 pairs each some 19,000 sentences forwards and backwards."""

Pair = tuple[int, int]
"""Two rows of one intent, different ones."""


@dataclass(frozen=True, slots=True)
class Batch:
    """
    Pairs of rows, each of an intent of its own.

    Every pair's second sentence is what the first one is to be near, and the second sentences of
    all other pairs what it is to be far from; so no intent may stand in a batch twice.
    """

    pairs: tuple[Pair, ...]


def batches(labels: Sequence[str], *, rounds: int, size: int, seed: int = 0) -> list[Batch]:
    """
    Draw batches of at most `size` pairs, and at most `MOST_BATCHES` of them.

    In each round every row begins one pair, unless its intent has no other row, or is so much
    larger than the others that none of them is left to stand beside it. The same arguments give
    the same batches.
    """
    draw = random.Random(seed)  # noqa: S311 - a repeatable shuffle, no secret
    drawn: list[Batch] = []
    for _ in range(rounds):
        drawn += _round(labels, size, draw)
        if len(drawn) >= MOST_BATCHES:
            break
    return drawn[:MOST_BATCHES]


def _round(labels: Sequence[str], size: int, draw: random.Random) -> list[Batch]:
    waiting = _pairs_by_label(labels, draw)
    found = []
    while len(waiting) > 1:
        # The intents with most left go first: then all run out at about the same time.
        order = sorted(waiting, key=lambda label: (-len(waiting[label]), draw.random()))
        found.append(Batch(tuple(waiting[label].pop() for label in order[:size])))
        waiting = {label: pairs for label, pairs in waiting.items() if pairs}
    draw.shuffle(found)
    return found


def _pairs_by_label(labels: Sequence[str], draw: random.Random) -> dict[str, list[Pair]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for row, label in enumerate(labels):
        rows[label].append(row)
    return {
        label: list(_ring(found, draw)) for label, found in sorted(rows.items()) if len(found) > 1
    }


def _ring(rows: list[int], draw: random.Random) -> Iterator[Pair]:
    """Each row with the one that a shuffle puts behind it."""
    draw.shuffle(rows)
    yield from zip(rows, [*rows[1:], rows[0]], strict=True)

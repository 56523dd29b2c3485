"""Reads the public intent sets, and says what is missing when they are not there."""

import csv
import json
import random
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[3]
BESIDE = ROOT.parent / "shared" / "data"
"""Where the sets are looked for when no folder is named."""

Pairs = list[tuple[str, str]]


def banking77(folder: Path, part: str) -> Pairs:
    """Return sentences with their intents; `part` is train or test."""
    with present(folder / "banking77" / f"{part}.csv").open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["category"]) for row in csv.DictReader(file)]


def clinc150(folder: Path, part: str) -> Pairs:
    """Return sentences with their intents; `part` is train, val, test or one of oos_…."""
    path = present(folder / "clinc150" / "data_full.json")
    return [(text, label) for text, label in json.loads(path.read_text(encoding="utf-8"))[part]]


def few(pairs: Pairs, count: int, seed: int) -> Pairs:
    """Return `count` sentences of each intent, drawn by `seed`."""
    by_label: dict[str, Pairs] = defaultdict(list)
    for pair in pairs:
        by_label[pair[1]].append(pair)
    draw = random.Random(seed)
    return [pair for label in sorted(by_label) for pair in draw.sample(by_label[label], count)]


def present(path: Path) -> Path:
    """Return the path if there is such a file, and say what is missing otherwise."""
    if not path.is_file():
        raise SystemExit(
            f"{path} is missing: give the folder of banking77/ and clinc150/ by --sets"
        )
    return path

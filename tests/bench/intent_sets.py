"""The assistant's heads on public intent sets, to compare with what others report."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from consumers.nlp.adapters.training import fit
from consumers.nlp.ports import Embedder, Matrix, Vector
from consumers.nlp.service.heads import LinearHead, accuracy, nearness, scope_scores

Pairs = list[tuple[str, str]]

BANKING77_C = 30.0
CLINC150_C = 10.0


def measure_sets(embedder: Embedder, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield a name and a result per measure.

    Raises:
        SystemExit: a set is not in the folder.
    """
    train, test = (banking77(folder, part) for part in ("train", "test"))
    head, _ = trained(embedder, train, BANKING77_C)
    vectors, labels = embedded(embedder, test)
    yield "Banking77 accuracy", f"{100 * right(head, vectors, labels):.2f} %"
    train, test, outside = (clinc150(folder, part) for part in ("train", "test", "oos_test"))
    head, anchors = trained(embedder, train, CLINC150_C)
    vectors, labels = embedded(embedder, test)
    strange, _ = embedded(embedder, outside)
    yield "CLINC150 in-scope accuracy", f"{100 * right(head, vectors, labels):.2f} %"
    scores = [scored(head, rows, anchors) for rows in (vectors, strange)]
    truth = [1] * len(vectors) + [0] * len(strange)
    yield "CLINC150 out-of-scope AUROC", f"{roc_auc_score(truth, np.concatenate(scores)):.4f}"


def banking77(folder: Path, part: str) -> Pairs:
    """Return sentences with their intents."""
    with present(folder / "banking77" / f"{part}.csv").open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["category"]) for row in csv.DictReader(file)]


def clinc150(folder: Path, part: str) -> Pairs:
    """Return sentences with their intents."""
    path = present(folder / "clinc150" / "data_full.json")
    return [(text, label) for text, label in json.loads(path.read_text(encoding="utf-8"))[part]]


def present(path: Path) -> Path:
    """Return the path if there is such a file, and say what is missing otherwise."""
    if not path.is_file():
        raise SystemExit(f"{path} is missing: give the folder that holds banking77/ and clinc150/")
    return path


def embedded(embedder: Embedder, pairs: Pairs) -> tuple[Matrix, list[str]]:
    """Return vectors and labels."""
    return embedder.embed([text for text, _ in pairs]), [label for _, label in pairs]


def trained(embedder: Embedder, pairs: Pairs, c: float) -> tuple[LinearHead, Matrix]:
    """Return the head and the vectors that it was trained on."""
    vectors, labels = embedded(embedder, pairs)
    return fit(vectors, labels, c), vectors


def right(head: LinearHead, vectors: Matrix, labels: list[str]) -> float:
    """Return the share of right guesses."""
    best = head.probabilities(vectors).argmax(axis=1)
    return accuracy(labels, [head.labels[at] for at in best])


def scored(head: LinearHead, vectors: Matrix, anchors: Matrix) -> Vector:
    """Return the scope score of each vector."""
    return scope_scores(head.probabilities(vectors), nearness(vectors, anchors))

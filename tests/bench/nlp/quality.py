"""How well the product's intent head does on public sets, beside what others published."""

import time
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from consumers.nlp.adapters.training import fit_intents
from consumers.nlp.ports import Embedder, Matrix
from consumers.nlp.service.calibration import accuracy, calibration_error, macro_f1
from consumers.nlp.service.heads import IntentHead, softmax
from tests.bench.nlp.figures import Figure, Figures
from tests.bench.nlp.sets import Pairs, banking77, clinc150, few

SEEDS = (0, 1, 2)


def measure_sets(embedder: Embedder, folder: Path) -> Figures:
    """Train as the product trains, measure on the official test parts."""
    yield from _banking77(embedder, folder)
    yield from _clinc150(embedder, folder)


def _banking77(embedder: Embedder, folder: Path) -> Figures:
    train, test = (banking77(folder, part) for part in ("train", "test"))
    outside = embedder.embed([text for text, _ in clinc150(folder, "oos_train")])
    vectors, expected = _embedded(embedder, test)
    started = time.perf_counter()
    learnt = _embedded(embedder, train)
    embedded = time.perf_counter()
    head = fit_intents(*learnt, outside)
    took = time.perf_counter() - started
    yield from _scores("Banking77", head, (vectors, expected), 93.0,
        "BERT-tuned 93.66, ConvFiT 94.16, bge-small + linear SVM 93.08")  # fmt: skip
    yield Figure("Banking77 training", took, "s")
    yield Figure("Banking77 training without embedding", took - (embedded - started), "s")
    rows = {text: vector for (text, _), vector in zip(train, learnt[0], strict=True)}
    shots = []
    for seed in SEEDS:
        drawn = few(train, 10, seed)
        small = np.stack([rows[text] for text, _ in drawn])
        head = fit_intents(small, [label for _, label in drawn], outside)
        shots.append(100 * accuracy(expected, _guessed(head, vectors)))
    yield Figure("Banking77 10-shot accuracy", float(np.mean(shots)), "%", at_least=85.7,
        published="USE+ConveRT 85.19 (Casanueva 2020, quoted)")  # fmt: skip
    yield Figure("Banking77 10-shot spread", max(shots) - min(shots), "%")


def _clinc150(embedder: Embedder, folder: Path) -> Figures:
    train, test = (clinc150(folder, part) for part in ("train", "test"))
    known, strange = (
        embedder.embed([text for part in parts for text, _ in clinc150(folder, part)])
        for parts in (("oos_train", "oos_val"), ("oos_test",))
    )
    head = fit_intents(*_embedded(embedder, train), known)
    vectors, expected = _embedded(embedder, test)
    yield from _scores("CLINC150 in-scope", head, (vectors, expected), 95.4,
        "BERT 96.9, Rasa 91.5 (Larson 2019), ConvFiT 97.34")  # fmt: skip
    inside, beyond = (head.read(each).scope for each in (vectors, strange))
    truth = [1] * len(inside) + [0] * len(beyond)
    area = float(roc_auc_score(truth, np.concatenate([inside, beyond])))
    yield Figure("CLINC150 out-of-scope AUROC", area, at_least=0.977)
    recall = 100 * float((beyond < head.threshold).mean())
    kept = 100 * float((inside >= head.threshold).mean())
    yield Figure("CLINC150 out-of-scope recall", recall, "%",
        published="BERT 52.3, Rasa 31.2 (Larson 2019, threshold)")  # fmt: skip
    yield Figure("CLINC150 in-scope kept", kept, "%")


def _scores(
    name: str, head: IntentHead, tested: tuple[Matrix, list[str]], aim: float, published: str
) -> Figures:
    vectors, expected = tested
    guessed = _guessed(head, vectors)
    labels = list(head.linear.labels)
    truth = np.array([labels.index(label) for label in expected])
    probabilities = softmax(head.sharpness * head.read(vectors).logits)
    right = 100 * accuracy(expected, guessed)
    yield Figure(f"{name} accuracy", right, "%", at_least=aim, published=published)
    yield Figure(f"{name} macro F1", 100 * macro_f1(expected, guessed), "%")
    yield Figure(f"{name} calibration error (ECE)", calibration_error(probabilities, truth))


def _guessed(head: IntentHead, vectors: Matrix) -> list[str]:
    return [guess.intent for guess in head.guess(vectors)]


def _embedded(embedder: Embedder, pairs: Pairs) -> tuple[Matrix, list[str]]:
    return embedder.embed([text for text, _ in pairs]), [label for _, label in pairs]

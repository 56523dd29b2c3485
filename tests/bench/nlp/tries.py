"""What each kind of head gives, on a fifth of Banking77's training part: never on the test part."""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from consumers.nlp.adapters.model_store import prepare_model
from consumers.nlp.adapters.training import fit_blend, fit_linear
from consumers.nlp.ports import Matrix
from consumers.nlp.service.heads import KERNEL_SHARE
from consumers.nlp.settings import ModelSettings
from tests.bench.nlp.sets import BESIDE, banking77

Scores = Callable[[], Matrix]


def measured(folder: Path) -> Iterator[tuple[str, float]]:
    """Yield the name of each try and its accuracy in percent."""
    texts, labels = (np.array(each) for each in zip(*banking77(folder, "train"), strict=True))
    names, truth = np.unique(labels, return_inverse=True)
    embedder = prepare_model(ModelSettings().model_dir).embedder(ModelSettings().threads)
    vectors = embedder.embed(texts.tolist())
    folds = StratifiedKFold(5, shuffle=True, random_state=1).split(vectors, truth)
    learnt, unseen = next(iter(folds))

    def right(scores: Matrix) -> float:
        return 100 * float((scores.argmax(axis=1) == truth[unseen]).mean())

    for c in (3, 10, 30, 100):
        linear = fit_linear(vectors[learnt], labels[learnt].tolist(), c)
        yield f"logistic regression, C={c}", right(linear.logits(vectors[unseen]))
    cosines = vectors[unseen] @ vectors[learnt].T
    yield "nearest neighbour", right(np.eye(len(names))[truth[learnt][cosines.argmax(axis=1)]])
    centres = np.stack(
        [vectors[learnt][truth[learnt] == at].mean(axis=0) for at in range(len(names))]
    )
    yield "nearest mean of an intent", right(vectors[unseen] @ centres.T)
    svm = LinearSVC(C=1).fit(vectors[learnt], truth[learnt])
    yield "linear SVM, C=1", right(svm.decision_function(vectors[unseen]))
    words = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, min_df=2)
    rows = words.fit_transform(texts[learnt])
    letters = (
        LinearSVC(C=1).fit(rows, truth[learnt]).decision_function(words.transform(texts[unseen]))
    )
    yield "letters (tf-idf of 3-5 characters), linear SVM", right(letters)
    blend = fit_blend(vectors[learnt], labels[learnt].tolist())
    kernel = blend.kernel.scores(blend.kernel.cosines(vectors[unseen]))
    yield "kernel ridge regression", right(kernel)
    both = blend.linear.logits(vectors[unseen]) + KERNEL_SHARE * kernel
    yield "logistic + kernel (the product)", right(both)
    yield "logistic + kernel + letters", right(both + 2 * letters)


def main() -> None:
    """Print one line per try."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--sets", type=Path, default=BESIDE)
    with threadpool_limits(limits=ModelSettings().threads):
        for name, value in measured(parser.parse_args().sets):
            sys.stdout.write(f"{name:<52}{value:.2f} %\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()

"""Takes the moderator's numbers and words out of its pickles, and runs nothing that is in them."""

from pathlib import Path
from typing import Any

import numpy as np
from joblib.numpy_pickle import NumpyUnpickler

from consumers.nlp.adapters.word_moderator import WordWeights
from consumers.nlp.errors import ModelBuildError

_NUMBERS = frozenset(
    {
        ("joblib.numpy_pickle", "NumpyArrayWrapper"),
        ("numpy", "dtype"),
        ("numpy", "float64"),
        ("numpy", "ndarray"),
        ("numpy._core.multiarray", "scalar"),
    }
)


class _Shell:
    """Stands in for a class of scikit-learn: holds what was stored, and can do nothing with it."""


class _NumbersOnly(NumpyUnpickler):  # type: ignore[misc]  # joblib has no types
    """Reads arrays and plain values; whatever else a pickle asks for is refused or a shell."""

    def find_class(self, module: str, name: str) -> type:
        """The class that a pickle names."""
        if (module, name) in _NUMBERS:
            found: type = super().find_class(module, name)
            return found
        if module.startswith("sklearn."):
            return _Shell
        raise ModelBuildError(f"the moderator's file asks for {module}.{name}, which is not known")


def read_weights(vectorizer: Path, model: Path) -> WordWeights:
    """
    The judges of alt-profanity-check: a tf-idf vocabulary and five calibrated linear SVMs.

    Raises:
        ModelBuildError: a file holds something else.
    """
    read, judged = _unpickled(vectorizer), _unpickled(model)
    try:
        places = sorted(read.vocabulary_.items(), key=lambda each: each[1])
        judges = judged.calibrated_classifiers_
        calibrations = [each.calibrators[0] for each in judges]
        return WordWeights(
            words=tuple(word for word, _ in places),
            rarity=np.asarray(read._tfidf.idf_, dtype=np.float32),  # noqa: SLF001 - scikit-learn's
            weights=np.stack([each.estimator.coef_[0] for each in judges], 1).astype(np.float32),
            bias=np.array([each.estimator.intercept_[0] for each in judges], dtype=np.float32),
            slope=np.array([each.a_ for each in calibrations], dtype=np.float32),
            offset=np.array([each.b_ for each in calibrations], dtype=np.float32),
        )
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise ModelBuildError("the moderator's files are not what was reviewed") from error


def _unpickled(path: Path) -> Any:  # noqa: ANN401 - shells with whatever was stored
    with path.open("rb") as file:
        return _NumbersOnly(str(path), file, ensure_native_byte_order=True).load()

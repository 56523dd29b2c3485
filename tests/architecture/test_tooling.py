"""What people and machines run to check the code is the same, short and pinned."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.architecture.sources import ROOT

TARGETS = 10
ADR_LINES = 60
ADR_PARTS = ["## Context", "## Decision", "## Consequences", "## Alternatives"]
ADRS = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def checks() -> list[str]:
    """Return the names of all static checks, as scripts/check defines them."""
    return re.findall(r"^check_(\w+)\(\)", (ROOT / "scripts/check").read_text(), re.MULTILINE)


def hooks() -> list[dict[str, Any]]:
    """Return the pre-commit hooks."""
    repos = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    return [hook for repo in repos for hook in repo["hooks"]]


def test_the_makefile_stays_short() -> None:
    """There are at most ten things to do, and each says what it does."""
    text = (ROOT / "Makefile").read_text()
    declared = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    assert declared
    targets = declared[1].split()
    assert len(targets) <= TARGETS
    assert sorted(re.findall(r"^(\w+):.* ## .", text, re.MULTILINE)) == sorted(targets)


def test_make_check_runs_every_check() -> None:
    """No check is defined and left out."""
    order = re.search(r"^steps=\(([^)$]+)\)", (ROOT / "scripts/check").read_text(), re.MULTILINE)
    assert order
    assert sorted(order[1].split()) == sorted(checks())


def test_pre_commit_runs_exactly_what_make_check_runs() -> None:
    """A commit that the hooks let through is one that the checks let through."""
    assert sorted(hook["id"] for hook in hooks()) == sorted(checks())
    assert all(hook["entry"] == f"scripts/check {hook['id']}" for hook in hooks())


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_hash(workflow: Path) -> None:
    """A tag can be moved; a commit cannot."""
    uses = re.findall(r"uses: (\S+)(.*)", workflow.read_text())
    assert uses
    loose = [name for name, _ in uses if not re.search(r"@[0-9a-f]{40}$", name)]
    assert not loose
    assert all(re.search(r"# v\d", comment) for _, comment in uses)


def test_decisions_are_numbered_without_gaps() -> None:
    """The decisions form one sequence."""
    numbers = [int(path.name[:4]) for path in ADRS]
    assert numbers == list(range(1, len(ADRS) + 1))


@pytest.mark.parametrize("adr", ADRS, ids=lambda path: path.stem)
def test_a_decision_fits_a_page(adr: Path) -> None:
    """A decision has the four parts, in order, on at most one page."""
    lines = adr.read_text().splitlines()
    assert [line for line in lines if line.startswith("## ")] == ADR_PARTS
    assert len(lines) <= ADR_LINES


def test_the_readme_names_only_what_exists() -> None:
    """Every make target and every path that the README links to is there."""
    text = (ROOT / "README.md").read_text()
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"\bmake ([a-z]+)\b", text))
    assert {t for t in targets if not re.search(rf"^{t}:", makefile, re.MULTILINE)} == set()
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    assert [link for link in links if not (ROOT / link).exists()] == []

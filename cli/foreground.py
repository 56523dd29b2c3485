"""Runs a stack in this terminal: the table follows it until Ctrl-C has stopped it in order."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.live import Live

from cli import view
from infra.embedded.folder import DataFolder
from infra.embedded.stack import Options, Stack
from infra.embedded.state import StackState

REFRESHES_PER_SECOND = 4
FORCED_EXIT_SECONDS = 3.0
FORCED_EXIT_STATUS = 130


async def run_in_foreground(
    folder: DataFolder, options: Options, console: Console, welcome: Callable[[str], None]
) -> None:
    """Start, follow and stop one stack; raises StackError when it cannot be started."""
    show = view.line_writer(console)
    plain = not console.is_terminal
    stack = Stack(folder, options, on_change=lambda: show(stack.state()) if plain else None)
    stopping = _stop_event(stack)
    asked = asyncio.create_task(stopping.wait())
    starting = asyncio.create_task(stack.start())
    with _following(stack, console):
        try:
            await asyncio.wait({starting, asked}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                await starting
                if stack.cleaned:
                    console.print(f"stopped what a killed stack left: {', '.join(stack.cleaned)}")
                await asyncio.to_thread(welcome, stack.endpoints.url)
                await asked
        finally:
            starting.cancel()
            asked.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(starting, asked, return_exceptions=True)
            await stack.stop()
    console.print("stopped", highlight=False)


def _stop_event(stack: Stack) -> asyncio.Event:
    """The first signal asks for an orderly end, the second ends everything at once."""
    stopping = asyncio.Event()

    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stopping.is_set():
            stack.kill()
            # A download under way in a thread would still be waited for.
            loop.call_later(FORCED_EXIT_SECONDS, os._exit, FORCED_EXIT_STATUS)
        stopping.set()

    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, on_signal)
    return stopping


@contextlib.contextmanager
def _following(stack: Stack, console: Console) -> Iterator[None]:
    if not console.is_terminal:
        yield
        return
    with Live(
        get_renderable=lambda: view.table(_state(stack)),
        console=console,
        refresh_per_second=REFRESHES_PER_SECOND,
    ):
        yield


def _state(stack: Stack) -> StackState | None:
    return stack.state() if stack.started else None

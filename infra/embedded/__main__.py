"""`python -m infra.embedded`: run a stack without a screen; `parley up --detach` and tests do."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from infra.embedded.errors import StackError
from infra.embedded.folder import DataFolder
from infra.embedded.stack import Options, Stack


async def run(folder: DataFolder, options: Options) -> None:
    """Run until asked to stop; a second request ends everything at once."""
    stack = Stack(folder, options)
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()

    def on_signal() -> None:
        if stopping.is_set():
            stack.kill()
        stopping.set()

    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, on_signal)
    starting = asyncio.create_task(stack.start())
    asked = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({starting, asked}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            await starting
            await asked
    finally:
        starting.cancel()
        asked.cancel()
        await stack.stop()


def main(arguments: list[str] | None = None) -> int:
    """Return 0 after an orderly stop, 1 with one line on standard error otherwise."""
    parser = argparse.ArgumentParser(prog="python -m infra.embedded", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".parley"))
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=None)
    parser.add_argument("--free-ports", action="store_true")
    parser.add_argument("--infrastructure-only", action="store_true")
    parser.add_argument("--port", action="append", default=[], metavar="NAME=PORT")
    tests = parser.add_argument_group("for tests")
    tests.add_argument("--edges", type=int, choices=(1, 2), default=1)
    tests.add_argument("--module", action="append", default=[], metavar="NAME=MODULE")
    tests.add_argument("--kafka-front", type=int, metavar="PORT")
    given = parser.parse_args(arguments)
    options = Options(
        brokers=given.brokers,
        ports={name: int(port) for name, _, port in (text.partition("=") for text in given.port)},
        free_ports=given.free_ports,
        infrastructure_only=given.infrastructure_only,
        edges=given.edges,
        modules={name: module for name, _, module in (m.partition("=") for m in given.module)},
        kafka_front=given.kafka_front,
    )
    try:
        asyncio.run(run(DataFolder.at(given.data), options))
    except StackError as error:
        print(error, file=sys.stderr)  # noqa: T201 - this is the command's answer
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

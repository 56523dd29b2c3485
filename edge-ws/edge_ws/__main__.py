"""`python -m edge_ws`: the edge as configured by the environment."""

import asyncio
import sys

import uvloop
from pydantic import ValidationError

from edge_ws.server import PROCESS, serve
from edge_ws.settings import EdgeSettings
from runtime.errors import ConfigurationError
from runtime.logging import configure_logging

BAD_SETTINGS = 2


def main() -> int:
    """Run the edge; return the exit status."""
    try:
        settings = EdgeSettings()
        configure_logging(PROCESS, settings.log)
    except ValidationError as error:
        wrong = "; ".join(
            f"PARLEY_{'__'.join(map(str, each['loc'])).upper()}: {each['msg']}"
            for each in error.errors(include_input=False, include_url=False)
        )
        return _refuse(wrong)
    except ValueError as error:
        return _refuse(str(error))
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings))
    except ConfigurationError as error:
        return _refuse(str(error))
    return 0


def _refuse(reason: str) -> int:
    sys.stderr.write(f"{PROCESS}: the settings are wrong: {reason}\n")
    return BAD_SETTINGS


if __name__ == "__main__":
    sys.exit(main())

"""The way every consumer's `__main__` starts: settings, logging, the event loop."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn, TypeVar

import uvloop
from pydantic import ValidationError

from consumers.delivery.settings import ConsumerSettings
from runtime.collector import calm_collector
from runtime.errors import ConfigurationError
from runtime.logging import configure_logging

Settings = TypeVar("Settings", bound=ConsumerSettings)


def run_process(
    name: str,
    settings_class: Callable[[], Settings],
    serve: Callable[[Settings], Coroutine[Any, Any, None]],
) -> None:
    """Read the settings and serve until stopped; a wrong set-up is one clear line and status 2."""
    try:
        settings = settings_class()
        configure_logging(name, settings.log)
    except ValidationError as error:
        wrong = (f"{_variable(item['loc'])}: {item['msg']}" for item in error.errors())
        _refuse(name, "; ".join(wrong))
    except ValueError as error:
        _refuse(name, str(error))
    calm_collector()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings))
    except ConfigurationError as error:
        _refuse(name, str(error))


def _variable(location: tuple[int | str, ...]) -> str:
    return "PARLEY_" + "__".join(str(part).upper() for part in location)


def _refuse(name: str, what: str) -> NoReturn:
    sys.stderr.write(f"{name}: {what}\n")
    raise SystemExit(2)

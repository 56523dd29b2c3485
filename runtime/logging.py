"""Structured logs: constant event names, data in fields, never what people wrote."""

import logging
import sys
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from opentelemetry import trace

from runtime.settings import LogFormat, LogSettings
from runtime.trail import TRAIL

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger


def _add_trace(_: "WrappedLogger", __: str, event: "EventDict") -> "EventDict":
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = format(context.trace_id, "032x")
        event["span_id"] = format(context.span_id, "016x")
    return event


def _dumps(value: Any, **_: Any) -> str:  # noqa: ANN401 - structlog's serializer signature
    return orjson.dumps(value, default=str).decode()


def configure_logging(service: str, settings: LogSettings) -> None:
    """Send every log line of this process, libraries included, to standard error.

    Raises:
        ValueError: the level is not one that `logging` knows.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        _add_trace,
        structlog.processors.format_exc_info,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(serializer=_dumps)
        if settings.format is LogFormat.JSON
        else structlog.dev.ConsoleRenderer()
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level.upper())
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    TRAIL.every = settings.trail_every

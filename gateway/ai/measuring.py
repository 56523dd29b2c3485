"""Counts and times what is asked of the assistant by REST, its training included."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.exceptions import HTTPException

from gateway.ai.errors import NoAnswer, NoAnswerError
from runtime import metrics
from runtime.errors import ParleyError, RetryableError


@contextmanager
def measured(endpoint: str) -> Iterator[None]:
    """Count what the block does by how it ends, and time it; `endpoint` is one of a few names."""
    started = time.perf_counter()
    status = "answered"
    try:
        yield
    except NoAnswerError as error:
        status = error.reason
        raise
    except RetryableError:
        status = NoAnswer.UNAVAILABLE
        raise
    except (ParleyError, HTTPException):
        status = "refused"
        raise
    except (GeneratorExit, asyncio.CancelledError):
        status = "left"
        raise
    except Exception:
        status = "failed"
        raise
    finally:
        metrics.ai_requests.labels(endpoint, status).inc()
        metrics.ai_request_seconds.labels(endpoint).observe(time.perf_counter() - started)

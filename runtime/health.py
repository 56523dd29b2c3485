"""Probes and scrapes: what each process answers about itself, and the server for consumers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from runtime.settings import HealthSettings

Check = Callable[[], bool]
"""Answers at once, from what the process already knows; never waits."""


@dataclass(frozen=True)
class Health:
    """Named checks; alive means the process makes progress, ready means it may get work."""

    live: Mapping[str, Check] = field(default_factory=dict)
    ready: Mapping[str, Check] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        """Return the routes `/health/live`, `/health/ready` and `/metrics`."""
        return [
            Route("/health/live", self._answer_live),
            Route("/health/ready", self._answer_ready),
            Route("/metrics", _answer_metrics),
        ]

    # Coroutines, not threads: a stuck event loop must not be able to answer.
    async def _answer_live(self, _: Request) -> Response:
        return _verdict(self.live)

    async def _answer_ready(self, _: Request) -> Response:
        return _verdict({**self.live, **self.ready})


def _verdict(checks: Mapping[str, Check]) -> JSONResponse:
    results = {name: check() for name, check in checks.items()}
    healthy = all(results.values())
    return JSONResponse(
        {"status": "ok" if healthy else "failing", "checks": results},
        status_code=200 if healthy else 503,
    )


async def _answer_metrics(_: Request) -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


class _Server(uvicorn.Server):
    """A server inside a process that has its own way of stopping."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serve_health(health: Health, settings: HealthSettings) -> AsyncIterator[None]:
    """Answer probes and scrapes while the block runs."""
    app = Starlette(routes=health.routes())
    server = _Server(
        uvicorn.Config(
            app, host=settings.host, port=settings.port, log_config=None, access_log=False
        )
    )
    serving = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await serving

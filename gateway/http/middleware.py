"""What wraps every answer: security headers, measures, and the last line against errors."""

import time
from collections.abc import Mapping
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http.problems import problem
from runtime import metrics
from schemas.text import FRAME_BYTES

MAX_BODY_BYTES = FRAME_BYTES
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNMEASURED = ("/health/", "/metrics")

logger = structlog.get_logger(__name__)


def security_headers(socket_origin: str, *, secure: bool) -> dict[str, str]:
    """Return the headers of every answer; `secure` says that browsers come over TLS."""
    policy = (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data: blob:; connect-src 'self' {socket_origin}; "
        "frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
    if secure:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return headers


class AnswerHeaders:
    """Puts the security headers on every answer, and keeps answers of the API out of caches."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        private = scope["path"].startswith(("/api/", "/internal/"))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                headers.setdefault("Cache-Control", "no-store" if private else "no-cache")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class Measures:
    """Counts and times requests under the template of their route, never under their path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_UNMEASURED):
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            route = getattr(scope.get("route"), "path", "other")
            metrics.http_requests.labels(method, route, status).inc()
            metrics.http_request_seconds.labels(method, route).observe(
                time.perf_counter() - started
            )


class ErrorBoundary:
    """Answers what nobody foresaw with an id that is also in the log, and nothing else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception:
            incident = str(uuid4())
            route = getattr(scope.get("route"), "path", "other")
            logger.exception("request_failed", incident=incident, route=route)
            if started:
                raise
            answer = problem(500, "internal", "Something went wrong here.", incident=incident)
            await answer(scope, receive, send)


class DeclaredBodyLimit:
    """Refuses a body by its declared length, as a problem.

    Starlette's limit stands behind it and counts bodies that declare none.
    """

    def __init__(self, app: ASGIApp, max_body_size: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._most = max_body_size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        declared = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        if declared.isdigit() and int(declared) > self._most:
            answer = problem(
                413,
                "too_large",
                f"The body is larger than {self._most // 1024} KiB.",
                headers={"Connection": "close"},
            )
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)


class LargerBodies:
    """Takes larger bodies on a few routes, by their path; everywhere else the usual limit holds."""

    def __init__(self, app: ASGIApp, larger: Mapping[str, int]) -> None:
        self._usual = _limited(app, MAX_BODY_BYTES)
        self._larger = {path: _limited(app, most) for path, most in larger.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._larger.get(scope.get("path", ""), self._usual)(scope, receive, send)


def _limited(app: ASGIApp, most: int) -> ASGIApp:
    return DeclaredBodyLimit(RequestBodyLimitMiddleware(app, max_body_size=most), most)

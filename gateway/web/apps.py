"""Serves the built web apps: hashed files for a year, entries never from a cache."""

import os
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"
_INDEX = "index.html"
_NEVER_PAGES = ("api", "mf", "ws", "internal", "static", "health", "metrics")
_COMPRESS_FROM_BYTES = 1024
_COMPRESS_LEVEL = 5
_COMPRESSED_ALREADY = (".woff2", ".png", ".jpg", ".webp", ".ico")


class WebApps:
    """An ASGI application over the folder that the web apps are built into."""

    def __init__(self, folder: Path) -> None:
        self._files = StaticFiles(directory=folder, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        response = await self._answer(scope)
        await response(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response:
        if scope["method"] not in {"GET", "HEAD"}:
            raise HTTPException(404)
        path = self._files.get_path(scope)
        top, _, _ = path.partition(os.sep)
        if top in {"api", "internal", "ws"}:
            raise HTTPException(404)
        try:
            response = await self._files.get_response(_INDEX if path == "." else path, scope)
        except HTTPException:
            if top in _NEVER_PAGES or not _wants_a_page(scope):
                raise HTTPException(404) from None
            response = await self._files.get_response(_INDEX, scope)
        response.headers["Cache-Control"] = IMMUTABLE if _is_hashed(path) else REVALIDATE
        return response


def _is_hashed(path: str) -> bool:
    folders = Path(path).parts[:-1]
    return folders[:1] == ("static",) or (folders[:1] == ("mf",) and "static" in folders)


def _wants_a_page(scope: Scope) -> bool:
    return "text/html" in Headers(scope=scope).get("accept", "")


def web_apps(folder: Path) -> ASGIApp:
    """Return the web apps, compressed for browsers that ask for it."""
    plain = WebApps(folder)
    compressed = GZipMiddleware(
        plain, minimum_size=_COMPRESS_FROM_BYTES, compresslevel=_COMPRESS_LEVEL
    )

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        app = plain if scope["path"].endswith(_COMPRESSED_ALREADY) else compressed
        await app(scope, receive, send)

    return answer

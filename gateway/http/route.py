"""Routes that read JSON strictly: UTF-8 only, no lone surrogates, no NaN."""

from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute


class _StrictRequest(Request):
    async def json(self) -> Any:  # noqa: ANN401 - a body is any JSON
        # The standard library lets half a surrogate pair through, which no store can keep.
        return orjson.loads(await self.body())


class StrictJsonRoute(APIRoute):
    """A route whose body must be JSON as RFC 8259 has it; anything else is `bad_json`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, given requests that parse strictly."""
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return handle_strictly

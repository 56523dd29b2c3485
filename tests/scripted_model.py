"""An OpenAI-compatible endpoint that says what a test wants, at the pace a test wants."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route


@dataclass
class ScriptedEndpoint:
    """What the endpoint says, and what it was asked."""

    words: list[str] = field(default_factory=lambda: ["It ", "takes ", "three ", "days."])
    pause: float = 0.0
    """Seconds before each word."""
    broken: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    said: int = 0
    """Words that were really sent."""
    url: str = ""

    @property
    def text(self) -> str:
        return "".join(self.words)

    async def complete(self, request: Request) -> Response:
        """Answer a chat completion."""
        self.keys.append(request.headers.get("authorization"))
        self.asked.append(await request.json())
        if self.broken:
            return JSONResponse({"error": {"message": "out of order"}}, status_code=500)
        return StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self) -> AsyncIterator[str]:
        for word in list(self.words):
            await asyncio.sleep(self.pause)
            self.said += 1
            yield _event({"choices": [{"index": 0, "delta": {"content": word}}]})
        usage = {"prompt_tokens": 20, "completion_tokens": len(self.words), "total_tokens": 24}
        yield _event({"choices": [], "usage": usage})
        yield "data: [DONE]\n\n"


@contextmanager
def scripted_endpoint() -> Iterator[ScriptedEndpoint]:
    """Serve on a free port of loopback, from a thread, while the block runs."""
    endpoint = ScriptedEndpoint()
    routes = [Route("/v1/chat/completions", endpoint.complete, methods=["POST"])]
    config = uvicorn.Config(
        Starlette(routes=routes), host="127.0.0.1", port=0, log_level="error", lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    endpoint.url = f"http://127.0.0.1:{port}/v1"
    try:
        yield endpoint
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(10)


def _event(fields: dict[str, Any]) -> str:
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "scripted"}
    return f"data: {json.dumps({**chunk, **fields})}\n\n"

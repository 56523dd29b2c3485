"""An edge beside the stack's own, for who comes back to another one than they left."""

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from tests.stack import Stack

ROOT = Path(__file__).parents[2]
READY_SECONDS = 60.0


class ForgetfulEdge:
    """An edge beside the stack's own that remembers nothing from before its start."""

    def __init__(self, stack: Stack, home: Path, **settings: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port: int = server.getsockname()[1]
        secrets = stack.folder.root / "secrets"
        self._home = home
        self._environment = {
            "PYTHONPATH": f"{ROOT}:{ROOT / 'edge-ws'}",
            "PARLEY_HTTP__PORT": str(self.port),
            "PARLEY_KAFKA__BOOTSTRAP_SERVERS": stack.bootstrap_servers,
            "PARLEY_VALKEY_URL": stack.valkey_url,
            "PARLEY_GATEWAY_URL": stack.url,
            "PARLEY_AUTH__PUBLIC_KEY_FILE": str(secrets / "auth-public.pem"),
            "PARLEY_INTERNAL_TOKEN": stack.internal_token,
            "PARLEY_INSTANCE": f"forgetful-{self.port}",
            "PARLEY_RING__LOOKBACK": "PT0S",
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where sockets are opened."""
        return f"ws://127.0.0.1:{self.port}/ws"

    async def start(self) -> None:
        """Return once it is ready."""
        with (self._home / "edge.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - it only forks
                [sys.executable, "-m", "edge_ws"],
                env=self._environment,
                stderr=log,
                stdout=log,
                cwd=self._home,
            )
        async with asyncio.timeout(READY_SECONDS), httpx2.AsyncClient() as http:
            while not await self._is_ready(http):
                assert self._process.poll() is None, "the edge did not start"
                await asyncio.sleep(0.1)

    async def _is_ready(self, http: httpx2.AsyncClient) -> bool:
        try:
            answer = await http.get(f"http://127.0.0.1:{self.port}/health/ready")
        except httpx2.TransportError:
            return False
        return answer.status_code == httpx2.codes.OK

    async def kill(self) -> None:
        """Kill it; it may be started again."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(process.wait)


@asynccontextmanager
async def forgetful_edge(stack: Stack, home: Path, **settings: str) -> AsyncIterator[ForgetfulEdge]:
    """Run one while the block lasts."""
    edge = ForgetfulEdge(stack, home, **settings)
    try:
        await edge.start()
        yield edge
    finally:
        await edge.kill()

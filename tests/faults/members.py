"""More members for a consumer's group than the stack has."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from infra.embedded.ports import any_free_port
from infra.embedded.probes import http_probe
from tests.stack import Stack

READY_SECONDS = 120.0


@dataclass(frozen=True)
class Member:
    """One running member."""

    health_port: int

    async def ready(self) -> None:
        """Return when the group has given it partitions."""
        probe = http_probe(self.health_port, "/health/ready")
        async with asyncio.timeout(READY_SECONDS):
            while not await probe():
                await asyncio.sleep(0.2)


@contextmanager
def extra_member(stack: Stack, consumer: str) -> Iterator[Member]:
    """Run one more member of a consumer's group; it is killed, never asked."""
    port = any_free_port(())
    environment = stack.process(consumer).environ() | {
        "PARLEY_HEALTH__PORT": str(port),
        "PARLEY_INSTANCE": f"{consumer}-extra",
    }
    command = [sys.executable, "-m", f"consumers.{consumer}"]
    with stack.folder.log(f"{consumer}-extra").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield Member(port)
    finally:
        process.kill()
        process.wait()

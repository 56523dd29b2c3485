"""More members for a consumer's group than the stack has."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from infra.embedded.ports import any_free_port
from tests.stack import Stack


@contextmanager
def extra_member(stack: Stack, consumer: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run one more member of a consumer's group; it is killed, never asked."""
    environment = stack.process(consumer).environ() | {
        "PARLEY_HEALTH__PORT": str(any_free_port(())),
        "PARLEY_INSTANCE": f"{consumer}-extra",
    }
    command = [sys.executable, "-m", f"consumers.{consumer}"]
    with stack.folder.log(f"{consumer}-extra").open("ab") as log:
        member = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield member
    finally:
        member.kill()
        member.wait()

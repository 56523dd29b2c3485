"""Schemathesis over every route of a running gateway: nothing that is sent makes a 5xx (P19)."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import requests
import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    ignored_auth,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.result import Ok
from schemathesis.generation.case import Case
from schemathesis.schemas import APIOperation

from infra.embedded.ports import any_free_port
from tests.devices import Device, People
from tests.exploring import SEED, explore, lengths
from tests.stack import Stack

pytestmark = [
    pytest.mark.connected,
    pytest.mark.timeout(600),
    pytest.mark.promise("P19", "bad requests on every route, as user and as admin"),
]

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    ignored_auth,
]
GENEROUS = "1000000/minute"
READY_SECONDS = 60.0


@contextmanager
def generous_gateway(stack: Stack, folder: Path) -> Iterator[str]:
    """Run one more gateway of the stack, whose rate limits are not what is tried here."""
    (folder / "remotes.json").write_text("[]")
    port = any_free_port(())
    url = f"http://127.0.0.1:{port}"
    names = ("REGISTER", "LOGIN", "REFRESH", "ADDRESS", "MESSAGES", "AI")
    environment = stack.process("gateway").environ() | {
        "PARLEY_HTTP__PORT": str(port),
        "PARLEY_INSTANCE": "gateway-bad-requests",
        "PARLEY_WEBAPPS_DIR": str(folder),
        "PARLEY_PUBLIC_URL": url,
        **{f"PARLEY_LIMITS__{name}": GENEROUS for name in names},
    }
    with stack.folder.log("gateway-bad-requests").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway"], env=environment, stdout=log, stderr=log
        )
    try:
        asyncio.run(_ready(url, process))
        yield url
    finally:
        process.terminate()
        process.wait(30)


async def _ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    async with asyncio.timeout(READY_SECONDS), httpx2.AsyncClient(trust_env=False) as http:
        while True:
            assert process.poll() is None, "the gateway did not start"
            try:
                if (await http.get(f"{url}/health/ready")).is_success:
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.1)


async def _tokens(stack: Stack) -> list[str]:
    people = People(stack)
    try:
        [user] = await people.person(1)
        admin: Device = await people.admin()
        return [user.token, admin.token]
    finally:
        await people.leave()


def modes_of(operation: APIOperation[Any, Any, Any, Any]) -> list[GenerationMode]:
    """Return how it can be asked: where nothing is asked for, nothing can be wrong."""
    asked = operation.body or operation.query or operation.path_parameters
    return list(GenerationMode) if asked else [GenerationMode.POSITIVE]


@pytest.mark.parametrize("examples", lengths(6, 40))
def test_nothing_that_is_sent_makes_it_fail(
    stack: Stack, tmp_path: Path, record_property: Callable[[str, object], None], examples: int
) -> None:
    """Good and bad data, signed in and not: what is answered is what the contract says."""
    tokens = asyncio.run(_tokens(stack))
    with generous_gateway(stack, tmp_path) as url, requests.Session() as session:
        session.trust_env = False
        schema = schemathesis.openapi.from_dict(
            session.get(f"{url}/api/openapi.json", timeout=30).json()
        )
        schema.config.update(base_url=url)
        routes = 0

        def check(case: Case[Any]) -> None:
            for token in tokens:
                bearer = {"Authorization": f"Bearer {token}"}
                case.call_and_validate(session=session, headers=bearer, checks=CHECKS, timeout=30)

        for found in schema.get_all_operations():
            assert isinstance(found, Ok), found
            operation = found.ok()
            routes += 1
            for mode in modes_of(operation):
                print(f"{operation.label}, {mode.value}")  # noqa: T201 - tells the culprit
                explore(check, operation.as_strategy(mode), examples)
    assert routes
    record_property(
        "load",
        f"{routes} routes, {examples} good and bad requests each, by two people, seed {SEED}",
    )

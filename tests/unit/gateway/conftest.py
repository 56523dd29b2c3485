"""Fixtures of the gateway's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.unit.gateway.assistants import AnsweringPublisher, Desk
from tests.unit.gateway.harness import Gateway, Person, register, write_key


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    """A gateway that is not started yet."""
    return Gateway(tmp_path, write_key(tmp_path))


@pytest.fixture
def client(gateway: Gateway) -> Iterator[TestClient]:
    """A client of a started gateway."""
    with gateway.open() as opened:
        yield opened


@pytest.fixture
def ada(client: TestClient) -> Person:
    """Somebody signed in."""
    return register(client)


@pytest.fixture
def publisher(gateway: Gateway) -> AnsweringPublisher:
    """The log, with an assistant behind it."""
    publisher = AnsweringPublisher(log=gateway.reply_log)
    gateway.publisher = publisher
    gateway.ai = {"deadline": 0.5}
    return publisher


@pytest.fixture
def desk(gateway: Gateway, publisher: AnsweringPublisher, client: TestClient, ada: Person) -> Desk:
    """Everything together; the gateway holds its lease by the time Ada is registered."""
    return Desk(gateway, publisher, client, ada)

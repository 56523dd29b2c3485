"""compose.yaml is a valid description of every process, and pins what it runs."""

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.architecture.sources import ROOT

FILE = ROOT / "compose.yaml"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text())["services"]
PROCESSES = {
    "gateway": "gateway",
    "edge-ws": "edge_ws",
    "nlp": "consumers.nlp",
    "persistence": "consumers.persistence",
    "personalization": "consumers.personalization",
    "analytics": "consumers.analytics",
    "audit": "consumers.audit",
}
JOBS = {"topics", "migrations", "keys"}


def test_it_follows_the_compose_specification() -> None:
    """The file validates against the specification's JSON Schema."""
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*check, str(FILE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("service", "module"), PROCESSES.items())
def test_every_process_has_a_service(service: str, module: str) -> None:
    """A service has its process's name and starts its module."""
    assert SERVICES[service]["command"] == ["python", "-m", module]
    assert "full" in SERVICES[service]["profiles"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_checked_or_finishes(service: str) -> None:
    """What runs for long has a health check; a job is waited for by its success."""
    if service not in JOBS:
        assert "healthcheck" in SERVICES[service]
        return
    conditions = {
        needs[service]["condition"]
        for other in SERVICES.values()
        if service in (needs := other.get("depends_on", {}))
    }
    assert conditions == {"service_completed_successfully"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_pinned_and_reaped(service: str) -> None:
    """No image floats, and process 1 reaps its children."""
    assert re.search(r":v?\w*\d[\w.]*$", SERVICES[service]["image"])
    assert SERVICES[service]["init"] is True


@pytest.mark.parametrize("service", [*PROCESSES, *JOBS])
def test_our_own_containers_can_change_nothing(service: str) -> None:
    """Our containers have no capabilities and a read-only root."""
    assert SERVICES[service]["read_only"] is True
    assert SERVICES[service]["cap_drop"] == ["ALL"]


def test_ports_are_published_on_loopback_only() -> None:
    """Nothing is open to the network until somebody decides so."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_secret_has_a_default() -> None:
    """A missing secret stops compose instead of starting with a known one."""
    text = FILE.read_text()
    uses = re.findall(r"\$\{(\w*(?:PASSWORD|TOKEN)\w*)([^}]*)\}", text)
    assert uses
    assert [name for name, rest in uses if not rest.startswith(":?")] == []


def test_only_the_gateway_holds_the_signing_key() -> None:
    """The edge can check an access token and cannot make one."""
    holders = {
        name
        for name, service in SERVICES.items()
        if any(volume.startswith("signing-key:") for volume in service.get("volumes", []))
    }
    assert holders == {"gateway", "keys"}

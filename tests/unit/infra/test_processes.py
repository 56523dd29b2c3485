"""What every process is started with."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from infra.embedded.credentials import Credentials
from infra.embedded.errors import StackError
from infra.embedded.folder import DataFolder
from infra.embedded.ports import USUAL_PORTS
from infra.embedded.processes import (
    CONSUMERS,
    JOBS,
    MODULES,
    Endpoints,
    environment,
    job_specs,
    modules,
    process_specs,
)

ROLES = ("gateway", "persistence", "personalization", "analytics", "audit")
CREDENTIALS = Credentials(
    owner_password="owner-word",
    role_passwords={role: f"{role}-word" for role in ROLES},
    valkey_password="valkey-word",
    internal_token="internal-word",
    private_key_file=Path("/keys/private.pem"),
    public_key_file=Path("/keys/public.pem"),
)
ENDPOINTS = Endpoints(
    ports=USUAL_PORTS,
    bootstrap_servers="127.0.0.1:9092",
    brokers=1,
    models=Path("/models"),
    knowledge=Path("/knowledge"),
    webapps=Path("/web"),
)


@pytest.mark.parametrize("name", [*MODULES, *JOBS])
def test_every_variable_is_parleys(name: str) -> None:
    """Names have the prefix, values are text."""
    values = environment(name, ENDPOINTS, CREDENTIALS)
    assert all(re.fullmatch(r"PARLEY_[A-Z_]+", key) for key in values)


@pytest.mark.parametrize("name", [*MODULES, *JOBS])
def test_no_process_is_given_more_than_it_needs(name: str) -> None:
    """A process holds its own database password and no other; the signing key is the gateway's."""
    text = json.dumps(environment(name, ENDPOINTS, CREDENTIALS))
    if name != "migrations":
        assert "owner-word" not in text
        others = [role for role in ROLES if role != name]
        assert not [role for role in others if f"{role}-word" in text]
    assert ("/keys/private.pem" in text) == (name == "gateway")


@pytest.mark.parametrize("name", CONSUMERS)
def test_consumers_answer_probes_on_their_own_port(name: str) -> None:
    """Each consumer's health port is the one the supervisor asks."""
    assert environment(name, ENDPOINTS, CREDENTIALS)["PARLEY_HEALTH__PORT"] == str(
        USUAL_PORTS[name]
    )


def test_origins_are_a_json_list() -> None:
    """The edge accepts the page under both names of this machine."""
    values = environment("edge-ws", ENDPOINTS, CREDENTIALS)
    assert json.loads(values["PARLEY_ALLOWED_ORIGINS"]) == [
        "http://127.0.0.1:8000",
        "http://localhost:8000",
    ]


def test_every_need_is_a_child(tmp_path: Path) -> None:
    """Nothing waits for a name that nobody starts."""
    folder = DataFolder.at(tmp_path)
    specs = [
        *process_specs(folder, ENDPOINTS, CREDENTIALS),
        *job_specs(folder, ENDPOINTS, CREDENTIALS, ("kafka",)),
    ]
    known = {spec.name for spec in specs} | {"kafka", "postgres", "valkey"}
    assert {need for spec in specs for need in spec.needs} <= known


def test_no_secret_is_on_a_command_line(tmp_path: Path) -> None:
    """Every user of a machine can read command lines."""
    folder = DataFolder.at(tmp_path)
    for spec in process_specs(folder, ENDPOINTS, CREDENTIALS):
        assert "-word" not in " ".join(spec.command)
        assert "-word" not in repr(spec)


@pytest.mark.parametrize("name", ["PARLEY_LANGUAGE_MODEL__KIND", "PARLEY_NLP__ENCODER"])
def test_the_models_are_for_whoever_starts_the_stack_to_choose(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Its settings reach nlp and nobody else; other variables of the starter reach no process."""
    monkeypatch.setenv(name, "chosen")
    monkeypatch.setenv("PARLEY_NLP__THREADS", "17")
    folder = DataFolder.at(Path("/nowhere"))
    given = {spec.name: spec.environment for spec in process_specs(folder, ENDPOINTS, CREDENTIALS)}
    told = {process for process, values in given.items() if values.get(name) == "chosen"}
    assert told == {"nlp"}
    assert given["nlp"]["PARLEY_NLP__THREADS"] == "1"


def test_a_second_edge_is_an_edge_on_a_port_of_its_own(tmp_path: Path) -> None:
    """It gets what the first one gets, and its own name and address."""
    folder = DataFolder(tmp_path)
    ports = USUAL_PORTS | {"edge-ws-2": 9999}
    endpoints = replace(ENDPOINTS, ports=ports)
    specs = process_specs(folder, endpoints, CREDENTIALS, modules(2, {}))
    first, second = (each for each in specs if each.name.startswith("edge-ws"))
    differing = {
        key for key, value in second.environment.items() if first.environment[key] != value
    }
    assert differing == {"PARLEY_HTTP__PORT", "PARLEY_INSTANCE"}
    assert (second.command, second.needs) == (first.command, first.needs)


def test_only_known_processes_can_be_replaced() -> None:
    """A misspelt name is an error, not one more process."""
    assert modules(1, {"nlp": "tests.stand_in"})["nlp"] == "tests.stand_in"
    assert modules(1, {}) == MODULES
    with pytest.raises(StackError, match="nlb"):
        modules(1, {"nlb": "tests.stand_in"})

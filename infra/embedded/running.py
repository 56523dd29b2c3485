"""A stack that runs elsewhere, as another command sees it: addresses, processes, requests."""

import signal
import time
from dataclasses import dataclass
from typing import Self

from infra.embedded import control
from infra.embedded.credentials import Credentials, load_or_create
from infra.embedded.errors import StackError, StackNotRunningError
from infra.embedded.folder import DataFolder
from infra.embedded.kafka import bootstrap_servers, kafka_nodes
from infra.embedded.postgres import postgres_url
from infra.embedded.spec import State
from infra.embedded.state import StackState, same_process
from infra.embedded.valkey import valkey_url

POLL_SECONDS = 0.1
STOP_SECONDS = 90.0


@dataclass(frozen=True, kw_only=True)
class RunningStack:
    """Found through its data folder; `state` is read anew each time it is asked for."""

    folder: DataFolder
    credentials: Credentials

    @classmethod
    def find(cls, folder: DataFolder) -> Self:
        """Return the stack of this folder; raises StackNotRunningError when none runs."""
        state = StackState.load(folder)
        if state is None or not state.running:
            message = f"no stack is running on {folder.root}; start one with `parley up`"
            raise StackNotRunningError(message)
        return cls(folder=folder, credentials=load_or_create(folder))

    @property
    def state(self) -> StackState:
        state = StackState.load(self.folder)
        if state is None:
            message = f"the stack on {self.folder.root} has stopped"
            raise StackNotRunningError(message)
        return state

    @property
    def url(self) -> str:
        return self.state.url

    @property
    def socket_url(self) -> str:
        return self.state.socket_url

    @property
    def bootstrap_servers(self) -> str:
        state = self.state
        return bootstrap_servers(kafka_nodes(state.ports, state.brokers))

    @property
    def valkey_url(self) -> str:
        return valkey_url(self.credentials, self.state.ports["valkey"])

    def database_url(self, role: str | None = None) -> str:
        """Return the owner's address, or that of one process's role."""
        return postgres_url(self.credentials, self.state.ports["postgres"], role)

    def hold(self, name: str) -> None:
        """Stop one process and leave it stopped."""
        control.ask(self.folder, control.Request(verb="hold", process=name))

    def release(self, name: str) -> None:
        """Start a held process again."""
        control.ask(self.folder, control.Request(verb="release", process=name))

    def wait_ready(self, name: str, seconds: float = 60.0) -> None:
        """Return when the process is ready; raises StackError when it is not in time."""
        deadline = time.monotonic() + seconds
        while self.state.processes[name].state is not State.READY:
            if time.monotonic() > deadline:
                message = f"{name} is not ready after {seconds:.0f} s; see {self.folder.log(name)}"
                raise StackError(message)
            time.sleep(POLL_SECONDS)

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Ask the supervisor to drain everything and return when it is gone."""
        state = self.state
        process = same_process(state.pid, state.created)
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while same_process(state.pid, state.created) is not None:
            if time.monotonic() > deadline:
                message = f"the stack (pid {state.pid}) has not stopped after {seconds:.0f} s"
                raise StackError(message)
            time.sleep(POLL_SECONDS)

"""What the supervisor is told about one child: what to run, when, and how to tell it is well."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from signal import SIGTERM, Signals

Probe = Callable[[], Awaitable[bool]]
"""Answers whether the child is well; must not raise and must not take longer than a few seconds."""

Prepare = Callable[[], Awaitable[None]]
"""Work before the first start (format a disk, initdb); must be safe to repeat."""


class Kind(StrEnum):
    """A service runs until stopped; a job runs once and must succeed."""

    SERVICE = "service"
    JOB = "job"


class State(StrEnum):
    """What the table and `parley status` say about a child."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Account:
    """The system account a child runs as."""

    uid: int
    gid: int


@dataclass(frozen=True, kw_only=True)
class ChildSpec:
    """One child process; `drain` orders the stop, lowest first, equals together."""

    name: str
    command: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    needs: tuple[str, ...] = ()
    kind: Kind = Kind.SERVICE
    ready: Probe | None = None
    live: Probe | None = None
    prepare: Prepare | None = None
    account: Account | None = None
    drain: int = 0
    stop_signal: Signals = SIGTERM
    stop_seconds: float = 15.0
    ready_seconds: float = 120.0


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How patient the supervisor is; tests bring a quicker one."""

    probe_seconds: float = 0.2
    live_seconds: float = 5.0
    live_failures: int = 6
    first_backoff: float = 0.5
    longest_backoff: float = 15.0
    # A child that ran this long was well; its next restart starts over with the first backoff.
    settled_seconds: float = 60.0
    job_attempts: int = 3
    # A service that was never ready gives up after so many tries; later it is tried for ever.
    start_attempts: int = 5

"""What working a job needs: where it is worked, and where what it learns and gives is kept."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from schemas.events.models import Example, Metrics, Phase, Stored


@dataclass(frozen=True, slots=True)
class Step:
    """How far a job has come."""

    phase: Phase
    done: int
    total: int


@dataclass(frozen=True, eq=False, slots=True)
class File:
    """Something large, and the sha256 that it is known by (hex)."""

    content: bytes
    sha256: str


@dataclass(frozen=True, eq=False, slots=True)
class Product:
    """What a job gave: a head's file and what is known of it."""

    head: File
    engine: str
    intents: tuple[str, ...]
    metrics: Metrics
    encoder: File | None = None
    """The sentence model that was tuned for it."""


class Running(Protocol):
    """A job at work somewhere else; leaving its context ends it at once."""

    def steps(self) -> AsyncIterator[Step]:
        """
        Tell each step as it is made, until the work is done.

        Raises:
            TrainingError: it cannot end well, however often it is tried.
            RetryableError: the worker died.
        """
        ...

    async def product(self) -> Product:
        """What it gave; after its last step."""
        ...


class Workshop(Protocol):
    """Where jobs are worked without holding up the event loop."""

    def work(
        self, kind: str, examples: Sequence[Example], *, extend: bool
    ) -> AbstractAsyncContextManager[Running]:
        """Begin to work a job of this kind."""
        ...


class Store(Protocol):
    """Large things on the log, in parts."""

    async def examples(self, stored: Stored, job_id: UUID) -> Sequence[Example]:
        """
        What a job is to learn from.

        Raises:
            TrainingError: it is not there any more, or not what was stored.
            RetryableError: the broker is away.
        """
        ...

    async def put_head(self, version: str, head: File, job_id: UUID) -> Stored:
        """
        Store a head.

        Raises:
            RetryableError: the broker did not take it.
        """
        ...

    async def put_encoder(self, version: str, encoder: File, job_id: UUID) -> Stored:
        """
        Store a sentence model; takes seconds.

        Raises:
            TrainingError: it is larger than what replicas take.
            RetryableError: the broker did not take it.
        """
        ...

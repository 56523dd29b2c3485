"""Keeps a replica on the promoted version: reads model events, fetches the head, swaps it in."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from consumers.nlp.errors import HeadError
from consumers.nlp.ports import Embedder
from consumers.nlp.service.analyzer import Analyzer
from consumers.nlp.service.encodings import Encodings
from consumers.nlp.service.following import RETRY_SECONDS, EventLog
from consumers.nlp.service.heads import IntentHead, LinearHead
from consumers.nlp.service.ledger import Ledger
from runtime.clock import HybridLogicalClock
from schemas.events.models import ModelKind, ModelRegistered

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, eq=False, slots=True)
class Brought:
    """A sentence model that a version brings, and the tone head that reads its vectors."""

    embedder: Embedder
    tones: LinearHead


@dataclass(frozen=True, eq=False, slots=True)
class Version:
    """What a version is made of; `brought` is None when it reads everybody's vectors."""

    intents: IntentHead
    brought: Brought | None = None


class Versions(Protocol):
    """Gets versions by the event that registered them."""

    async def get(self, registered: ModelRegistered) -> Version:
        """
        Return what a version is made of.

        Raises:
            HeadError: it is damaged, gone, or for another engine.
            RetryableError: the broker is away.
        """
        ...


class Follower:
    """Follows the log; what cannot be served leaves the version that answers in its place."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        log: EventLog,
        versions: Versions,
        encodings: Encodings,
        analyzer: Analyzer,
        clock: HybridLogicalClock,
        served: Callable[[ModelRegistered | None], None],
    ) -> None:
        self._ledger = ledger
        self._log = log
        self._versions = versions
        self._encodings = encodings
        self._analyzer = analyzer
        self._clock = clock
        self._served = served
        self._version: str | None = None
        """What answers now; None is the head that came with the knowledge base."""
        self.caught_up = False

    async def read(self) -> None:
        """
        See `Reader`; serves what the log says, once that it has been read whole.

        Raises:
            RetryableError: the broker is away.
        """
        for event in await self._log.poll():
            self._clock.observe(event.occurred_at)
            self._ledger.note(event)
        if not (self.caught_up or self._log.caught_up):
            return
        if not self.caught_up:
            self._ledger.restart_clocks()
        await self._serve()
        self.caught_up = True

    async def _serve(self) -> None:
        """Bring what answers in line with what is promoted."""
        promoted = self._ledger.promoted
        version = promoted.version if promoted is not None else None
        registered = self._ledger.versions.get(version) if version is not None else None
        if registered is not None and registered.kind == ModelKind.KNOWLEDGE:
            version = registered = None
        if version == self._version:
            return
        if version is None:
            self._analyzer.serve_own()
            self._encodings.forget()
        elif registered is None:
            # Promoted by the name of a version that nobody registered: nothing to serve.
            return
        else:
            try:
                await self._bring(await self._versions.get(registered), registered)
            except HeadError:
                logger.exception("model_not_served", version=version)
                await asyncio.sleep(RETRY_SECONDS)
                return
        self._version = version
        self._served(registered)
        logger.info("model_served", version=self._analyzer.model_version)

    async def _bring(self, version: Version, registered: ModelRegistered) -> None:
        name, accuracy = registered.version, registered.metrics.accuracy
        brought = version.brought
        if brought is None:
            self._analyzer.serve(version.intents, name, accuracy=accuracy)
            self._encodings.forget()
            return
        # Everything known is embedded before the first message is: seconds, beside the answers.
        encoding = await asyncio.to_thread(self._encodings.make, brought.embedder, brought.tones)
        self._analyzer.serve(version.intents, name, encoding, accuracy=accuracy)

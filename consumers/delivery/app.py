"""Runs one consumer: the public entry of the loop."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consumers.delivery.ports import BatchHandler, OffsetKeeper
    from consumers.delivery.settings import ConsumerSettings
    from runtime.clock import HybridLogicalClock
    from runtime.health import Check


async def run_consumer(
    *,
    name: str,
    settings: "ConsumerSettings",
    handler: "BatchHandler | OffsetKeeper",
    clock: "HybridLogicalClock | None" = None,
    health_checks: "Mapping[str, Check] | None" = None,
    max_records: int | None = None,
) -> None:
    """Consume the topics that the catalogue gives this reader until SIGTERM or SIGINT.

    `clock` observes every event; `health_checks` join the readiness probe; `max_records` bounds a
    batch (default: the settings').
    """
    raise NotImplementedError

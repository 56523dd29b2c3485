"""People's profiles as personalization tells them; a record without a body takes one back."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from consumers.nlp.adapters.event_log import KafkaLog, readable
from schemas.events.profiles import ProfileUpdated

logger = structlog.get_logger(__name__)


class KafkaProfileLog(KafkaLog):
    """See `consumers.nlp.service.acquaintance.ProfileLog`."""

    async def poll(self) -> Sequence[tuple[UUID, ProfileUpdated | None]]:
        """Return what comes next."""
        told: list[tuple[UUID, ProfileUpdated | None]] = []
        for record in await self.read():
            if record.value is None:
                told += _taken_back(record.key)
                continue
            event = readable(record)
            if isinstance(event, ProfileUpdated):
                told.append((event.user_id, event))
        return told


def _taken_back(key: bytes | None) -> list[tuple[UUID, None]]:
    try:
        return [(UUID((key or b"").decode("ascii")), None)]
    except ValueError:
        logger.warning("profile_key_unreadable")
        return []

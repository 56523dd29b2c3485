"""What the audit asks of its log, and the entries it writes there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Entry:
    """One action; `old` and `new` are JSON."""

    event_id: UUID
    occurred_at: datetime
    actor_id: UUID
    action: str
    target_type: str
    target_id: UUID
    old: str | None
    new: str | None


class AuditLog(Protocol):
    """Keeps entries; one whose event is there already changes nothing."""

    async def append(self, entries: Sequence[Entry]) -> None:
        """Keep them."""
        ...

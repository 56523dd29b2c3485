"""Turns recorded actions into entries of the audit log."""

import json
from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from consumers.audit.ports import AuditLog, Entry
from schemas.events.admin import ActionRecorded
from schemas.events.envelope import Event


async def record(log: AuditLog, events: Iterable[Event]) -> None:
    """Keep the actions among the events."""
    if entries := [entry_of(event) for event in events if isinstance(event, ActionRecorded)]:
        await log.append(entries)


def entry_of(event: ActionRecorded) -> Entry:
    """Return the entry of an action."""
    return Entry(
        event_id=event.event_id,
        occurred_at=event.occurred_at,
        actor_id=event.actor_id,
        action=event.action,
        target_type=event.target_type,
        target_id=event.target_id,
        old=_json(event.old),
        new=_json(event.new),
    )


def _json(value: Mapping[str, JsonValue] | None) -> str | None:
    return None if value is None else json.dumps(value)

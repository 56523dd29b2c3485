"""What the audit keeps of an action."""

import json
from collections.abc import Sequence

from consumers.audit.ports import Entry
from consumers.audit.service import record
from schemas.events.admin import ActionRecorded
from schemas.generate.examples import EXAMPLES

ACTION = next(each for each in EXAMPLES if isinstance(each, ActionRecorded))


class InMemoryAuditLog:
    """Keeps entries."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    async def append(self, entries: Sequence[Entry]) -> None:
        self.entries += entries


async def test_an_action_is_kept_with_both_values() -> None:
    """Old and new are stored as JSON; nothing stays nothing."""
    log = InMemoryAuditLog()
    changed = ACTION.model_copy(update={"old": None, "new": {"role": "agent"}})
    await record(log, [changed])
    (entry,) = log.entries
    assert entry.event_id == ACTION.event_id
    assert entry.old is None
    assert json.loads(entry.new or "") == {"role": "agent"}


async def test_only_actions_are_kept() -> None:
    """What is said in a chat is none of the audit's business."""
    log = InMemoryAuditLog()
    await record(log, EXAMPLES)
    assert len(log.entries) == sum(isinstance(each, ActionRecorded) for each in EXAMPLES)

"""Tells the audit what the desk does."""

from collections.abc import Mapping
from uuid import uuid4

import psutil
from pydantic import JsonValue

from infra.embedded.errors import StackError
from producers.ports import EventPublisher
from runtime.clock import HybridLogicalClock
from schemas import ids
from schemas.events.admin import Action, ActionRecorded
from schemas.topics import Lane

TRIES = 3


async def record_action(
    publisher: EventPublisher, action: Action, lane: Lane, told: Mapping[str, JsonValue]
) -> None:
    """Return when the action is on the log; StackError when it is not surely there."""
    event_id = ids.event_id(ActionRecorded.event_type, uuid4())
    event = ActionRecorded(
        event_id=event_id,
        occurred_at=HybridLogicalClock().stamp(),
        correlation_id=event_id,
        actor_id=ids.OPERATOR_ID,
        action=action,
        target_type="topic",
        target_id=ids.topic_id(lane.dead_letters),
        new={"topic": lane.dead_letters, "operator": psutil.Process().username(), **told},
    )
    for _ in range(TRIES):
        # A repeat is the same event: the audit keeps one.
        if (await publisher.publish(event)).accepted:
            return
    message = "Kafka did not take the audit's record of it"
    raise StackError(message)

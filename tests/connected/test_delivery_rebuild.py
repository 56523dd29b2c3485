"""Views can be dropped and built again from the log, and come out the same."""

from uuid import uuid4

import asyncpg
import pytest

from consumers.delivery.rebuild import VIEWS, reset_projection
from schemas.events.admin import Action, ActionRecorded
from schemas.events.chat import MessageSent
from schemas.events.conversations import ConversationDeleted
from schemas.events.envelope import Event
from schemas.events.insights import MessageAnalyzed
from schemas.generate.examples import EXAMPLES
from schemas.tables import METADATA, OWNED_TABLES
from schemas.topics import group_of
from tests.connected import delivery_bed as bed
from tests.stack import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(300)]

# When the database wrote a row, as opposed to what the log says.
WRITTEN_AT = {"updated_at"}


async def contents(stack: Stack, name: str) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of a consumer's tables, in order, without the time of writing."""
    connection = await asyncpg.connect(stack.database_url())
    try:
        found = {}
        for table in OWNED_TABLES[name]:
            columns = [c.name for c in METADATA.tables[table].columns if c.name not in WRITTEN_AT]
            listed = ", ".join(f'"{column}"' for column in columns)
            query = f"select {listed} from {table} order by {listed}"  # noqa: S608 - our own names
            rows = await connection.fetch(query)
            found[table] = [tuple(row) for row in rows]
        return found
    finally:
        await connection.close()


def differing(
    one: dict[str, list[tuple[object, ...]]], other: dict[str, list[tuple[object, ...]]]
) -> dict[str, list[tuple[object, ...]]]:
    """Return a few rows per table that only one side has; tables are too long for a diff."""
    return {
        table: sorted(set(one[table]) ^ set(other[table]), key=repr)[:5]
        for table in one
        if one[table] != other[table]
    }


def examples_beside(said: list[Event]) -> list[Event]:
    """Return every example; what is deleted as a whole is what else was said, not theirs."""
    other = next(event for event in said if isinstance(event, MessageSent))
    elsewhere = {"conversation_id": other.conversation_id}
    return [
        each.model_copy(update=elsewhere) if isinstance(each, ConversationDeleted) else each
        for each in EXAMPLES
    ]


def insights_of(events: list[Event]) -> list[Event]:
    """Return an insight per message, as nlp would publish it."""
    example = next(event for event in EXAMPLES if isinstance(event, MessageAnalyzed))
    return [
        example.model_copy(
            update={
                "event_id": uuid4(),
                "occurred_at": event.occurred_at,
                "message_id": event.message_id,
                "conversation_id": event.conversation_id,
                "user_id": event.sender.id,
                "intent": f"intent_{number % 3}" if number % 5 else None,
                "language": "en" if number % 3 else "de",
            }
        )
        for number, event in enumerate(events)
        if isinstance(event, MessageSent)
    ]


def actions(count: int) -> list[Event]:
    made: list[Event] = []
    for _ in range(count):
        event_id, user = uuid4(), uuid4()
        made.append(
            ActionRecorded(
                event_id=event_id,
                occurred_at=bed.unique_hour(),
                correlation_id=event_id,
                actor_id=user,
                action=Action.USER_REGISTERED,
                target_type="user",
                target_id=user,
                new={"role": "user"},
            )
        )
    return made


@pytest.mark.parametrize("name", VIEWS)
async def test_a_view_built_again_is_the_same(infra_stack: Stack, name: str) -> None:
    """From offset 0, with repeats on the log: the same rows, nothing counted twice."""
    # Other tests put rows into the tables that no log holds; a view is what its log says.
    await reset_projection(infra_stack.database_url(name), name)
    said = bed.messages(400)
    events = [*examples_beside(said), *said, *insights_of(said), *actions(20)]
    async with (
        bed.producing(infra_stack) as producer,
        bed.consuming(bed.member(infra_stack, name)),
    ):
        await bed.publish(producer, events)
        await bed.caught_up(infra_stack, name)
        await bed.publish(producer, events[:300])
        await bed.caught_up(infra_stack, name)
    first = await contents(infra_stack, name)
    assert all(first.values())
    await reset_projection(infra_stack.database_url(name), name)
    assert not any((await contents(infra_stack, name)).values())
    kept = "select count(*) from consumer_offsets where group_id = $1"
    assert await bed.fetchval(infra_stack.database_url(), kept, group_of(name)) == 0
    async with bed.consuming(bed.member(infra_stack, name)):
        await bed.caught_up(infra_stack, name)
    assert differing(await contents(infra_stack, name), first) == {}


async def test_what_is_no_view_is_not_emptied(infra_stack: Stack) -> None:
    """Accounts are not on the log; nobody drops them by mistake."""
    with pytest.raises(ValueError, match="keeps no view"):
        await reset_projection(infra_stack.database_url(), "gateway")

"""What the tests of changed conversations make beside what a socket can do."""

from uuid import UUID, uuid5

from schemas.events.chat import AgentJoined
from schemas.generate.examples import EXAMPLES
from schemas.ids import joining_event_id


def joined(conversation: UUID, name: str) -> AgentJoined:
    """Return that an agent came in; the same one is the same event."""
    agent = uuid5(conversation, name)
    came = next(each for each in EXAMPLES if isinstance(each, AgentJoined))
    return came.model_copy(
        update={
            "event_id": joining_event_id(AgentJoined.event_type, agent, conversation),
            "conversation_id": conversation,
            "sender": came.sender.model_copy(update={"id": agent, "name": name}),
        }
    )

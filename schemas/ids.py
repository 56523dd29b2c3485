"""Deterministic ids: working something twice makes the same event twice, and a key drops it.

Every id is a version 5 UUID (RFC 9562 §5.5) over a name that says what it identifies.
"""

from uuid import UUID, uuid5

_NAMESPACE = UUID("6f1c1c5e-3a38-5f6b-9c55-9a9a2a4e6d10")

ASSISTANT_ID = uuid5(_NAMESPACE, "assistant")
OPERATOR_ID = uuid5(_NAMESPACE, "operator")
"""Whoever works at the stack's command line; who that was is in what is recorded."""


def conversation_id(owner_id: UUID, client_conversation_id: UUID) -> UUID:
    """Return the id of the conversation that this owner starts under this client id."""
    return uuid5(_NAMESPACE, f"conversation:{owner_id}:{client_conversation_id}")


def message_id(sender_id: UUID, conversation: UUID, client_message_id: UUID) -> UUID:
    """Return the id of a message; a repeat under the same client id is the same message."""
    return uuid5(_NAMESPACE, f"message:{sender_id}:{conversation}:{client_message_id}")


def event_id(event_type: str, subject: UUID) -> UUID:
    """Return the id of the one event of this type about this subject."""
    return uuid5(_NAMESPACE, f"event:{event_type}:{subject}")


def change_event_id(event_type: str, sender_id: UUID, message: UUID, client_event_id: UUID) -> UUID:
    """Return the id of what a person did to a message; a repeat under the same client id is it."""
    return uuid5(_NAMESPACE, f"change:{event_type}:{sender_id}:{message}:{client_event_id}")


def joining_event_id(event_type: str, agent_id: UUID, conversation: UUID) -> UUID:
    """Return the id of an agent's coming into a conversation; coming again is the same."""
    return uuid5(_NAMESPACE, f"joining:{event_type}:{agent_id}:{conversation}")


def frame_id(connection_id: UUID, ref: str) -> UUID:
    """Return a client id for a frame that brings none; good for one connection's repeats."""
    return uuid5(_NAMESPACE, f"frame:{connection_id}:{ref}")


def derived_event_id(consumer: str, cause_id: UUID, event_type: str) -> UUID:
    """Return the id of the event that a consumer makes of its cause."""
    return uuid5(_NAMESPACE, f"derived:{consumer}:{cause_id}:{event_type}")


def document_id(name: str) -> UUID:
    """Return the id of a document of the knowledge base; the same name is the same document."""
    return uuid5(_NAMESPACE, f"document:{name}")


def ai_request_id(user_id: UUID, asked: str, client_request_id: UUID) -> UUID:
    """Return the id of a question; `asked` is the route and the body, so another is another."""
    return uuid5(_NAMESPACE, f"ai-request:{user_id}:{client_request_id}:{asked}")


def delta_event_id(question: UUID, attempt: int, offset: int) -> UUID:
    """Return the id of a piece of an answer that is being written."""
    return uuid5(_NAMESPACE, f"delta:{question}:{attempt}:{offset}")


def profile_event_id(user_id: UUID, said: str) -> UUID:
    """Return the id of a profile; the same said of the same person is the same event."""
    return uuid5(_NAMESPACE, f"profile:{user_id}:{said}")


def topic_id(name: str) -> UUID:
    """Return the id under which actions on a topic are recorded."""
    return uuid5(_NAMESPACE, f"topic:{name}")


def redrive_id(group: str, origin: str, attempt: int) -> UUID:
    """Return the id of a group's attempt at the record that first stood at `origin`."""
    return uuid5(_NAMESPACE, f"redrive:{group}:{origin}:{attempt}")


def model_id(version: str) -> UUID:
    """Return the id under which actions on a version of a model are recorded."""
    return uuid5(_NAMESPACE, f"model:{version}")


def training_event_id(job_id: UUID, event_type: str, step: str) -> UUID:
    """Return the id of what a job's worker tells of one step."""
    return uuid5(_NAMESPACE, f"training:{job_id}:{event_type}:{step}")

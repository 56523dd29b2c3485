"""What edges ask of the gateway, and may rely on."""

from datetime import timedelta
from uuid import UUID, uuid4

from starlette.testclient import TestClient

from schemas.positions import Position
from schemas.topics import Topic
from tests.unit.gateway.harness import INTERNAL_TOKEN, Gateway, Person, keep

INTERNAL = {"Authorization": f"Bearer {INTERNAL_TOKEN}"}


def test_edges_do_not_hear_that_nothing_is_there_too_early(
    gateway: Gateway, client: TestClient, ada: Person
) -> None:
    """A missing message is 503 until history has come as far as is needed, and then 404."""
    conversation = keep(gateway, ada, 1, apart=timedelta(0))
    [said] = gateway.conversations.said[conversation.id]
    base = f"/internal/conversations/{conversation.id}/messages"
    needed = {"needed": ["m3:7", "r3:0"]}

    def ask(message: UUID) -> int:
        return client.get(f"{base}/{message}", params=needed, headers=INTERNAL).status_code

    replies = Position(Topic.CHAT_REPLIES, 3, 5)
    for reached, status in ((None, 503), (6, 503), (7, 404), (8, 404)):
        if reached is not None:
            messages = Position(Topic.CHAT_MESSAGES, 3, reached)
            gateway.conversations.positions[conversation.id] = [messages, replies]
        assert ask(uuid4()) == status
        assert ask(said.message_id) == 200
    for none in ("x", "m3:-1", "m3"):
        path = f"{base}/{said.message_id}?needed={none}"
        assert client.get(path, headers=INTERNAL).status_code == 422

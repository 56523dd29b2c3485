"""Summaries over REST: what is read, for whom, and in whose words it is told."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from gateway.chat.ports import Place, Utterance
from schemas.events.ai import AiReply, AiRequest, Summarize
from schemas.events.replies import Fallback, Moderated, StopReason
from tests.unit.gateway.assistants import AT, Desk, summarized
from tests.unit.gateway.harness import Gateway, register, start_conversation


def said(gateway: Gateway, conversation: str, text: str | None, number: int) -> Utterance:
    """Add something to a conversation's history."""
    message_id = uuid4()
    utterance = Utterance(
        type="message",
        body={"sender": {"name": "Ada"}, "text": text},
        place=Place(AT.replace(second=number), uuid4()),
        message_id=message_id,
        sender_id=uuid4(),
        deleted=text is None,
    )
    gateway.conversations.said.setdefault(UUID(conversation), []).append(utterance)
    return utterance


def test_a_conversation_is_read_for_its_owner_only(desk: Desk) -> None:
    """The gateway fetches the history, without what was taken back; a stranger gets 404."""
    conversation = start_conversation(desk.client, desk.ada)
    kept = [
        said(desk.gateway, conversation, text, number)
        for number, text in enumerate(["one", None, "two"])
    ]
    body = {"conversation_id": conversation, "sentences": 2}
    answer = desk.ask("summarize", body).json()
    assert answer["summary"] == "Ada: one\nAda: two"
    assert (answer["method"], answer["messages"]) == ("extractive", 2)
    assert [each["message_id"] for each in answer["key_messages"]] == [
        str(kept[0].message_id),
        str(kept[2].message_id),
    ]
    eve = register(desk.client, "Eve")
    asked = len(desk.publisher.asked)
    stranger = desk.client.post("/api/ai/summarize", json=body, headers=eve.headers)
    assert (stranger.status_code, stranger.json()["code"]) == (404, "not_found")
    assert len(desk.publisher.asked) == asked


def test_a_long_conversation_is_read_from_its_end(desk: Desk) -> None:
    """What does not fit into one record is left out, the oldest first."""
    conversation = start_conversation(desk.client, desk.ada)
    for number in range(20):
        said(desk.gateway, conversation, f"{number} " + "x" * 7_000, number)
    assert desk.ask("summarize", {"conversation_id": conversation}).status_code == 200
    request = desk.publisher.asked[-1]
    assert isinstance(request, Summarize)
    assert [turn.text.split()[0] for turn in request.turns] == [str(n) for n in range(6, 20)]


def test_messages_and_texts_are_summarized_as_given(desk: Desk) -> None:
    """Speakers are optional; nothing said is nothing asked."""
    messages = [{"text": "hello", "speaker": "Ada"}, {"text": "bye"}]
    answer = desk.ask("summarize", {"messages": messages}).json()
    assert answer["summary"] == "Ada: hello\nbye"
    assert answer["key_messages"][0]["message_id"] is None
    assert desk.ask("summarize", {"text": "One. Two."}).json()["messages"] == 1
    asked = len(desk.publisher.asked)
    nothing = desk.ask("summarize", {"messages": []}).json()
    assert (nothing["summary"], nothing["key_messages"], nothing["messages"]) == ("", [], 0)
    assert len(desk.publisher.asked) == asked


def test_a_written_summary_is_told_as_it_was_written(desk: Desk) -> None:
    """In the model's words, with the key messages beside; without it, why that is."""

    def written(request: AiRequest) -> Sequence[AiReply]:
        assert isinstance(request, Summarize)
        words = {"method": "abstractive", "text": "Ada greets.", "stopped": StopReason.DEADLINE}
        return [summarized(request).model_copy(update=words)]

    def guarded(request: AiRequest) -> Sequence[AiReply]:
        assert isinstance(request, Summarize)
        reason = {"fallback": Fallback.GUARDED, "moderated": Moderated.QUESTION}
        return [summarized(request).model_copy(update=reason)]

    desk.publisher.assistant = written
    answer = desk.ask("summarize", {"text": "Hello."}).json()
    assert (answer["summary"], answer["method"]) == ("Ada greets.", "abstractive")
    assert (answer["stopped"], answer["fallback"]) == ("deadline", None)
    assert [each["text"] for each in answer["key_messages"]] == ["Hello."]
    desk.publisher.assistant = guarded
    answer = desk.ask("summarize", {"text": "Hello."}).json()
    assert (answer["summary"], answer["method"]) == ("Hello.", "extractive")
    assert (answer["fallback"], answer["moderated"]) == ("guarded", "question")

"""The two events that an analysis becomes."""

from datetime import timedelta

from consumers.nlp.service.analysis import Question
from consumers.nlp.service.events import insight_of, reply_to
from schemas.events.insights import MessageAnalyzed, Moderation
from schemas.events.replies import ReplyGenerated
from schemas.ids import ASSISTANT_ID, derived_event_id
from tests.unit.consumers.nlp.samples import (
    AT,
    ORDER,
    RUDE,
    SNIPPET,
    AxisEmbedder,
    message,
    small_analyzer,
)

LATER = AT + timedelta(milliseconds=5)


def events_of(text: str) -> tuple[ReplyGenerated, MessageAnalyzed]:
    """Return both events of one message."""
    cause = message(text)
    (analysis,) = small_analyzer(AxisEmbedder()).analyze([Question.alone(text)])
    return reply_to(cause, analysis, "v1", LATER), insight_of(cause, analysis, "v1", LATER)


def test_ids_are_derived_from_the_cause() -> None:
    """Working a message twice makes the same events."""
    cause = message(ORDER)
    first, again = events_of(ORDER), events_of(ORDER)
    assert [each.event_id for each in first] == [each.event_id for each in again]
    assert first[0].event_id == derived_event_id("nlp", cause.event_id, "chat.reply_generated.v1")
    assert len({cause.event_id, *(each.event_id for each in first)}) == 3


def test_the_chain_of_causes_is_kept() -> None:
    """Both events name their cause, their chain and their conversation."""
    cause = message(ORDER)
    for event in events_of(ORDER):
        assert event.causation_id == cause.event_id
        assert event.correlation_id == cause.correlation_id
        assert event.conversation_id == cause.conversation_id
        assert event.occurred_at == LATER


def test_the_reply_is_the_assistants() -> None:
    """It answers the question's message and cites what it rests on."""
    reply, _ = events_of(SNIPPET)
    assert reply.sender.id == ASSISTANT_ID
    assert reply.in_reply_to == message(SNIPPET).message_id
    assert [citation.id for citation in reply.citations] == ["plants"]


def test_the_insight_masks_personal_data() -> None:
    """Analysts see that there was a card, not which."""
    _, insight = events_of(f"{ORDER} 48213, card 4111111111111111, mail ada@example.com")
    assert {entity.type: entity.value for entity in insight.entities} == {
        "order_number": "48213",
        "card": "************1111",
        "email": "a***@example.com",
    }
    assert "4111111111111111" not in insight.model_dump_json()


def test_the_insight_says_how_abusive_a_message_is_and_who_says_so() -> None:
    """An analyst can count abuse, and tell one judge's verdicts from another's."""
    _, rude = events_of(f"{RUDE} , {ORDER}")
    assert rude.moderation == Moderation(flagged=True, score=1.0)
    assert rude.versions["moderation"] == "rude@0.8"
    _, civil = events_of(ORDER)
    assert civil.moderation == Moderation(flagged=False, score=0.1)


def test_an_insight_out_of_scope_names_no_intent() -> None:
    """A guess below the threshold is not published as one."""
    _, insight = events_of("tell me a joke")
    assert insight.intent is None
    assert not insight.in_scope

"""One example of every event, as its golden shows it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from schemas import ids
from schemas.events.admin import Action, ActionRecorded
from schemas.events.chat import (
    AgentJoined,
    ConversationHandedOver,
    ConversationStarted,
    FeedbackGiven,
    Handler,
    MessageDeleted,
    MessageEdited,
    MessagesDelivered,
    MessageSent,
    MessagesRead,
    Rating,
    ReactionSet,
    ReplyRegenerateAsked,
    ReplyStopAsked,
    Sender,
    SenderKind,
)
from schemas.events.control import RevocationReason, SessionRevoked, UserDisabled
from schemas.events.conversations import (
    ConversationDeleted,
    ConversationEnded,
    ConversationRenamed,
)
from schemas.events.envelope import Event
from schemas.events.handovers import HandoverChange, HandoversNoted
from schemas.events.insights import (
    Entity,
    MessageAnalyzed,
    Moderation,
    Sentiment,
    SentimentLabel,
)
from schemas.events.knowledge import DocumentPublished, DocumentRemoved, Section
from schemas.events.profiles import FrequentIntent, Mood, ProfileUpdated
from schemas.events.replies import (
    Citation,
    Context,
    FailureReason,
    HandoverAsked,
    ReplyDelta,
    ReplyFailed,
    ReplyGenerated,
    ReplySource,
    ReplyWithheld,
    Why,
)
from schemas.generate.ai_examples import AI_EXAMPLES
from schemas.generate.model_examples import MODEL_EXAMPLES

_USER = UUID("0b7c1a52-5f0e-4b0e-9d57-0d3a0f3b6a01")
_CLIENT_CONVERSATION = UUID("1c8d2b63-6a1f-4c1f-8e68-1e4b1a4c7b02")
_CLIENT_MESSAGE = UUID("2d9e3c74-7b2a-4d2a-9f79-2f5c2b5d8c03")
_CONVERSATION = ids.conversation_id(_USER, _CLIENT_CONVERSATION)
_QUESTION = ids.message_id(_USER, _CONVERSATION, _CLIENT_MESSAGE)
_QUESTION_EVENT = ids.event_id(MessageSent.event_type, _QUESTION)
_REPLY_EVENT = ids.derived_event_id("nlp", _QUESTION_EVENT, ReplyGenerated.event_type)
_FAILED_EVENT = ids.derived_event_id("nlp", _QUESTION_EVENT, ReplyFailed.event_type)
_WITHHELD_EVENT = ids.derived_event_id("nlp", _QUESTION_EVENT, ReplyWithheld.event_type)
_ANALYSIS_EVENT = ids.derived_event_id("nlp", _QUESTION_EVENT, MessageAnalyzed.event_type)
_SESSION = UUID("4fb05e96-9d4c-4f4c-b19b-4b7e4d7fae05")
_REVOKED_EVENT = ids.event_id(SessionRevoked.event_type, _SESSION)
_STARTED_EVENT = ids.event_id(ConversationStarted.event_type, _CONVERSATION)
_ADA = Sender(id=_USER, kind=SenderKind.USER, name="Ada")
_CLIENT_EVENT = UUID("4fb05e96-9d4c-4f4c-8b1b-4b7e4d7fae05")
_EDIT, _REACTION, _STOP, _REGENERATE = (
    ids.change_event_id(kind.event_type, _USER, _QUESTION, _CLIENT_EVENT)
    for kind in (MessageEdited, ReactionSet, ReplyStopAsked, ReplyRegenerateAsked)
)
_HANDED_OVER = ids.change_event_id(
    ConversationHandedOver.event_type, _USER, _CONVERSATION, _CLIENT_EVENT
)
_RENAMED = ids.change_event_id(ConversationRenamed.event_type, _USER, _CONVERSATION, _CLIENT_EVENT)
_ENDED, _GONE = (
    ids.event_id(kind.event_type, _CONVERSATION)
    for kind in (ConversationEnded, ConversationDeleted)
)
_AGENT = UUID("5c6e1f07-2a41-4a0d-8f0b-6e5d4c3b2a06")
_JOINED = ids.joining_event_id(AgentJoined.event_type, _AGENT, _CONVERSATION)
_HANDOVER_ASKED = ids.derived_event_id("nlp", _QUESTION_EVENT, HandoverAsked.event_type)
_HANDOVER_NOTED = ids.derived_event_id("nlp", _HANDED_OVER, HandoversNoted.event_type)
_FEEDBACK = ids.change_event_id(FeedbackGiven.event_type, _USER, _REPLY_EVENT, _CLIENT_EVENT)
_READ = ids.change_event_id(MessagesRead.event_type, _USER, _REPLY_EVENT, _REPLY_EVENT)
_GRACE = Sender(
    id=UUID("0b7c1a52-5f0e-4b0e-9d57-0d3a0f3b6a02"), kind=SenderKind.AGENT, name="Grace"
)
_DELIVERED = ids.change_event_id(MessagesDelivered.event_type, _GRACE.id, _QUESTION, _QUESTION)
_ATTEMPT = 1_795_426_200_018_000
_DOCUMENT = ids.document_id("delivery.md")
_PUBLISHED = ids.event_id(f"{DocumentPublished.event_type}:1", _DOCUMENT)
_REMOVED = ids.event_id(f"{DocumentRemoved.event_type}:2", _DOCUMENT)
_PROFILE = ids.profile_event_id(_USER, "0" * 64)
_DELETION = ids.change_event_id(MessageDeleted.event_type, _USER, _QUESTION, _QUESTION)


def _at(microsecond: int) -> datetime:
    return datetime(2026, 11, 23, 9, 30, 0, microsecond, tzinfo=UTC)


EXAMPLES: tuple[Event, ...] = (
    ConversationStarted(
        event_id=_STARTED_EVENT,
        occurred_at=_at(0),
        correlation_id=_STARTED_EVENT,
        conversation_id=_CONVERSATION,
        owner_id=_USER,
        title="My order",
        client_conversation_id=_CLIENT_CONVERSATION,
    ),
    MessageSent(
        event_id=_QUESTION_EVENT,
        occurred_at=_at(120_000),
        correlation_id=_QUESTION_EVENT,
        conversation_id=_CONVERSATION,
        message_id=_QUESTION,
        sender=_ADA,
        text="where is my order 48213?",
        client_message_id=_CLIENT_MESSAGE,
        answer_by=_at(120_000) + timedelta(seconds=60),
    ),
    ReplyFailed(
        event_id=_FAILED_EVENT,
        occurred_at=_at(125_000) + timedelta(seconds=75),
        causation_id=_QUESTION_EVENT,
        correlation_id=_QUESTION_EVENT,
        conversation_id=_CONVERSATION,
        in_reply_to=_QUESTION,
        reason=FailureReason.LATE,
    ),
    ReplyGenerated(
        event_id=_REPLY_EVENT,
        occurred_at=_at(124_001),
        causation_id=_QUESTION_EVENT,
        correlation_id=_QUESTION_EVENT,
        conversation_id=_CONVERSATION,
        message_id=_REPLY_EVENT,
        sender=Sender(id=ids.ASSISTANT_ID, kind=SenderKind.ASSISTANT, name="Parley"),
        text="Order 48213 is on its way.",
        in_reply_to=_QUESTION,
        source=ReplySource.TEMPLATE,
        intent="order_status",
        confidence=0.97,
        citations=(Citation(id="shipping-times", title="Shipping times", score=0.62),),
        model_version="minilm-int8+head-1",
        why=Why(
            intent="order_status",
            score=0.97,
            snippet_ids=("shipping-times",),
            snippet_score=0.81,
            model_version="minilm-int8+head-1",
            context=(Context.CARRIED_SLOTS,),
        ),
        attempt=_ATTEMPT,
    ),
    ReplyDelta(
        event_id=ids.delta_event_id(_QUESTION, _ATTEMPT, 0),
        occurred_at=_at(123_000),
        causation_id=_QUESTION_EVENT,
        correlation_id=_QUESTION_EVENT,
        conversation_id=_CONVERSATION,
        in_reply_to=_QUESTION,
        attempt=_ATTEMPT,
        offset=0,
        text="Order 48213 is ",
    ),
    ReplyStopAsked(
        event_id=_STOP,
        occurred_at=_at(150_000),
        correlation_id=_STOP,
        conversation_id=_CONVERSATION,
        message_id=_QUESTION,
        sender=_ADA,
    ),
    ReplyRegenerateAsked(
        event_id=_REGENERATE,
        occurred_at=_at(160_000),
        correlation_id=_REGENERATE,
        conversation_id=_CONVERSATION,
        message_id=_QUESTION,
        sender=_ADA,
        text="where is my order 48213?",
    ),
    MessageEdited(
        event_id=_EDIT,
        occurred_at=_at(200_000),
        correlation_id=_EDIT,
        conversation_id=_CONVERSATION,
        message_id=_QUESTION,
        sender=_ADA,
        text="where is my order 48214?",
    ),
    ReactionSet(
        event_id=_REACTION,
        occurred_at=_at(300_000),
        correlation_id=_REACTION,
        conversation_id=_CONVERSATION,
        message_id=_QUESTION,
        sender=_ADA,
        emoji="👍",
        active=True,
    ),
    FeedbackGiven(
        event_id=_FEEDBACK,
        occurred_at=_at(350_000),
        correlation_id=_FEEDBACK,
        conversation_id=_CONVERSATION,
        message_id=_REPLY_EVENT,
        sender=_ADA,
        in_reply_to=_QUESTION,
        rating=Rating.DOWN,
        reason="It is the other order.",
    ),
    MessagesDelivered(
        event_id=_DELIVERED,
        occurred_at=_at(390_000),
        correlation_id=_DELIVERED,
        conversation_id=_CONVERSATION,
        message_id=_QUESTION,
        sender=_GRACE,
        up_to=_at(0),
    ),
    MessagesRead(
        event_id=_READ,
        occurred_at=_at(400_000),
        correlation_id=_READ,
        conversation_id=_CONVERSATION,
        message_id=_REPLY_EVENT,
        sender=_ADA,
        up_to=_at(124_001),
    ),
    MessageDeleted(
        event_id=_DELETION,
        occurred_at=_at(500_000),
        correlation_id=_DELETION,
        conversation_id=_CONVERSATION,
        message_id=_QUESTION,
        sender=_ADA,
    ),
    ConversationHandedOver(
        event_id=_HANDED_OVER,
        occurred_at=_at(600_000),
        correlation_id=_HANDED_OVER,
        conversation_id=_CONVERSATION,
        sender=_ADA,
        to=Handler.AGENT,
        note="The parcel came without its lid.",
    ),
    AgentJoined(
        event_id=_JOINED,
        occurred_at=_at(700_000),
        correlation_id=_JOINED,
        conversation_id=_CONVERSATION,
        sender=Sender(id=_AGENT, kind=SenderKind.AGENT, name="Grace"),
    ),
    HandoverAsked(
        event_id=_HANDOVER_ASKED,
        occurred_at=_at(120_001),
        causation_id=_QUESTION_EVENT,
        correlation_id=_QUESTION_EVENT,
        conversation_id=_CONVERSATION,
        sender=Sender(id=ids.ASSISTANT_ID, kind=SenderKind.ASSISTANT, name="Parley"),
        to=Handler.AGENT,
        in_reply_to=_QUESTION,
    ),
    ReplyWithheld(
        event_id=_WITHHELD_EVENT,
        occurred_at=_at(124_002),
        causation_id=_QUESTION_EVENT,
        correlation_id=_QUESTION_EVENT,
        conversation_id=_CONVERSATION,
        in_reply_to=_QUESTION,
    ),
    ConversationRenamed(
        event_id=_RENAMED,
        occurred_at=_at(700_000),
        correlation_id=_RENAMED,
        conversation_id=_CONVERSATION,
        sender=_ADA,
        title="The parcel without a lid",
    ),
    ConversationEnded(
        event_id=_ENDED,
        occurred_at=_at(800_000),
        correlation_id=_ENDED,
        conversation_id=_CONVERSATION,
        sender=_ADA,
    ),
    ConversationDeleted(
        event_id=_GONE,
        occurred_at=_at(900_000),
        correlation_id=_GONE,
        conversation_id=_CONVERSATION,
        sender=_ADA,
    ),
    HandoversNoted(
        event_id=_HANDOVER_NOTED,
        occurred_at=_at(601_000),
        causation_id=_HANDED_OVER,
        correlation_id=_HANDED_OVER,
        conversation_id=_CONVERSATION,
        handler=Handler.AGENT,
        changes=(
            HandoverChange(
                place=1_234, occurred_at=_at(600_000), event_id=_HANDED_OVER, to=Handler.AGENT
            ),
        ),
    ),
    MessageAnalyzed(
        event_id=_ANALYSIS_EVENT,
        occurred_at=_at(124_000),
        causation_id=_QUESTION_EVENT,
        correlation_id=_QUESTION_EVENT,
        conversation_id=_CONVERSATION,
        message_id=_QUESTION,
        user_id=_USER,
        intent="order_status",
        confidence=0.97,
        in_scope=True,
        sentiment=Sentiment(label=SentimentLabel.NEUTRAL, score=0.91),
        entities=(Entity(type="order_number", value="48213", confidence=1.0),),
        language="en",
        model_version="minilm-int8+head-1",
        timings_ms={"embedding": 1.4, "intent": 0.1},
        moderation=Moderation(flagged=False, score=0.02),
        versions={"embedding": "minilm-int8", "intent": "head-1"},
    ),
    ActionRecorded(
        event_id=UUID("3eaf4d85-8c3b-4e3b-a08a-3a6d3c6e9d04"),
        occurred_at=_at(0),
        correlation_id=UUID("3eaf4d85-8c3b-4e3b-a08a-3a6d3c6e9d04"),
        actor_id=_USER,
        action=Action.USER_REGISTERED,
        target_type="user",
        target_id=_USER,
        new={"role": "user"},
    ),
    SessionRevoked(
        event_id=_REVOKED_EVENT,
        occurred_at=_at(0),
        correlation_id=_REVOKED_EVENT,
        user_id=_USER,
        session_id=_SESSION,
        reason=RevocationReason.LOGGED_OUT,
    ),
    UserDisabled(
        event_id=UUID("5ac16fa7-ae5d-4a5d-82ac-5c8f5e80bf06"),
        occurred_at=_at(0),
        correlation_id=UUID("5ac16fa7-ae5d-4a5d-82ac-5c8f5e80bf06"),
        user_id=_USER,
    ),
    ProfileUpdated(
        event_id=_PROFILE,
        occurred_at=_at(0),
        correlation_id=_PROFILE,
        user_id=_USER,
        version=12,
        messages=6,
        language="en",
        language_share=1.0,
        intents=(FrequentIntent(name="order_status", count=4),),
        mood=Mood(always=0.25, lately=0.5),
        first_seen_at=_at(0) - timedelta(days=30),
        last_seen_at=_at(0),
    ),
    DocumentPublished(
        event_id=_PUBLISHED,
        occurred_at=_at(0),
        correlation_id=_PUBLISHED,
        document_id=_DOCUMENT,
        version=1,
        title="Delivery",
        sha256="5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
        sections=(
            Section(
                id="doc-5d21d8a1e0-1",
                title="Parcel lockers",
                text="Parcels wait in a locker for seven days.",
            ),
        ),
    ),
    DocumentRemoved(
        event_id=_REMOVED,
        occurred_at=_at(1),
        correlation_id=_REMOVED,
        document_id=_DOCUMENT,
        version=2,
    ),
    *AI_EXAMPLES,
    *MODEL_EXAMPLES,
)

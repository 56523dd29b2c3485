"""Every topic: what it carries, its key and partitions, how long it is kept, who writes and reads.

The catalogue is the one place that knows; topics are created from it and code is tested against it.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from schemas.events.admin import ActionRecorded
from schemas.events.ai import (
    REPLY_PARTITIONS,
    FindSnippets,
    GenerateResponse,
    IntentRead,
    ListModels,
    MessageProcessed,
    ModelsListed,
    ProcessMessage,
    ReadIntent,
    ReadSentiment,
    RequestFailed,
    RequestLeft,
    ResponseGenerated,
    ResponsePiece,
    SentimentRead,
    SnippetsFound,
    Summarize,
    Summarized,
)
from schemas.events.chat import (
    AgentJoined,
    ConversationHandedOver,
    ConversationStarted,
    FeedbackGiven,
    MessageDeleted,
    MessageEdited,
    MessagesDelivered,
    MessageSent,
    MessagesRead,
    ReactionSet,
    ReplyRegenerateAsked,
    ReplyStopAsked,
)
from schemas.events.control import SessionRevoked, UserDisabled
from schemas.events.conversations import (
    ConversationDeleted,
    ConversationEnded,
    ConversationRenamed,
)
from schemas.events.envelope import Event
from schemas.events.handovers import HandoversNoted
from schemas.events.insights import MessageAnalyzed
from schemas.events.knowledge import DocumentPublished, DocumentRemoved
from schemas.events.models import (
    CancelTraining,
    EncoderStored,
    ExamplesGiven,
    HeadStored,
    ModelPromoted,
    ModelRegistered,
    TrainingFinished,
    TrainingProgressed,
    TrainingStarted,
    TrainModel,
)
from schemas.events.profiles import ProfileUpdated
from schemas.events.replies import (
    HandoverAsked,
    ReplyDelta,
    ReplyFailed,
    ReplyGenerated,
    ReplyWithheld,
)

EDGE = "edge-ws"
GATEWAY = "gateway"
TAILS = frozenset({EDGE, GATEWAY})
"""These read without a group, so nothing of theirs is dead-lettered."""

KEYED_PARTITIONS = 12
"""Fixed at creation and never grown: growing would move keys to other partitions."""

DESK = "dlq-desk"
"""The operator's desk (`parley dlq`): it puts dead letters on retry topics."""

CLOCK_TOPIC = "clock-readings"
"""Empty records, written to learn from their timestamps what the broker's clock shows; not events.
"""

ANSWERS_RETENTION = timedelta(minutes=10)
"""Somebody waits for seconds; what was asked and answered over REST is not to be kept."""

DEAD_LETTER_PARTITIONS = 1
DEAD_LETTER_RETENTION = timedelta(days=28)
RETRY_RETENTION = timedelta(days=42)
"""A retry topic is also the desk's memory of what it has redriven (ADR 0012), so it outlives the
dead letters: they are deleted by segments, which stay open for up to a week."""


class Topic(StrEnum):
    """Names as Kafka knows them; kebab, because `.` and `_` collide in metric names."""

    CHAT_MESSAGES = "chat-messages"
    CHAT_REPLIES = "chat-replies"
    CHAT_REPLY_DELTAS = "chat-reply-deltas"
    CONVERSATION_HANDOVERS = "conversation-handovers"
    MESSAGE_INSIGHTS = "message-insights"
    ADMIN_ACTIONS = "admin-actions"
    AI_REQUESTS = "ai-requests"
    AI_REPLIES = "ai-replies"
    CONTROL = "control"
    KNOWLEDGE = "knowledge-documents"
    MODEL_EVENTS = "model-events"
    MODEL_HEADS = "model-heads"
    MODEL_ENCODERS = "model-encoders"
    TRAINING_EXAMPLES = "training-examples"
    USER_PROFILES = "user-profiles"


@dataclass(frozen=True, kw_only=True)
class TopicSpec:
    """One topic's contract; `retention` None keeps records for ever."""

    events: tuple[type[Event], ...]
    key: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    tails: tuple[str, ...] = ()
    """Who reads without a group, every record in every replica: nothing is dead-lettered."""
    partitions: int = KEYED_PARTITIONS
    retention: timedelta | None = None
    compacted: bool = False
    """Whether a key's latest record is enough: the broker drops older ones in time."""


CATALOGUE: dict[Topic, TopicSpec] = {
    Topic.CHAT_MESSAGES: TopicSpec(
        events=(
            MessageSent,
            ConversationStarted,
            MessageEdited,
            MessageDeleted,
            ReactionSet,
            FeedbackGiven,
            MessagesRead,
            MessagesDelivered,
            ReplyStopAsked,
            ReplyRegenerateAsked,
            ConversationHandedOver,
            ConversationRenamed,
            ConversationEnded,
            ConversationDeleted,
            AgentJoined,
        ),
        key="conversation_id",
        writers=("edge-ws", "gateway"),
        readers=("nlp", "persistence", "personalization", "analytics", EDGE),
    ),
    Topic.CHAT_REPLIES: TopicSpec(
        events=(ReplyGenerated, ReplyFailed, ReplyWithheld, HandoverAsked),
        key="conversation_id",
        writers=("nlp",),
        readers=("persistence", "analytics", EDGE),
    ),
    Topic.CHAT_REPLY_DELTAS: TopicSpec(
        events=(ReplyDelta,),
        key="conversation_id",
        writers=("nlp",),
        readers=(EDGE,),
        # Only who comes back while an answer is being written wants them again.
        retention=timedelta(minutes=10),
    ),
    Topic.CONVERSATION_HANDOVERS: TopicSpec(
        events=(HandoversNoted,),
        key="conversation_id",
        writers=("nlp",),
        readers=(),
        tails=("nlp",),
        # Every replica reads it from the start: one small record per conversation handed over.
        partitions=1,
        compacted=True,
    ),
    Topic.MESSAGE_INSIGHTS: TopicSpec(
        events=(MessageAnalyzed,),
        key="conversation_id",
        writers=("nlp",),
        readers=("persistence", "personalization", "analytics"),
    ),
    Topic.ADMIN_ACTIONS: TopicSpec(
        events=(ActionRecorded,),
        key="target_id",
        writers=("gateway", DESK),
        readers=("audit",),
        partitions=3,
    ),
    Topic.AI_REQUESTS: TopicSpec(
        events=(
            ProcessMessage,
            ReadSentiment,
            ReadIntent,
            GenerateResponse,
            Summarize,
            ListModels,
            FindSnippets,
            RequestLeft,
        ),
        key="request_id",
        writers=("gateway",),
        readers=("nlp",),
        retention=ANSWERS_RETENTION,
    ),
    Topic.AI_REPLIES: TopicSpec(
        events=(
            MessageProcessed,
            SentimentRead,
            IntentRead,
            ResponsePiece,
            ResponseGenerated,
            Summarized,
            ModelsListed,
            SnippetsFound,
            RequestFailed,
        ),
        key="request_id",
        writers=("nlp",),
        readers=(GATEWAY,),
        partitions=REPLY_PARTITIONS,
        retention=ANSWERS_RETENTION,
    ),
    Topic.CONTROL: TopicSpec(
        events=(SessionRevoked, UserDisabled),
        key="user_id",
        writers=("gateway",),
        readers=(EDGE,),
        partitions=3,
        # The longest that an access token can be told to live: nothing older matters to anybody.
        retention=timedelta(days=1),
    ),
    Topic.KNOWLEDGE: TopicSpec(
        events=(DocumentPublished, DocumentRemoved),
        key="document_id",
        writers=("gateway",),
        readers=(),
        tails=("nlp",),
        # Every replica reads it from the start: a few documents, in the order of their changes.
        partitions=1,
    ),
    Topic.MODEL_EVENTS: TopicSpec(
        events=(
            TrainModel,
            CancelTraining,
            TrainingStarted,
            TrainingProgressed,
            TrainingFinished,
            ModelRegistered,
            ModelPromoted,
        ),
        key="model",
        writers=("gateway", "nlp"),
        readers=("persistence",),
        tails=("nlp",),
        # One order for all of it: the first claim to a job holds (ADR 0022), and little is written.
        partitions=1,
    ),
    Topic.MODEL_HEADS: TopicSpec(
        events=(HeadStored,),
        key="version",
        writers=("nlp",),
        readers=(),
        tails=("nlp",),
        partitions=1,
    ),
    Topic.MODEL_ENCODERS: TopicSpec(
        # Beside the heads and not among them: whoever looks for a head passes no megabytes by.
        events=(EncoderStored,),
        key="version",
        writers=("nlp",),
        readers=(),
        tails=("nlp",),
        partitions=1,
    ),
    Topic.TRAINING_EXAMPLES: TopicSpec(
        events=(ExamplesGiven,),
        key="job_id",
        writers=("gateway",),
        readers=(),
        tails=("nlp",),
        partitions=1,
        # What people wrote: kept for as long as a job may wait for a worker, no longer.
        retention=timedelta(days=7),
    ),
    Topic.USER_PROFILES: TopicSpec(
        events=(ProfileUpdated,),
        key="user_id",
        writers=("personalization",),
        readers=(),
        tails=("nlp",),
        compacted=True,
    ),
}

EVENT_TYPES: dict[str, type[Event]] = {
    event.event_type: event for spec in CATALOGUE.values() for event in spec.events
}
TOPIC_OF: dict[type[Event], Topic] = {
    event: topic for topic, spec in CATALOGUE.items() for event in spec.events
}


def topics_of(reader: str) -> tuple[Topic, ...]:
    """Return the topics that this process reads."""
    return tuple(topic for topic, spec in CATALOGUE.items() if reader in spec.readers)


def group_of(consumer: str) -> str:
    """Return the consumer group's id."""
    return f"chat-{consumer}"


def dead_letter_topic(topic: Topic, consumer: str) -> str:
    """Return where this consumer puts records of this topic that it cannot read."""
    return f"{topic}-{consumer}-dlq"


def retry_topic(topic: Topic, consumer: str) -> str:
    """Return where the desk puts dead letters back, for this consumer alone."""
    return f"{topic}-{consumer}-retry"


@dataclass(frozen=True)
class Lane:
    """One consumer's way round on one topic: from the topic to dead letters and back."""

    topic: Topic
    consumer: str

    @property
    def dead_letters(self) -> str:
        return dead_letter_topic(self.topic, self.consumer)

    @property
    def retries(self) -> str:
        return retry_topic(self.topic, self.consumer)


LANES: tuple[Lane, ...] = tuple(
    Lane(topic, reader)
    for topic, spec in CATALOGUE.items()
    for reader in spec.readers
    if reader not in TAILS
)
_SOURCES: dict[str, Topic] = {lane.retries: lane.topic for lane in LANES}


def dead_letter_topics() -> tuple[str, ...]:
    """Return every dead-letter topic of the catalogue."""
    return tuple(lane.dead_letters for lane in LANES)


def retry_topics() -> tuple[str, ...]:
    """Return every retry topic of the catalogue."""
    return tuple(lane.retries for lane in LANES)


def subscription_of(consumer: str) -> tuple[str, ...]:
    """Return what the consumer's group subscribes to: its topics and their retry topics."""
    retries = (lane.retries for lane in LANES if lane.consumer == consumer)
    return (*topics_of(consumer), *retries)


def source_of(name: str) -> Topic:
    """Return the topic that a record belongs to: itself, or the one behind a retry topic.

    Raises:
        ValueError: the catalogue knows neither.
    """
    return _SOURCES.get(name) or Topic(name)

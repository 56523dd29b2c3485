"""The metrics of all processes in one place; labels are bounded, never a person or a message."""

from prometheus_client import Counter, Gauge, Histogram

# Seconds; dense where chat lives (design: answers in 10-60 ms), sparse beyond.
LATENCY_BUCKETS = (
    0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip

# A language model may write for half a minute, and an answer is waited for a whole one.
ANSWER_BUCKETS = (*LATENCY_BUCKETS, 30.0, 60.0)

# The floor: publishing and consuming.
published = Counter("chat_published_total", "Events put on a topic.", ["topic", "status"])
publish_seconds = Histogram(
    "chat_publish_seconds", "From publish to the broker's answer.", ["topic"],
    buckets=LATENCY_BUCKETS,
)  # fmt: skip
consumed = Counter("chat_consumed_total", "Records a consumer finished.", ["group", "topic"])
dead_lettered = Counter(
    "chat_dead_lettered_total", "Records put on a dead-letter topic.", ["group", "topic", "reason"]
)
dead_letters = Gauge(
    "chat_dead_letters",
    "Records on a group's dead-letter topic, redriven ones too until they expire.",
    ["group", "topic"],
)
consume_retries = Counter(
    "chat_consume_retries_total", "Batches tried again after a shared outage.", ["group"]
)
parked = Counter(
    "chat_parked_total", "Records put on a retry topic by their consumer.", ["group", "topic"]
)
retried = Counter("chat_retried_total", "Tries of parked records.", ["group", "outcome"])
parked_keys = Gauge("chat_parked_keys", "Keys that wait for another try.", ["group"])
late_dropped = Counter(
    "chat_late_dropped_total", "Work left undone because its deadline had passed.",
    ["group", "topic"],
)  # fmt: skip
consume_lag = Gauge("chat_consume_lag", "Records not yet handled.", ["group", "topic"])
consume_lag_seconds = Gauge(
    "chat_consume_lag_seconds", "Age of the oldest record not yet handled.", ["group", "topic"]
)
rebalances = Counter(
    "chat_rebalances_total", "Times a group gave this member partitions.", ["group"]
)
# Seconds from where somebody speaks to where it is worked; an outage shows in the last ones.
handled_seconds = Histogram(
    "chat_handled_seconds",
    "From the timestamp of a batch's oldest record until it was handled (rows stored).",
    ["group", "topic"], buckets=(*LATENCY_BUCKETS, 30.0, 60.0, 300.0),
)  # fmt: skip
batch_seconds = Histogram(
    "chat_batch_seconds", "From a polled batch to its end.", ["group"], buckets=LATENCY_BUCKETS
)

clock_offset = Gauge(
    "chat_clock_offset_seconds", "What is added to this machine's clock to agree with the broker's."
)

# The edge.
sockets = Gauge("chat_sockets", "Open sockets on this edge.")
frames_in = Counter("chat_frames_in_total", "Frames from clients.", ["type"])
frames_out = Counter("chat_frames_out_total", "Frames pushed to clients.", ["type"])
sockets_closed = Counter("chat_sockets_closed_total", "Closed sockets.", ["code"])

# The product (names are part of the specification).
chat_messages = Counter(
    "chat_messages_total", "Messages that the log has taken, by who says them.", ["message_type"]
)
active_conversations = Gauge(
    "active_conversations", "Conversations that a socket of this edge has joined."
)
chat_response_seconds = Histogram(
    "chat_response_time_seconds", "From a question to its published answer.",
    buckets=ANSWER_BUCKETS,
)  # fmt: skip
ai_requests = Counter("ai_requests_total", "Work of the assistant.", ["endpoint", "status"])
ai_request_seconds = Histogram(
    "ai_request_duration_seconds", "Time of the assistant's work.", ["endpoint"],
    buckets=LATENCY_BUCKETS,
)  # fmt: skip
ai_step_seconds = Histogram(
    "chat_nlp_step_seconds", "Time of each step of understanding.", ["step"],
    buckets=LATENCY_BUCKETS,
)  # fmt: skip
# From a message's arrival at the assistant to its answer's acceptance by the broker.
nlp_reply_seconds = Histogram(
    "chat_nlp_reply_seconds", "From a message's arrival to its published answer.",
    buckets=ANSWER_BUCKETS,
)  # fmt: skip
ai_first_piece_seconds = Histogram(
    "ai_first_piece_seconds", "From asking a language model to its first words.",
    buckets=LATENCY_BUCKETS,
)  # fmt: skip
ai_embeddings = Counter(
    "ai_embeddings_total", "Messages' vectors, from the model or from memory.", ["source"]
)
ai_moderated = Counter(
    "ai_moderated_total", "Messages, and a language model's answers, found abusive.", ["text"]
)
ai_tokens = Counter("ai_tokens_total", "Tokens of language models.", ["kind"])
ai_model_accuracy = Gauge(
    "ai_model_accuracy", "Share of held-out sentences a model understands.", ["model_name"]
)
# What a gateway asks the assistant, and what comes back.
ai_reply_lease = Gauge("chat_ai_reply_lease", "Whether this gateway can ask the assistant.")
ai_pending = Gauge("chat_ai_pending", "Requests of this gateway that wait for an answer.")
ai_replies_dropped = Counter(
    "chat_ai_replies_dropped_total", "Answers nobody waits for, or that cannot be.", ["reason"]
)
http_requests = Counter("http_requests_total", "HTTP requests.", ["method", "route", "status"])
http_request_seconds = Histogram(
    "http_request_duration_seconds", "HTTP requests' time.", ["method", "route"],
    buckets=LATENCY_BUCKETS,
)  # fmt: skip

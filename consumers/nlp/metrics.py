"""The nlp consumer's own metric; those shared with the gateway are in `runtime.metrics`."""

from prometheus_client import Histogram

from runtime.metrics import LATENCY_BUCKETS

# From the batch's arrival in this process to the answer's acceptance by the broker.
reply_seconds = Histogram(
    "chat_nlp_reply_seconds", "From a message's arrival to its published answer.",
    buckets=LATENCY_BUCKETS,
)  # fmt: skip

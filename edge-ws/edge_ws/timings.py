"""Where a message's time goes on the edge; the names follow runtime.metrics."""

from prometheus_client import Counter, Histogram

# Seconds; the edge's own part of an answer is a fraction of a millisecond.
_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0)

receive_seconds = Histogram(
    "chat_edge_receive_seconds",
    "From a frame's arrival to its hand-over to the publisher.",
    buckets=_BUCKETS,
)
fanout_seconds = Histogram(
    "chat_edge_fanout_seconds",
    "From the record's timestamp (milliseconds) to its push to sockets.",
    buckets=_BUCKETS,
)
records_skipped = Counter(
    "chat_edge_records_skipped_total", "Records that no socket can be sent.", ["reason"]
)
whispers_lost = Counter(
    "chat_edge_whispers_lost_total", "Typing and presence that could not be told or read."
)
revocations = Counter("chat_edge_revocations_total", "Revocations heard of.", ["type"])
frames_too_fast = Counter(
    "chat_edge_frames_too_fast_total", "Frames refused because their user sends too many."
)
control_restarts = Counter(
    "chat_edge_control_restarts_total", "Times the reader of control had to start again."
)
tail_restarts = Counter("chat_edge_tail_restarts_total", "Times the tail had to start again.")
past_records = Counter(
    "chat_edge_past_records_total", "Records read again for people who came back."
)

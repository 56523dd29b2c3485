"""Kafka clients as Parley wants them: every default that loses records is turned off here."""

from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from runtime.connections import mend_connections
from runtime.fetching import SessionConsumer

if TYPE_CHECKING:
    from runtime.settings import KafkaSettings

REQUEST_TIMEOUT_MS = 10_000
SESSION_TIMEOUT_MS = 10_000
HEARTBEAT_INTERVAL_MS = 3_000
METADATA_MAX_AGE_MS = 30_000
RETRY_BACKOFF_MS = 100
MAX_RECORD_BYTES = 1_000_000
# Batches form while the broker has one in its hands; large ones drain a backlog in few requests.
MAX_BATCH_BYTES = 256 * 1024

mend_connections()


def create_producer(settings: "KafkaSettings", client_id: str) -> AIOKafkaProducer:
    """Return a producer that waits for all replicas and never writes a retry twice.

    Lingering is off: somebody waits for each record; batches form by themselves under load.
    """
    return AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap_servers,
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        max_request_size=MAX_RECORD_BYTES,
        max_batch_size=MAX_BATCH_BYTES,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        retry_backoff_ms=RETRY_BACKOFF_MS,
        metadata_max_age_ms=METADATA_MAX_AGE_MS,
    )


def create_fleeting_producer(settings: "KafkaSettings", client_id: str) -> AIOKafkaProducer:
    """Return a producer for what may be lost: the leader's word is enough, a retry may repeat."""
    return AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap_servers,
        client_id=client_id,
        acks=1,
        enable_idempotence=False,
        linger_ms=0,
        max_request_size=MAX_RECORD_BYTES,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        retry_backoff_ms=RETRY_BACKOFF_MS,
        metadata_max_age_ms=METADATA_MAX_AGE_MS,
    )


def create_tail(settings: "KafkaSettings", client_id: str) -> AIOKafkaConsumer:
    """Return a consumer without a group: its owner assigns partitions and keeps the positions."""
    return SessionConsumer(
        bootstrap_servers=settings.bootstrap_servers,
        client_id=client_id,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="latest",
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        retry_backoff_ms=RETRY_BACKOFF_MS,
        metadata_max_age_ms=METADATA_MAX_AGE_MS,
        # Waking at once matters more than full fetches: a person waits at the other end.
        fetch_max_wait_ms=500,
        fetch_min_bytes=1,
    )


def create_reader(settings: "KafkaSettings", client_id: str) -> AIOKafkaConsumer:
    """Return a consumer without a group that reads what is there; truncated logs from their start.

    Its owner notices that by the offset of the first record.
    """
    return AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap_servers,
        client_id=client_id,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        retry_backoff_ms=RETRY_BACKOFF_MS,
        metadata_max_age_ms=METADATA_MAX_AGE_MS,
        fetch_max_wait_ms=100,
        fetch_min_bytes=1,
    )

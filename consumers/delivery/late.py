"""Work that nobody waits for any more: dropped by its deadline header, before anything is read."""

from datetime import datetime

from consumers.delivery.ports import Record
from runtime import metrics
from schemas import headers as names
from schemas.topics import source_of


def is_late(record: Record, now: datetime) -> bool:
    """Tell whether the record's deadline has passed; one that cannot be read is none."""
    for name, value in record.headers:
        if name == names.DEADLINE and value is not None:
            return _passed(value, now)
    return False


def count_late(group: str, topic: str, records: int = 1) -> None:
    """Count records dropped for their deadline, under the topic they were written to."""
    metrics.consume_late.labels(group, source_of(topic)).inc(records)


def _passed(value: bytes, now: datetime) -> bool:
    try:
        deadline = datetime.fromisoformat(value.decode("ascii"))
    except ValueError:
        return False
    return deadline.tzinfo is not None and deadline < now

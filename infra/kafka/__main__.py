"""`python -m infra.kafka`: make the topics what the catalogue says; run before anything else."""

import asyncio
import sys

import structlog
from aiokafka.errors import KafkaError

from infra.kafka.plan import plan_topics
from infra.kafka.topics import apply
from runtime.logging import configure_logging
from runtime.settings import ProcessSettings

log = structlog.get_logger(__name__)


def main() -> int:
    """Return 0 when the topics are as planned or can be lived with, 1 otherwise."""
    settings = ProcessSettings()
    configure_logging("topics", settings.log)
    kafka = settings.kafka
    try:
        created, drift = asyncio.run(apply(kafka.bootstrap_servers, plan_topics(kafka.replication)))
    except (KafkaError, OSError) as error:
        log.error("topics_failed", error=repr(error))  # noqa: TRY400 - one line says it all
        return 1
    log.info("topics_verified", created=created)
    for found in drift:
        log.warning(
            "topic_drift",
            topic=found.topic,
            what=found.what,
            wanted=found.wanted,
            found=found.found,
        )
    return 1 if any(found.breaks_order for found in drift) else 0


if __name__ == "__main__":
    sys.exit(main())

"""No Kafka client relies on a default: FastStream's lose messages, aiokafka's acknowledge early."""

import ast

import pytest

from tests.architecture.sources import called_name, calls, code

WRITTEN_OUT = {
    "subscriber": {"ack_policy", "auto_offset_reset"},
    "AIOKafkaConsumer": {"enable_auto_commit", "auto_offset_reset", "group_id"},
    "SessionConsumer": {"enable_auto_commit", "auto_offset_reset", "group_id"},
    "AIOKafkaProducer": {"acks", "enable_idempotence"},
    "KafkaBroker": {"acks", "enable_idempotence", "allow_auto_create_topics"},
}


def keywords(call: ast.Call) -> set[str]:
    """Return the keywords of a call; a `**mapping` counts for all, being made in one place."""
    if any(keyword.arg is None for keyword in call.keywords):
        return set().union(*WRITTEN_OUT.values())
    return {keyword.arg for keyword in call.keywords if keyword.arg is not None}


@pytest.mark.parametrize("client", WRITTEN_OUT)
def test_a_client_writes_its_promises_out(client: str) -> None:
    """Acknowledgement, commit and group are stated where the client is made."""
    silent = [
        f"{source.path}:{call.lineno} lacks {sorted(missing)}"
        for source in code()
        for call in calls(source)
        if called_name(call) == client and (missing := WRITTEN_OUT[client] - keywords(call))
    ]
    assert not silent

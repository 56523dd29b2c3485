"""A connection to the broker that has just closed is a lost connection, not a defect.

On uvloop writing to it raises RuntimeError, of which aiokafka knows nothing (its issue 1038): the
task that sends, fetches or reads metadata would end, and its client would never work again.
"""

from collections.abc import Awaitable
from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

_send = AIOKafkaConnection.send


def mend_connections() -> None:
    """Let every client of this process meet a closed connection as any other that is lost."""
    AIOKafkaConnection.send = send


def send(connection: AIOKafkaConnection, request: object, **options: bool) -> Awaitable[Any]:
    """Send a request.

    Raises:
        KafkaConnectionError: the connection is closed, or not open yet.
    """
    try:
        answer: Awaitable[Any] = _send(connection, request, **options)
    except RuntimeError as error:
        connection.close(reason=CloseReason.CONNECTION_BROKEN)
        message = f"the connection to {connection.host}:{connection.port} has closed"
        raise KafkaConnectionError(message) from error
    return answer

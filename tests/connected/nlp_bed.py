"""What the tests of the assistant share: its process, questions to it, and what it publishes."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from aiokafka import AIOKafkaConsumer

from schemas.events.chat import MessageSent, Sender, SenderKind
from schemas.events.insights import MessageAnalyzed
from schemas.events.replies import ReplyGenerated
from schemas.topics import Topic, group_of
from tests.connected import delivery_bed as bed
from tests.stack import Stack

ROOT = Path(__file__).parents[2]


def question(text: str) -> MessageSent:
    """Return a message in a conversation of its own."""
    event_id = uuid4()
    return MessageSent(
        event_id=event_id,
        occurred_at=bed.unique_hour(),
        correlation_id=event_id,
        conversation_id=uuid4(),
        message_id=uuid4(),
        sender=Sender(id=uuid4(), kind=SenderKind.USER, name="Ada"),
        text=text,
        client_message_id=uuid4(),
    )


@contextmanager
def nlp(stack: Stack, model_dir: Path, **changes: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the consumer as a process, and end it."""
    environment = os.environ | {  # noqa: TID251 - a child process needs PATH and its like
        "PARLEY_KAFKA__BOOTSTRAP_SERVERS": stack.bootstrap_servers,
        "PARLEY_HEALTH__PORT": str(bed.free_port()),
        "PARLEY_NLP__MODEL_DIR": str(model_dir),
        **changes,
    }
    process = subprocess.Popen([sys.executable, "-m", "consumers.nlp"], cwd=ROOT, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


async def start_at_the_end(stack: Stack) -> None:
    """Leave what other tests have said unanswered."""
    ends = await bed.ends(stack, [Topic.CHAT_MESSAGES])
    consumer = AIOKafkaConsumer(
        bootstrap_servers=stack.bootstrap_servers,
        group_id=group_of("nlp"),
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        consumer.assign(list(ends))
        await consumer.commit(ends)
    finally:
        await consumer.stop()


@dataclass
class Heard:
    """What the assistant has published, repeats included."""

    replies: list[ReplyGenerated] = field(default_factory=list)
    insights: list[MessageAnalyzed] = field(default_factory=list)

    def answered(self) -> set[UUID]:
        """Return the messages that have both a reply and an insight."""
        replied = {reply.in_reply_to for reply in self.replies}
        return replied & {insight.message_id for insight in self.insights}


class Listener:
    """Reads replies and insights from where the test began."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self.heard = Heard()

    async def until_answered(self, expected: set[UUID]) -> None:
        """Read until every message has a reply and an insight."""
        async with asyncio.timeout(150):
            while not self.heard.answered() >= expected:
                for records in (await self._consumer.getmany(timeout_ms=500)).values():
                    for record in records:
                        self._hear(record.topic, record.value)

    def _hear(self, topic: str, value: bytes) -> None:
        if topic == Topic.CHAT_REPLIES:
            self.heard.replies.append(ReplyGenerated.model_validate_json(value))
        else:
            self.heard.insights.append(MessageAnalyzed.model_validate_json(value))


@asynccontextmanager
async def listening(stack: Stack) -> AsyncIterator[Listener]:
    """Hear everything that is published from now on."""
    since = await bed.ends(stack, [Topic.CHAT_REPLIES, Topic.MESSAGE_INSIGHTS])
    consumer = AIOKafkaConsumer(
        bootstrap_servers=stack.bootstrap_servers, group_id=None, enable_auto_commit=False
    )
    await consumer.start()
    try:
        consumer.assign(list(since))
        for where, start in since.items():
            consumer.seek(where, start)
        yield Listener(consumer)
    finally:
        await consumer.stop()

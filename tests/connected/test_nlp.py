"""The assistant on the real log: every message answered once, also when its process is killed."""

from pathlib import Path

import pytest

from schemas.events.replies import ReplySource
from schemas.ids import derived_event_id
from tests.connected import delivery_bed as bed
from tests.connected.nlp_bed import ROOT, listening, nlp, question, start_at_the_end
from tests.stack import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]


async def test_every_message_is_answered_once_though_the_process_is_killed(
    infra_stack: Stack, tmp_path: Path
) -> None:
    """Killed in the middle and started again: one reply and one insight per message, by id."""
    await start_at_the_end(infra_stack)
    asked = [question(f"where is my order {48_213 + at}?") for at in range(300)]
    expected = {message.message_id for message in asked}
    kept = ROOT / ".parley" / "models"
    model_dir = kept if kept.is_dir() else tmp_path
    async with bed.producing(infra_stack) as producer, listening(infra_stack) as listener:
        with nlp(infra_stack, model_dir) as process:
            await bed.publish(producer, asked[:1])
            await listener.until_answered({asked[0].message_id})
            await bed.publish(producer, asked[1:])
            await listener.until_answered({asked[1].message_id})
            process.kill()
        with nlp(infra_stack, model_dir):
            await listener.until_answered(expected)
    heard = listener.heard
    assert len({reply.event_id for reply in heard.replies}) == len(asked)
    assert len({insight.event_id for insight in heard.insights}) == len(asked)
    for reply in heard.replies:
        message = next(each for each in asked if each.message_id == reply.in_reply_to)
        assert (reply.source, reply.intent) == (ReplySource.TEMPLATE, "order_status")
        assert message.text.removesuffix("?").rpartition(" ")[2] in reply.text
        assert reply.event_id == derived_event_id("nlp", message.event_id, reply.event_type)
        assert reply.occurred_at > message.occurred_at

"""Who was away for longer than the ring remembers gets all of it from the log, or is told."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest

from edge_ws.backlog import log_of
from edge_ws.past import Past, Span, TooFarError
from edge_ws.ports import KnownMessage, Log
from edge_ws.settings import ResumeSettings
from schemas.events.chat import Sender, SenderKind
from schemas.events.replies import ReplyGenerated, ReplySource
from schemas.topics import Topic
from tests.unit.edge_ws.stage import (
    NO_RING,
    Client,
    Frame,
    Stage,
    create_stage,
    join,
    running,
    until,
)


async def said(stage: Stage, count: int, text: str = "message") -> tuple[UUID, UUID, list[Frame]]:
    """Return a user, their conversation, and what they heard themselves say."""
    client = await Client.open(stage)
    conversation = await client.start()
    for number in range(count):
        await client.send(conversation, f"{text} {number}")
    return client.user_id, conversation, [await client.hear_type("message") for _ in range(count)]


def again(frames: list[Frame]) -> list[Frame]:
    return [{**frame, "replayed": True} for frame in frames]


async def everything_happens(stage: Stage) -> tuple[Client, UUID, list[Frame]]:
    """Return a client and all the events of its conversation, one of every kind."""
    client = await Client.open(stage)
    conversation = await client.start()
    heard = [await client.hear_type("conversation:started")]
    about = {"conversation_id": str(conversation)}
    for number in range(2):
        await client.send(conversation, f"{number}")
        heard.append(await client.hear_type("message"))
    stage.directory.messages.update(
        {(conversation, UUID(each["message_id"])): known_of(each) for each in heard[1:]}
    )
    kept = {**about, "message_id": heard[1]["message_id"]}
    gone = {**about, "message_id": heard[2]["message_id"]}
    for frame in (
        {"type": "message:edit", "text": "in other words", **kept},
        {"type": "reaction", "emoji": "👍", "active": True, **kept},
        {"type": "read", **kept},
        {"type": "message:delete", **gone},
    ):
        await client.say(ref=str(uuid4()), **frame)
        event = await client.hear()
        while "event_id" not in event:
            event = await client.hear()
        heard.append(event)
    await stage.publisher.publish(answer_to(conversation, UUID(heard[1]["message_id"])))
    heard.append(await client.hear_type("reply"))
    return client, conversation, heard


def known_of(frame: Frame) -> KnownMessage:
    return KnownMessage(UUID(frame["sender"]["id"]), datetime.fromisoformat(frame["occurred_at"]))


def answer_to(conversation: UUID, message: UUID) -> ReplyGenerated:
    event_id = uuid4()
    return ReplyGenerated(
        event_id=event_id,
        occurred_at=datetime.now(UTC),
        correlation_id=event_id,
        conversation_id=conversation,
        message_id=uuid4(),
        sender=Sender(id=uuid4(), kind=SenderKind.ASSISTANT, name="Parley"),
        text="an answer",
        in_reply_to=message,
        source=ReplySource.TEMPLATE,
        intent=None,
        confidence=1.0,
        model_version="v1",
    )


async def test_every_kind_of_event_is_replayed(forgetful: Stage) -> None:
    """What was missed comes exactly as it was live, edits, reactions, marks and answers too."""
    client, conversation, live = await everything_happens(forgetful)
    assert len({frame["type"] for frame in live}) == 7
    later = await Client.open(forgetful, client.user_id)
    *replayed, end = await join(later, conversation, positions=[live[1]["at"]])
    missed = again(live[2:])
    # The second message was deleted: it comes, without what it said.
    missed[0].update(text=None, attachments=[], deleted=True)
    assert replayed == missed
    assert end["positions"] == [live[-2]["at"], live[-1]["at"]]
    await client.send(conversation, "live")
    assert (await later.hear_type("message"))["text"] == "live"


async def test_the_words_of_a_deleted_message_are_not_replayed(forgetful: Stage) -> None:
    """Neither from the message nor from its edits, wherever the deletion stands."""
    client = await Client.open(forgetful)
    conversation = await client.start()
    await client.send(conversation, "secret one")
    message = await client.hear_type("message")
    about = {"conversation_id": str(conversation), "message_id": message["message_id"]}
    forgetful.directory.messages[conversation, UUID(message["message_id"])] = known_of(message)
    await client.say(type="message:edit", ref="e", text="secret two", **about)
    await client.hear_type("message:edited")
    await client.say(type="message:delete", ref="d", **about)
    gone = await client.hear_type("message:deleted")
    first = f"{gone['at'].partition(':')[0]}:0"
    later = await Client.open(forgetful, client.user_id)
    frames = await join(later, conversation, positions=[first])
    assert [frame["type"] for frame in frames] == ["message", "message:deleted", "caught_up"]
    assert "secret" not in str(frames)


@pytest.mark.parametrize("already_in", [False, True])
async def test_live_events_wait_for_the_missed_ones(forgetful: Stage, *, already_in: bool) -> None:
    """While the log is read people go on talking: the reader sees one order, and no hole."""
    user_id, conversation, live = await said(forgetful, 5)
    forgetful.past.open.clear()
    talker, later = [await Client.open(forgetful, user_id) for _ in range(2)]
    await join(talker, conversation)
    if already_in:
        await join(later, conversation)
    await later.say(
        type="conversation:join",
        ref="j",
        conversation_id=str(conversation),
        positions=[live[0]["at"]],
    )
    await until(lambda: forgetful.past.reads > 0)
    for number in range(5, 10):
        await talker.send(conversation, f"message {number}")
    for _ in range(5):
        await talker.hear_type("message")
    forgetful.past.open.set()
    await talker.send(conversation, "message 10")
    heard = [await later.hear_type("message") for _ in range(10)]
    assert [frame["text"] for frame in heard] == [f"message {number}" for number in range(1, 11)]
    offsets = [int(frame["at"].partition(":")[2]) for frame in heard]
    assert all(before < after for before, after in pairwise(offsets))


async def test_a_crowd_shares_one_reading(forgetful: Stage) -> None:
    """However many come back to one log at once, it is read for all of them together."""
    user_id, conversation, live = await said(forgetful, 30)
    forgetful.past.open.clear()
    crowd = [await Client.open(forgetful, user_id) for _ in range(15)]
    positions = [live[0]["at"]]
    joining = [asyncio.create_task(join(each, conversation, positions=positions)) for each in crowd]
    await until(lambda: forgetful.past.reads > 0)
    await asyncio.sleep(0.1)
    forgetful.past.open.set()
    for frames in await asyncio.gather(*joining):
        assert frames[:-1] == again(live[1:])
    alone = 30 // 3 + 1
    assert forgetful.past.reads < 4 * alone


async def test_replays_are_as_long_as_they_have_to_be() -> None:
    """More than a queue holds is sent bit by bit; every message once, in order."""
    async with running(create_stage(ring=NO_RING)) as stage:
        user_id, conversation, live = await said(stage, 150, "x" * 4_000)
        later = await Client.open(stage, user_id)
        *replayed, end = await join(later, conversation, positions=[live[0]["at"]])
        assert replayed == again(live[1:])
        assert end["type"] == "caught_up"


@pytest.mark.parametrize(
    "resume", [ResumeSettings(records=3), ResumeSettings(bytes=500)], ids=["records", "bytes"]
)
async def test_too_much_is_reset(resume: ResumeSettings) -> None:
    """Beyond what is read again the client is sent to the history, and hears what is live."""
    async with running(create_stage(ring=NO_RING, resume=resume)) as stage:
        user_id, conversation, live = await said(stage, 10)
        later = await Client.open(stage, user_id)
        [reset] = await join(later, conversation, positions=[live[0]["at"]])
        assert (reset["type"], reset["ref"]) == ("reset", "j")
        await later.send(conversation, "still here")
        assert (await later.hear_type("message"))["text"] == "still here"
        assert (await join(later, conversation))[-1]["type"] == "caught_up"


async def test_what_the_log_no_longer_has_is_reset(forgetful: Stage) -> None:
    """A log that retention has shortened is no silent gap."""
    user_id, conversation, live = await said(forgetful, 5)
    forgetful.past.forgotten = 4
    later = await Client.open(forgetful, user_id)
    [reset] = await join(later, conversation, positions=[live[0]["at"]])
    assert reset["type"] == "reset"


async def test_while_the_log_is_away_the_join_is_busy(forgetful: Stage) -> None:
    """Nothing is lost by an outage: the client asks again, and then it is replayed."""
    user_id, conversation, live = await said(forgetful, 5)
    forgetful.past.away = True
    later = await Client.open(forgetful, user_id)
    frame = {
        "type": "conversation:join",
        "ref": "j",
        "conversation_id": str(conversation),
        "positions": [live[0]["at"]],
    }
    await later.say(**frame)
    busy = await later.hear()
    assert (busy["status"], busy["retry_after_ms"] > 0) == ("busy", True)
    forgetful.past.away = False
    assert (await join(later, conversation, positions=[live[0]["at"]]))[:-1] == again(live[1:])


async def test_a_log_that_says_nothing_is_not_waited_for_for_ever() -> None:
    """The wait has an end, and it is `busy`, because nothing is known to be gone."""
    resume = ResumeSettings(wait=timedelta(seconds=0.05))
    async with running(create_stage(ring=NO_RING, resume=resume)) as stage:
        user_id, conversation, live = await said(stage, 5)
        stage.past.open.clear()
        later = await Client.open(stage, user_id)
        await later.say(
            type="conversation:join",
            ref="j",
            conversation_id=str(conversation),
            positions=[live[0]["at"]],
        )
        assert (await later.hear())["status"] == "busy"


class TestPast:
    """Reading stretches, without sockets."""

    async def test_who_comes_later_but_begins_earlier_is_read_for_next(
        self, forgetful: Stage
    ) -> None:
        """Nobody is passed over because somebody else was first."""
        _, conversation, live = await said(forgetful, 12)
        key = str(conversation).encode()
        log = log_of(Topic.CHAT_MESSAGES, key)
        offsets = [int(frame["at"].partition(":")[2]) for frame in live]
        past = Past(lambda: forgetful.past, ResumeSettings())
        forgetful.past.open.clear()
        late = asyncio.create_task(past.events(key, Span(log, offsets[8], offsets[-1] + 1)))
        await until(lambda: forgetful.past.reads > 0)
        early = asyncio.create_task(past.events(key, Span(log, offsets[0], offsets[10])))
        await asyncio.sleep(0)
        forgetful.past.open.set()
        assert [kept.offset for kept in await early] == offsets[:10]
        assert [kept.offset for kept in await late] == offsets[8:]
        await past.stop()

    async def test_nothing_is_read_for_who_went_away(self, forgetful: Stage) -> None:
        """The reading ends with the last who waits for it."""
        _, conversation, _ = await said(forgetful, 3)
        key = str(conversation).encode()
        log = log_of(Topic.CHAT_MESSAGES, key)
        forgetful.past.open.clear()
        past = Past(lambda: forgetful.past, ResumeSettings())
        waiting = asyncio.create_task(past.events(key, Span(log, 0, 3)))
        await until(lambda: forgetful.past.reads > 0)
        waiting.cancel()
        forgetful.past.open.set()
        await until(lambda: past._running is not None and past._running.done())
        assert forgetful.past.reads == 1

    async def test_a_distance_is_refused_without_reading(self, forgetful: Stage) -> None:
        """How far it is is known beforehand."""
        past = Past(lambda: forgetful.past, ResumeSettings(records=5))
        with pytest.raises(TooFarError):
            await past.events(b"key", Span(Log(Topic.CHAT_MESSAGES, 0), 0, 6))
        assert forgetful.past.reads == 0

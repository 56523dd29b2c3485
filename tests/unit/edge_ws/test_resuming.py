"""Who comes back gets what was missed, or is told that it cannot be had here."""

import asyncio
import gc
from uuid import UUID, uuid4

from edge_ws.backlog import log_of
from edge_ws.ring import Ring
from edge_ws.settings import ResumeSettings
from schemas.topics import Topic
from tests.unit.edge_ws.stage import NO_RING, Client, Frame, Stage, create_stage, join, running


async def talked(
    stage: Stage, count: int, text: str = "message"
) -> tuple[Client, UUID, list[Frame]]:
    """Return a client, its conversation and the messages it heard itself say."""
    client = await Client.open(stage)
    conversation = await client.start()
    for number in range(count):
        await client.send(conversation, f"{text} {number}")
    return client, conversation, [await client.hear_type("message") for _ in range(count)]


async def test_a_join_without_positions_gets_what_is_kept(stage: Stage) -> None:
    """Everything in the ring is sent again, marked, in order, and then `caught_up`."""
    client, conversation, live = await talked(stage, 3)
    *replayed, end = await join(await Client.open(stage, client.user_id), conversation)
    assert end["type"] == "caught_up"
    assert [frame["type"] for frame in replayed] == ["conversation:started"] + ["message"] * 3
    assert replayed[1:] == [{**frame, "replayed": True} for frame in live]


async def test_positions_leave_out_what_was_seen(stage: Stage) -> None:
    """Only what stands behind the position is sent again, and live frames follow without a gap."""
    client, conversation, live = await talked(stage, 4)
    later = await Client.open(stage, client.user_id)
    *replayed, end = await join(later, conversation, positions=[live[1]["at"]])
    assert [frame["text"] for frame in replayed] == ["message 2", "message 3"]
    assert end["type"] == "caught_up"
    await client.send(conversation, "live")
    assert (await later.hear())["text"] == "live"


async def test_a_conversation_replays_only_itself(stage: Stage) -> None:
    """Neighbours in the same partition are not sent."""
    client = await Client.open(stage)
    conversations = [await client.start() for _ in range(30)]
    for conversation in conversations:
        await client.send(conversation, str(conversation))
    for _ in conversations:
        await client.hear_type("message")
    later = await Client.open(stage, client.user_id)
    for conversation in conversations[:5]:
        frames = await join(later, conversation)
        assert {frame["conversation_id"] for frame in frames} == {str(conversation)}


async def test_an_edge_that_started_later_replays_what_was_missed() -> None:
    """An edge begins at the end of the log; what was said before it came is read from there."""
    first = create_stage()
    async with running(first):
        client, conversation, live = await talked(first, 3)
    second = create_stage(publisher=first.publisher)
    second.directory.owners[conversation] = client.user_id
    async with running(second):
        later = await Client.open(second, client.user_id)
        *replayed, end = await join(later, conversation, positions=[live[0]["at"]])
        assert replayed == [{**frame, "replayed": True} for frame in live[1:]]
        assert end["type"] == "caught_up"
        assert end["ref"] == "j"
        assert end["positions"] == [live[-1]["at"]]


async def test_who_missed_nothing_comes_further_too(stage: Stage) -> None:
    """`caught_up` says how far the log is, so that what others said need not be passed again."""
    client = await Client.open(stage)
    conversation = await client.start()
    log = log_of(Topic.CHAT_MESSAGES, str(conversation).encode())
    talking = await Client.open(stage)
    while (end := stage.edge.backlog.ends[log]) < 3:
        await talking.start()
        await asyncio.sleep(0)
    [caught_up] = await join(client, conversation, positions=[f"m{log.partition}:{end - 1}"])
    [newest] = caught_up["positions"]
    assert newest == f"m{log.partition}:{stage.edge.backlog.ends[log] - 1}"


async def test_another_history_is_reset(stage: Stage) -> None:
    """Positions of another epoch mean nothing here."""
    client, conversation, live = await talked(stage, 2)
    later = await Client.open(stage, client.user_id, resume={"epoch": "other", "positions": []})
    [reset] = await join(later, conversation, positions=[live[-1]["at"]])
    assert (reset["type"], reset["reason"]) == ("reset", "another history")


async def test_positions_of_connect_are_those_of_joins_without(forgetful: Stage) -> None:
    """Who says once where it stopped is sent what was missed since, not only what is recent."""
    client, conversation, live = await talked(forgetful, 4)
    resume = {"epoch": forgetful.edge.backlog.epoch, "positions": [live[1]["at"]]}
    later = await Client.open(forgetful, client.user_id, resume=resume)
    *replayed, end = await join(later, conversation)
    assert replayed == [{**frame, "replayed": True} for frame in live[2:]]
    assert end["type"] == "caught_up"


async def test_positions_of_a_join_win(forgetful: Stage) -> None:
    """Also when it says that it has none."""
    client, conversation, live = await talked(forgetful, 4)
    resume = {"epoch": forgetful.edge.backlog.epoch, "positions": [live[0]["at"]]}
    later = await Client.open(forgetful, client.user_id, resume=resume)
    *replayed, _ = await join(later, conversation, positions=[live[2]["at"]])
    assert [frame["text"] for frame in replayed] == ["message 3"]
    assert [frame["type"] for frame in await join(later, conversation, positions=[])] == [
        "caught_up"
    ]


async def test_positions_of_connect_hide_nothing_recent(stage: Stage) -> None:
    """They tell how far a log was read, not which of its conversations: recent events come."""
    client, conversation, live = await talked(stage, 2)
    resume = {"epoch": stage.edge.backlog.epoch, "positions": [live[-1]["at"]]}
    later = await Client.open(stage, client.user_id, resume=resume)
    *replayed, _ = await join(later, conversation)
    assert [frame["type"] for frame in replayed] == ["conversation:started"] + ["message"] * 2


async def test_positions_of_connect_in_another_history_are_reset() -> None:
    """And so are those that reach back too far; the join after that is a fresh one."""
    for epoch in ("other", None):
        nothing_again = ResumeSettings(records=0)
        async with running(create_stage(ring=NO_RING, resume=nothing_again)) as stage:
            client, conversation, live = await talked(stage, 2)
            known = {"epoch": epoch or stage.edge.backlog.epoch, "positions": [live[0]["at"]]}
            later = await Client.open(stage, client.user_id, resume=known)
            [reset] = await join(later, conversation)
            assert reset["type"] == "reset"
            [caught_up] = await join(later, conversation)
            assert caught_up["type"] == "caught_up"


async def test_positions_of_connect_say_nothing_of_other_logs(forgetful: Stage) -> None:
    """A conversation in a log that the client never heard is entered afresh."""
    client, conversation, live = await talked(forgetful, 1)
    partition = int(live[0]["at"].partition(":")[0][1:])
    resume = {"epoch": forgetful.edge.backlog.epoch, "positions": [f"m{partition + 1}:0"]}
    later = await Client.open(forgetful, client.user_id, resume=resume)
    assert [frame["type"] for frame in await join(later, conversation)] == ["caught_up"]


async def test_positions_of_unknown_logs_are_passed_over(stage: Stage) -> None:
    """A newer client may know logs that this edge does not."""
    client, conversation, live = await talked(stage, 1)
    later = await Client.open(stage, client.user_id)
    frames = await join(later, conversation, positions=["z3:12", live[0]["at"], "m999:1"])
    assert [frame["type"] for frame in frames] == ["caught_up"]


async def test_a_long_conversation_replays_its_newest_part(stage: Stage) -> None:
    """Without positions the newest messages that fit; with them everything, bit by bit."""
    client, conversation, live = await talked(stage, 60, "x" * 4_000)
    later = await Client.open(stage, client.user_id)
    *replayed, end = await join(later, conversation)
    assert end["type"] == "caught_up"
    assert [frame["at"] for frame in replayed] == [f["at"] for f in live][-len(replayed) :]
    assert 0 < len(replayed) < 60
    *replayed, end = await join(later, conversation, positions=[live[0]["at"]])
    assert end["type"] == "caught_up"
    assert [frame["at"] for frame in replayed] == [f["at"] for f in live[1:]]


async def test_nothing_is_missed_between_replay_and_live(stage: Stage) -> None:
    """Joining while others talk gives every message exactly once, in order."""
    user_id = uuid4()
    talker = await Client.open(stage, user_id)
    conversation = await talker.start()

    async def talk() -> None:
        for number in range(60):
            await talker.send(conversation, f"{number}")
            await asyncio.sleep(0.001)

    talking = asyncio.create_task(talk())
    for _ in range(4):
        client = await Client.open(stage, user_id)
        await client.say(type="conversation:join", ref="j", conversation_id=str(conversation))
        heard = [await client.hear_type("message") for _ in range(60)]
        assert [frame["text"] for frame in heard] == [f"{number}" for number in range(60)]
    await talking


class TestRing:
    """What a ring keeps, and what it says it keeps."""

    def test_it_is_bounded_by_bytes(self) -> None:
        """The oldest go first, and the start moves with them."""
        ring = Ring(5, max_bytes=10, max_age=60)
        for offset in range(5, 9):
            ring.keep(offset, b"k", b"1234", now=0)
        assert [kept.offset for kept in ring.after(b"k", -1)] == [7, 8]
        assert (ring.start, ring.end) == (7, 9)
        assert not ring.reaches_back_to(5)
        assert ring.reaches_back_to(6)

    def test_it_is_bounded_by_age(self) -> None:
        """What is too old goes, even when nothing new comes."""
        ring = Ring(0, max_bytes=1_000, max_age=10)
        ring.keep(0, b"a", b"x", now=0)
        ring.keep(1, b"b", b"y", now=8)
        ring.trim(now=11)
        assert list(ring.after(b"a", -1)) == []
        assert [kept.offset for kept in ring.after(b"b", -1)] == [1]
        assert ring.start == 1

    def test_records_for_nobody_count(self) -> None:
        """A record that is not pushed still moves the end."""
        ring = Ring(0, max_bytes=1_000, max_age=10)
        ring.pass_over(0)
        assert ring.end == 1
        assert ring.reaches_back_to(-1)

    def test_the_collector_leaves_alone_what_is_kept(self) -> None:
        """Tens of thousands are kept: to look through them again and again takes an edge's time."""
        ring = Ring(0, max_bytes=1_000, max_age=10)
        for offset in range(3):
            ring.keep(offset, b"k", b"words", now=offset)
        ring.rewrite(b"k", lambda payload: payload.upper())
        gc.collect()
        assert [kept.payload for kept in ring.after(b"k", -1)] == [b"WORDS"] * 3
        assert not any(gc.is_tracked(entry) for entry in ring._entries)

"""A slow reader hurts only itself."""

import asyncio
import time
from dataclasses import dataclass, field

import pytest

from edge_ws.framing import text_frame
from edge_ws.outbound import MAX_QUEUED_BYTES, MAX_QUEUED_FRAMES, STALL_SECONDS, Outbound
from edge_ws.settings import LimitSettings
from schemas.frames.codes import CloseCode
from tests.unit.edge_ws.stage import Client, create_stage, running


@dataclass
class Pipe:
    """A wire that flows when told to."""

    flows: bool = True
    written: list[bytes] = field(default_factory=list)

    def write(self, frame: bytes) -> None:
        """Keep the frame."""
        self.written.append(frame)

    def close(self, code: int, reason: str) -> None:
        """Nothing to close."""


def test_frames_go_straight_out_while_it_flows() -> None:
    """Nothing is queued without need."""
    pipe = Pipe()
    out = Outbound(pipe)
    assert out.push(b"1")
    assert pipe.written == [b"1"]
    assert out.empty


def test_order_is_kept_over_a_stall() -> None:
    """What waited leaves before what came later."""
    pipe = Pipe(flows=False)
    out = Outbound(pipe)
    out.push(b"1")
    pipe.flows = True
    out.push(b"2")
    out.flush()
    out.push(b"3")
    assert pipe.written == [b"1", b"2", b"3"]


def test_the_queue_is_bounded() -> None:
    """Bytes and frames have a limit each."""
    heavy, many = Outbound(Pipe(flows=False)), Outbound(Pipe(flows=False))
    chunk = b"x" * (MAX_QUEUED_BYTES // 4)
    assert [heavy.push(chunk) for _ in range(5)] == [True] * 4 + [False]
    assert all(many.push(b"x") for _ in range(MAX_QUEUED_FRAMES))
    assert not many.push(b"x")


def test_a_stall_is_noticed() -> None:
    """Frames that wait without any leaving are a stall."""
    out = Outbound(Pipe(flows=False))
    now = time.monotonic()
    assert not out.stalled(now + 2 * STALL_SECONDS)
    out.push(b"1")
    assert not out.stalled(now + STALL_SECONDS / 2)
    assert out.stalled(now + 2 * STALL_SECONDS)


async def test_who_waits_for_the_queue_is_woken() -> None:
    """`drained` ends when everything left, and when everything was thrown away."""
    pipe = Pipe(flows=False)
    out = Outbound(pipe)
    for finish in (out.flush, out.discard):
        pipe.flows = False
        out.push(b"1")
        waiting = asyncio.create_task(out.drained())
        await asyncio.sleep(0)
        assert not waiting.done()
        pipe.flows = True
        finish()
        await waiting


def test_headers_have_the_right_size() -> None:
    """The three forms of a frame's length, at their edges."""
    for size, header in ((0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)):
        assert len(text_frame(b"x" * size)) == header + size


async def test_who_does_not_read_is_sent_away() -> None:
    """The slow one is closed with the code that says resume; the others hear everything."""
    unhurried = create_stage(limits=LimitSettings(frames="1000000/second"))
    async with running(unhurried) as stage:
        talker = await Client.open(stage)
        conversation = await talker.start()
        slow = await Client.open(stage, talker.user_id)
        await slow.say(type="conversation:join", ref="j", conversation_id=str(conversation))
        await slow.hear_type("caught_up")
        slow.connection.transport.pause_reading()
        # More than socket buffers, the transport's buffer and the queue can hold together.
        count = 1_000
        for number in range(count):
            await talker.send(conversation, "x" * 8_000)
            if number % 50 == 49:
                while (await talker.hear_type("message"))["text"] != "x" * 8_000:
                    pass
        assert await talker.lives()
        [reading] = [c for c in stage.edge.hub._connections if not c.closing]
        assert reading.session is not None
        slow.connection.transport.resume_reading()
        assert await slow.close_code() == CloseCode.SLOW_READER


async def test_a_slow_reader_has_time_to_read_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """The close frame stands behind what was not read: others are cut sooner than that takes."""
    monkeypatch.setattr("edge_ws.wire.CLOSE_SECONDS", 0.05)
    async with running(create_stage()) as stage:
        slow = await Client.open(stage)
        slow.connection.transport.pause_reading()
        [connection] = stage.edge.hub._connections
        frame = text_frame(b"{}" + b" " * 60_000)
        while not connection.closing:
            connection.push(frame)
        await asyncio.sleep(0.3)
        slow.connection.transport.resume_reading()
        assert await slow.close_code() == CloseCode.SLOW_READER

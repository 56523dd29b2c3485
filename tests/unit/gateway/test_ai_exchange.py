"""Request-reply over a leased partition: own answers only, in order, in time, or a clear no."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from prometheus_client import REGISTRY

from gateway.ai.errors import NoAnswer, NoAnswerError
from gateway.ai.exchange import Exchange
from gateway.ai.memory import InMemoryReplyLeases, InMemoryReplyLog
from gateway.ai.pending import MOST_PIECES, Pending
from gateway.ai.ports import ReplyRecord, Stamp
from gateway.settings import AiSettings
from producers.ports import PublishStatus
from runtime.clock import HybridLogicalClock
from schemas.events.ai import AiReply, AiRequest, GenerateResponse, ReadIntent
from tests.unit.gateway.assistants import AT, PIECES, AnsweringPublisher, echo, failed, pieces

SOON = AiSettings(deadline=timedelta(seconds=0.2), lease=timedelta(seconds=1), pending=3)
Assistant = Callable[[AiRequest], Sequence[AiReply]]


def silent(_: AiRequest) -> Sequence[AiReply]:
    """Never answer."""
    return []


def intent(stamp: Stamp) -> AiRequest:
    """Ask for an intent."""
    return ReadIntent(**stamp, text="where is my order?")


def streamed(stamp: Stamp) -> AiRequest:
    """Ask for an answer in pieces."""
    return GenerateResponse(**stamp, text="do you ship plants?", stream=True)


class Bench:
    """A log, leases, and gateways on them."""

    def __init__(self, assistant: Assistant = echo) -> None:
        self.leases = InMemoryReplyLeases()
        self.log = InMemoryReplyLog()
        self.publisher = AnsweringPublisher(log=self.log, assistant=assistant)

    @asynccontextmanager
    async def gateway(self, settings: AiSettings = SOON) -> AsyncIterator[Exchange]:
        """Run one, until it holds a lease."""
        exchange = Exchange(
            publisher=self.publisher,
            leases=self.leases,
            log=self.log,
            clock=HybridLogicalClock(),
            settings=settings,
        )
        running = asyncio.create_task(exchange.run())
        try:
            await until(lambda: exchange.holds is not None)
            yield exchange
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)


def dropped(reason: str) -> float:
    """Return how many answers were dropped for this reason."""
    name = "chat_ai_replies_dropped_total"
    return REGISTRY.get_sample_value(name, {"reason": reason}) or 0.0


async def refusal(exchange: Exchange, request_id: UUID | None = None) -> NoAnswer:
    """Ask, and return why there is no answer."""
    with pytest.raises(NoAnswerError) as refused:
        await exchange.ask(request_id or uuid4(), intent)
    return refused.value.reason


async def test_a_question_gets_its_answer() -> None:
    """The request carries the lease's partition and fence and a deadline; nobody waits on."""
    bench = Bench()
    async with bench.gateway() as exchange:
        request_id = uuid4()
        reply = await exchange.ask(request_id, intent)
        (asked,) = bench.publisher.asked
        assert reply.request_id == request_id == asked.request_id
        held = exchange.holds
        assert held is not None
        assert (asked.reply_partition, asked.reply_fence) == (held.partition, held.fence)
        assert asked.answer_by > asked.occurred_at
        assert exchange.waiting == 0


async def test_gateways_hold_different_partitions() -> None:
    """Two ask at once through one log, and each hears its own answers alone."""
    bench = Bench()
    async with bench.gateway() as first, bench.gateway() as second:
        unwanted = dropped("nobody_waits")
        asked = [(gateway, uuid4()) for gateway in (first, second)]
        replies = await asyncio.gather(*(each.ask(key, intent) for each, key in asked))
        assert [reply.request_id for reply in replies] == [key for _, key in asked]
        assert {reply.reply_partition for reply in replies} == {0, 1}
        assert dropped("nobody_waits") == unwanted


async def test_without_a_free_partition_nothing_is_asked() -> None:
    """The pool is used up: the third gateway refuses, until one gives its partition back."""
    bench = Bench()
    async with bench.gateway(), bench.gateway():
        third = Exchange(
            publisher=bench.publisher,
            leases=bench.leases,
            log=bench.log,
            clock=HybridLogicalClock(),
            settings=SOON,
        )
        running = asyncio.create_task(third.run())
        await asyncio.sleep(0.05)
        assert await refusal(third) is NoAnswer.UNAVAILABLE
        assert bench.publisher.asked == []
        bench.leases.held.pop(0)
        await until(lambda: third.holds is not None)
        assert (await third.ask(uuid4(), intent)).last
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_no_answer_is_told_when_the_deadline_passes() -> None:
    """Never a hang, and nothing is left behind."""
    async with Bench(silent).gateway() as exchange:
        assert await refusal(exchange) is NoAnswer.TIMEOUT
        assert exchange.waiting == 0


async def test_a_lost_lease_lets_everybody_go_and_another_is_taken() -> None:
    """Who waits is told long before the deadline; answers of the old lease are not taken."""
    bench = Bench(silent)
    patient = replace_deadline(SOON, 30)
    async with bench.gateway(patient) as exchange:
        lost = exchange.holds
        assert lost is not None
        request_id = uuid4()
        waiting = asyncio.create_task(exchange.ask(request_id, intent))
        await until(lambda: exchange.waiting == 1)
        bench.leases.held[lost.partition] = -1
        with pytest.raises(NoAnswerError, match="unavailable"):
            async with asyncio.timeout(10):
                await waiting
        await until(lambda: exchange.holds is not None)
        held = exchange.holds
        assert held is not None
        assert held.partition != lost.partition
        assert held.fence > lost.fence
        stale, late = bench.publisher.asked[0], dropped("other_lease")
        again = asyncio.create_task(exchange.ask(request_id, intent))
        await until(lambda: exchange.waiting == 1)
        bench.log.put(echo(stale)[0].model_copy(update={"reply_partition": held.partition}))
        await until(lambda: dropped("other_lease") > late)
        bench.log.put(echo(bench.publisher.asked[-1])[0])
        assert (await again).reply_fence == held.fence


def replace_deadline(settings: AiSettings, seconds: float) -> AiSettings:
    """Return the settings with more patience."""
    return settings.model_copy(update={"deadline": timedelta(seconds=seconds)})


async def test_leases_that_cannot_be_renewed_end_by_themselves() -> None:
    """Valkey away for longer than the lease: it is not used a moment longer, then taken anew."""
    bench = Bench()
    async with bench.gateway() as exchange:
        bench.leases.away = True
        await until(lambda: exchange.holds is None)
        assert await refusal(exchange) is NoAnswer.UNAVAILABLE
        bench.leases.away = False
        bench.leases.held.clear()
        await until(lambda: exchange.holds is not None)
        assert (await exchange.ask(uuid4(), intent)).last


async def test_a_gateway_that_stood_still_asks_nothing_under_its_old_lease() -> None:
    """Whatever else has not been noticed yet: by its own clock the lease is over."""
    bench, skipped = Bench(), 0.0
    exchange = Exchange(
        publisher=bench.publisher,
        leases=bench.leases,
        log=bench.log,
        clock=HybridLogicalClock(),
        settings=SOON.model_copy(update={"lease": timedelta(seconds=60)}),
        now=lambda: time.monotonic() + skipped,
    )
    running = asyncio.create_task(exchange.run())
    await until(lambda: exchange.holds is not None)
    skipped = 61.0
    assert await refusal(exchange) is NoAnswer.UNAVAILABLE
    assert bench.publisher.asked == []
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_too_many_are_refused_and_repeats_join() -> None:
    """The bound counts questions; asking the same again waits with the first."""
    bench = Bench(silent)
    async with bench.gateway(replace_deadline(SOON, 30)) as exchange:
        keys = [uuid4() for _ in range(3)]
        waiting = [asyncio.create_task(exchange.ask(key, intent)) for key in (*keys, keys[0])]
        await until(lambda: len(bench.publisher.asked) == 4)
        assert await refusal(exchange) is NoAnswer.BUSY
        for request in bench.publisher.asked[:3]:
            bench.log.put(echo(request)[0])
        replies = await asyncio.gather(*waiting)
        assert [reply.request_id for reply in replies] == [*keys, keys[0]]
        assert exchange.waiting == 0


@pytest.mark.parametrize("status", [PublishStatus.BUSY, PublishStatus.FAILED])
async def test_a_log_that_takes_nothing_is_told_at_once(status: PublishStatus) -> None:
    """Nothing was asked, so nothing is waited for."""
    bench = Bench()
    bench.publisher.status = status
    async with bench.gateway(replace_deadline(SOON, 30)) as exchange:
        assert await refusal(exchange) is NoAnswer.BUSY


async def test_pieces_come_in_order_once() -> None:
    """Repeated and early pieces are dropped; the sender puts all of them again."""

    def shuffled(request: AiRequest) -> Sequence[AiReply]:
        said = pieces(request)
        return [said[0], said[0], said[2], *said]

    bench = Bench(shuffled)
    repeated, early = dropped("repeated"), dropped("out_of_order")
    async with bench.gateway() as exchange:
        async with aclosing(exchange.stream(uuid4(), streamed)) as stream:
            replies = [reply async for reply in stream]
        assert [reply.sequence for reply in replies] == [0, 1, 2, 3]
        assert [getattr(reply, "text", "") for reply in replies[:3]] == list(PIECES)
        assert (dropped("repeated"), dropped("out_of_order")) == (repeated + 2, early + 1)
        assert exchange.waiting == 0


async def test_a_stream_that_stops_is_told_in_time() -> None:
    """Each piece has the deadline of a whole answer."""
    bench = Bench(lambda request: pieces(request)[:1])
    async with bench.gateway() as exchange:
        stream = exchange.stream(uuid4(), streamed)
        assert (await anext(stream)).sequence == 0
        with pytest.raises(NoAnswerError, match="timeout"):
            await anext(stream)
        assert exchange.waiting == 0


@pytest.mark.parametrize("said", [0, 1])
async def test_a_failure_is_told_at_once(said: int) -> None:
    """Long before the deadline, after the pieces that have come; another question is answered."""
    bench = Bench(lambda request: [*pieces(request)[:said], failed(request)])
    async with bench.gateway(replace_deadline(SOON, 30)) as exchange:
        stream = exchange.stream(uuid4(), streamed)
        for at in range(said):
            assert (await anext(stream)).sequence == at
        with pytest.raises(NoAnswerError, match="failed"):
            async with asyncio.timeout(10):
                await anext(stream)
        assert exchange.waiting == 0
        bench.publisher.assistant = echo
        assert (await exchange.ask(uuid4(), intent)).last


async def test_a_reader_that_leaves_without_a_word_is_swept() -> None:
    """A stream that nobody goes on reading is forgotten when it is overdue."""
    bench = Bench(lambda request: pieces(request)[:1])
    async with bench.gateway() as exchange:
        stream = exchange.stream(uuid4(), streamed)
        await anext(stream)
        assert exchange.waiting == 1
        await until(lambda: exchange.waiting == 0)
        await stream.aclose()


async def test_nonsense_on_the_partition_harms_nobody() -> None:
    """Unknown types, foreign ids and bodies that are no answer are counted and passed over."""
    bench = Bench(silent)
    async with bench.gateway(replace_deadline(SOON, 30)) as exchange:
        waiting = asyncio.create_task(exchange.ask(uuid4(), intent))
        await until(lambda: len(bench.publisher.asked) == 1)
        request = bench.publisher.asked[0]
        good = echo(request)[0]
        key, body = str(request.request_id), good.model_dump_json().encode()
        foreign = echo(request.model_copy(update={"request_id": uuid4()}))[0]
        before = {each: dropped(each) for each in ("unknown_type", "nobody_waits", "unreadable")}
        for record in (
            ReplyRecord("ai.something_new.v1", key, body),
            ReplyRecord(good.event_type, str(uuid4()), body),
            ReplyRecord(good.event_type, "not an id", body),
            ReplyRecord(good.event_type, key, b"\xff{"),
            ReplyRecord(good.event_type, key, foreign.model_dump_json().encode()),
        ):
            bench.log.put_record(request.reply_partition, record)
        bench.log.put(good)
        assert await waiting == good
        after = {each: dropped(each) - count for each, count in before.items()}
        assert after == {"unknown_type": 1, "nobody_waits": 1, "unreadable": 3}


async def test_an_answer_that_never_ends_is_cut_off() -> None:
    """More pieces than anybody reads end the stream instead of filling the memory."""
    pending, request_id = Pending(1), uuid4()
    said = pieces(
        GenerateResponse(**some_stamp(request_id), text="do you ship plants?", stream=True)
    )[0]
    with pending.opened(request_id, 1.0) as waiting:
        taken = [
            waiting.take(said.model_copy(update={"sequence": at})) for at in range(MOST_PIECES + 1)
        ]
        assert set(taken[:-1]) == {None}
        assert taken[-1] == "too_many"
        with pytest.raises(NoAnswerError):
            await waiting.reply(MOST_PIECES)
    assert len(pending) == 0


def some_stamp(request_id: UUID) -> Stamp:
    """Return what a gateway puts on a request."""
    return Stamp(
        event_id=uuid4(),
        occurred_at=AT,
        correlation_id=uuid4(),
        request_id=request_id,
        reply_partition=0,
        reply_fence=1,
        answer_by=AT,
    )

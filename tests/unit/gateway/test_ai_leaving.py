"""Who does not wait any longer: the assistant is told, unless somebody else waits or it is done."""

import asyncio
from contextlib import aclosing
from uuid import uuid4

import pytest

from gateway.ai.errors import NoAnswer, NoAnswerError
from gateway.ai.ports import Stamp
from producers.ports import PublishStatus
from schemas.events.ai import AiRequest, GenerateResponse
from tests.unit.gateway.assistants import failed, pieces
from tests.unit.gateway.test_ai_exchange import (
    SOON,
    Bench,
    intent,
    refusal,
    replace_deadline,
    silent,
    streamed,
    until,
)


def whole(stamp: Stamp) -> AiRequest:
    """Ask for an answer at once."""
    return GenerateResponse(**stamp, text="do you ship plants?")


async def test_a_reader_that_leaves_in_the_middle_is_told_of() -> None:
    """Where it waited and under which lease, so that it cannot be mistaken for somebody else."""
    bench = Bench(lambda request: pieces(request)[:1])
    async with bench.gateway(replace_deadline(SOON, 30)) as exchange:
        stream = exchange.stream(uuid4(), streamed)
        await anext(stream)
        await stream.aclose()
        await until(lambda: bench.publisher.left != [])
        (left,), (request,) = bench.publisher.left, bench.publisher.asked
        assert left.request_id == request.request_id
        assert (left.reply_partition, left.reply_fence) == (
            request.reply_partition,
            request.reply_fence,
        )
        assert left.event_id != request.event_id


async def test_the_last_of_several_is_told_of() -> None:
    """One connection may break while another goes on reading the same answer."""
    bench = Bench(lambda request: pieces(request)[:1])
    async with bench.gateway(replace_deadline(SOON, 30)) as exchange:
        request_id = uuid4()
        first, second = (exchange.stream(request_id, streamed) for _ in range(2))
        await anext(first)
        await anext(second)
        await first.aclose()
        await asyncio.sleep(0.05)
        assert bench.publisher.left == []
        await second.aclose()
        await until(lambda: len(bench.publisher.left) == 1)


async def test_a_caller_whose_task_is_cancelled_is_told_of() -> None:
    """So a broken connection ends; the word goes out all the same."""
    bench = Bench(silent)
    async with bench.gateway(replace_deadline(SOON, 30)) as exchange:
        asking = asyncio.create_task(exchange.ask(uuid4(), whole))
        await until(lambda: bench.publisher.asked != [])
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await until(lambda: len(bench.publisher.left) == 1)


async def test_a_deadline_that_has_passed_is_told_of() -> None:
    """Only where a language model may be writing: the rest takes milliseconds."""
    bench = Bench(silent)
    async with bench.gateway() as exchange:
        assert await refusal(exchange) is NoAnswer.TIMEOUT
        with pytest.raises(NoAnswerError, match="timeout"):
            await exchange.ask(uuid4(), whole)
        await until(lambda: len(bench.publisher.left) == 1)
        assert bench.publisher.left[0].request_id == bench.publisher.asked[-1].request_id


async def test_what_has_ended_is_left_without_a_word() -> None:
    """Answered, failed, or never asked: there is nothing to stop."""
    bench = Bench(pieces)
    async with bench.gateway(replace_deadline(SOON, 30)) as exchange:
        async with aclosing(exchange.stream(uuid4(), streamed)) as stream:
            assert [reply.last async for reply in stream][-1]
        bench.publisher.assistant = lambda request: [failed(request)]
        with pytest.raises(NoAnswerError, match="failed"):
            await exchange.ask(uuid4(), whole)
        bench.publisher.status = PublishStatus.BUSY
        with pytest.raises(NoAnswerError, match="busy"):
            await exchange.ask(uuid4(), whole)
        bench.publisher.status = PublishStatus.ACCEPTED
        bench.publisher.assistant = pieces
        assert (await exchange.ask(uuid4(), intent)).sequence == len(
            pieces(bench.publisher.asked[-1])
        ) - 1
        await asyncio.sleep(0.05)
        assert bench.publisher.left == []

"""A request is repeated for as long as repeating can help."""

import asyncio

import pytest

from parley_client.errors import RejectedError
from parley_client.pending import Request


def request() -> Request:
    frame = {"type": "message", "ref": "1", "text": "hello"}
    return Request(frame, asyncio.get_running_loop().create_future())


async def test_too_fast_is_repeated_after_the_pause() -> None:
    """Being rate limited passes by itself: never sooner than the edge asked."""
    asking = request()
    ack = {"status": "rejected", "code": "rate_limited", "retry_after_ms": 800}
    for _ in range(3):
        delay = asking.settle(ack)
        assert delay is not None
        assert delay >= 0.8
    assert asking.settle({"status": "rejected", "code": "rate_limited"}) is not None
    assert not asking.answer.done()
    assert asking.settle({"status": "accepted"}) is None
    assert (await asking.answer)["status"] == "accepted"


@pytest.mark.parametrize("code", ["too_long", "not_allowed", "something_newer"])
async def test_another_rejection_is_final(code: str) -> None:
    """Repeating what was rejected would be rejected again."""
    asking = request()
    assert asking.settle({"status": "rejected", "code": code, "detail": "no"}) is None
    with pytest.raises(RejectedError):
        await asking.answer

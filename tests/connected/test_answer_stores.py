"""Budgets and kept answers on the real Valkey, shared by processes."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from pydantic import SecretStr

from consumers.nlp.adapters.language.valkey import ValkeyAnswers, ValkeyBudget, connect
from tests.stack import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(180)]


async def test_a_budget_is_shared_and_comes_back_with_the_next_window(infra_stack: Stack) -> None:
    """Two processes take from one purse; what does not fit takes nothing; the window ends."""
    first, second = (connect(SecretStr(infra_stack.valkey_url)) for _ in range(2))
    window, user = timedelta(seconds=2), uuid4()
    one, other = ValkeyBudget(first, 100, window), ValkeyBudget(second, 100, window)
    assert await one.reserve(user, 80)
    assert not await other.reserve(user, 30)
    await one.give_back(user, 20)
    assert await other.reserve(user, 30)
    assert not await one.reserve(user, 20)
    await asyncio.sleep(2.2)
    assert await one.reserve(user, 100)
    await first.aclose()
    await second.aclose()


async def test_an_answer_is_kept_for_a_while(infra_stack: Stack) -> None:
    """Found under its key by every process, and gone after its time."""
    first, second = (connect(SecretStr(infra_stack.valkey_url)) for _ in range(2))
    key, ttl = str(uuid4()), timedelta(seconds=1)
    await ValkeyAnswers(first, ttl).keep(key, "three days, über alles")
    assert await ValkeyAnswers(second, ttl).find(key) == "three days, über alles"
    await asyncio.sleep(1.2)
    assert await ValkeyAnswers(second, ttl).find(key) is None
    await first.aclose()
    await second.aclose()

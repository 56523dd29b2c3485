"""How many conversations are open: each once on an edge, for as long as a socket is in it."""

from prometheus_client import REGISTRY

from tests.unit.edge_ws.stage import Client, Stage, until


def active() -> float:
    """What the metric says."""
    return REGISTRY.get_sample_value("active_conversations") or 0.0


async def test_a_conversation_is_active_while_a_socket_is_in_it(stage: Stage) -> None:
    """However many devices are, and however often each says that it is; leaving ends it."""
    before = active()
    tab = await Client.open(stage)
    phone = await Client.open(stage, tab.user_id)
    first = await tab.start()
    assert active() == before + 1
    for device in (tab, phone):
        await device.say(type="conversation:join", ref="j", conversation_id=str(first))
        await device.hear_type("caught_up")
    assert active() == before + 1
    second = await phone.start()
    assert active() == before + 2
    await tab.say(type="conversation:leave", ref="l", conversation_id=str(first))
    await tab.hear_type("ack")
    assert active() == before + 2
    for conversation in (first, second):
        await phone.say(type="conversation:leave", ref="l", conversation_id=str(conversation))
        await phone.hear_type("ack")
    assert active() == before


async def test_a_socket_that_is_gone_leaves_all_it_was_in(stage: Stage) -> None:
    """Also without a word: a gauge that only rose would say nothing."""
    before = active()
    client = await Client.open(stage)
    for _ in range(3):
        await client.start()
    assert active() == before + 3
    client.connection.transport.abort()
    await until(lambda: active() == before)

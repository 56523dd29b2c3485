"""A consumer with nothing to talk to: it waits, answers its probes, and stops when told."""

import asyncio
import urllib.error
import urllib.request

from consumers.delivery.app import run_consumer
from consumers.delivery.memory import InMemoryOffsets
from consumers.delivery.settings import ConsumerSettings
from tests.connected.delivery_bed import free_port


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


async def test_without_a_broker_it_lives_and_is_not_ready() -> None:
    """A missing broker is no reason to be restarted, nor to be given work."""
    settings = ConsumerSettings.model_validate(
        {
            "kafka": {"bootstrap_servers": f"127.0.0.1:{free_port()}"},
            "health": {"port": free_port()},
        }
    )
    stop = asyncio.Event()
    running = asyncio.create_task(
        run_consumer(name="audit", settings=settings, handler=InMemoryOffsets(), stop=stop)
    )
    await asyncio.sleep(0.5)
    base = f"http://127.0.0.1:{settings.health.port}/health"
    assert await asyncio.to_thread(status_of, f"{base}/live") == 200
    assert await asyncio.to_thread(status_of, f"{base}/ready") == 503
    stop.set()
    async with asyncio.timeout(10):
        await running

"""The edge as a process: starts its parts, waits for a signal, drains, stops them in order."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import structlog
import uvicorn
from aiokafka.errors import KafkaError

from edge_ws.app import Edge, Sources
from edge_ws.control_log import KafkaControl
from edge_ws.gateway import GatewayDirectory
from edge_ws.kafka import KafkaPast, KafkaRecords
from edge_ws.tickets import ValkeyTickets
from edge_ws.whispers import ValkeyWhispers
from edge_ws.wire import EdgeProtocol
from producers.kafka import KafkaEventPublisher
from runtime.collector import calm_collector
from runtime.tokens import AccessTokenVerifier, load_public_key
from schemas.frames.server import PING_SECONDS
from schemas.text import FRAME_BYTES

if TYPE_CHECKING:
    from edge_ws.settings import EdgeSettings

PROCESS = "edge-ws"
PONG_SECONDS = 20.0
STOP_SECONDS = 5
BROKER_RETRY_SECONDS = 1.0

logger = structlog.get_logger(__name__)


class EdgeServer(uvicorn.Server):
    """uvicorn without its signals: it would close every socket at once, with 1012."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process."""
        yield


def create_server(
    edge: Edge, *, host: str, port: int, trusted_proxies: tuple[str, ...] = ()
) -> EdgeServer:
    """Return the server of this edge, with compression off and large frames refused."""
    return EdgeServer(
        uvicorn.Config(
            edge,
            host=host,
            port=port,
            ws=EdgeProtocol,
            ws_max_size=FRAME_BYTES,
            ws_per_message_deflate=False,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=PONG_SECONDS,
            lifespan="off",
            access_log=False,
            server_header=False,
            proxy_headers=bool(trusted_proxies),
            forwarded_allow_ips=list(trusted_proxies),
            log_config=None,
            # Its lines at INFO carry paths with their query strings.
            log_level="warning",
            timeout_graceful_shutdown=STOP_SECONDS,
        )
    )


async def serve(settings: "EdgeSettings") -> None:
    """Run the edge until it is told to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        edge = await _compose(settings, stack, stop)
        if edge is None:
            return
        calm_collector()
        server = create_server(
            edge,
            host=settings.http.host,
            port=settings.http.port,
            trusted_proxies=settings.trusted_proxies,
        )
        serving = asyncio.create_task(server.serve())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        logger.info("edge_drains", sockets=len(edge.hub))
        await edge.hub.drain(settings.drain.spread, settings.drain.batches)
        await edge.publishing.settle(STOP_SECONDS)
        server.should_exit = True
        stopping.cancel()
        await serving
    logger.info("edge_stopped")


async def _compose(
    settings: "EdgeSettings", stack: AsyncExitStack, stop: asyncio.Event
) -> Edge | None:
    tokens = AccessTokenVerifier(
        load_public_key(settings.auth.public_key_file), settings.auth.issuer
    )
    publisher = await _publisher(settings, stop)
    if publisher is None:
        return None
    stack.push_async_exit(publisher)
    tickets = ValkeyTickets(settings.valkey_url)
    stack.push_async_callback(tickets.close)
    directory = GatewayDirectory(settings.gateway_url, settings.internal_token)
    stack.push_async_callback(directory.close)
    whispers = ValkeyWhispers(settings.valkey_url, settings.instance)
    stack.push_async_callback(whispers.close)
    edge = Edge(
        publisher=publisher,
        sources=_sources(settings),
        tickets=tickets,
        tokens=tokens,
        directory=directory,
        whispers=whispers,
        allowed_origins=settings.allowed_origins,
        answer_within=settings.answer_within,
        ring=settings.ring,
        resume=settings.resume,
        token_lifetime=settings.auth.access_lifetime,
        limits=settings.limits,
    )
    await stack.enter_async_context(loops(edge))
    return edge


def _sources(settings: "EdgeSettings") -> Sources:
    name = f"{PROCESS}-{settings.instance}"
    return Sources(
        records=lambda: KafkaRecords(settings.kafka, name, lookback=settings.ring.lookback),
        past=lambda: KafkaPast(settings.kafka, f"{name}-past"),
        control=lambda: KafkaControl(settings.kafka, f"{name}-control"),
    )


async def _publisher(settings: "EdgeSettings", stop: asyncio.Event) -> KafkaEventPublisher | None:
    """Return a started publisher; waits for the broker, unless told to stop meanwhile."""
    while not stop.is_set():
        publisher = KafkaEventPublisher(settings.kafka, process=PROCESS, instance=settings.instance)
        try:
            await publisher.__aenter__()
            await publisher.read_clock()
        except KafkaError as error:
            logger.warning("broker_away", error=type(error).__name__)
            await publisher.__aexit__()
        else:
            return publisher
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), BROKER_RETRY_SECONDS)
    return None


@asynccontextmanager
async def loops(edge: Edge) -> AsyncIterator[None]:
    """Follow the log and watch over the sockets while the block runs."""
    tasks = [
        asyncio.create_task(edge.tail.run()),
        asyncio.create_task(edge.control.run()),
        asyncio.create_task(edge.hub.sweep_for_ever()),
        asyncio.create_task(edge.passing.say_for_ever()),
        asyncio.create_task(edge.passing.hear_for_ever()),
        asyncio.create_task(edge.presence.refresh_for_ever()),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await edge.joining.stop()

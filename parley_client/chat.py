"""A socket that comes back: reconnects, rejoins, resends, and fetches what it cannot be sent."""

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import TYPE_CHECKING, Self
from uuid import UUID, uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from parley_client.conversation import Conversation
from parley_client.credentials import Credentials
from parley_client.deliveries import Deliveries
from parley_client.errors import RejectedError, RestError, SocketClosedError
from parley_client.frames import Frame, decode, encode
from parley_client.history import History
from parley_client.memory import Memory
from parley_client.pending import Request, backoff
from parley_client.waits import Waits
from schemas.frames.codes import SUBPROTOCOL, CloseCode, ErrorCode

if TYPE_CHECKING:
    from parley_client.rest import ParleyClient

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 10.0
"""Without an answer for so long a request is sent again; the edge's own deadline is 5 s."""
STOP_CODES = range(4500, 5000)


class Chat:
    """One user's live connection; use it as an async context manager.

    `on_frame` sees every frame as it arrives, repeats included.
    `rest` serves the history when the edge cannot replay what was missed.
    `tells_delivered` says to other people that what they said has reached this device; answers of
    the assistant are never acknowledged like this.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        rest: "ParleyClient | None" = None,
        on_frame: Callable[[Frame], None] | None = None,
        tells_delivered: bool = True,
    ) -> None:
        self._credentials = credentials
        self._rest = rest
        self._on_frame = on_frame
        self._memory = Memory()
        self._refs = itertools.count(1)
        self._requests: dict[str, Request] = {}
        self._conversations: dict[str, Conversation] = {}
        self._connection: ClientConnection | None = None
        self._running: asyncio.Task[None] | None = None
        self._rejoining: dict[str, asyncio.Task[None]] = {}
        self._refetching: dict[str, asyncio.Task[None]] = {}
        self._partial: set[str] = set()
        """Refs of joins that leave out what they ought to bring: a history follows."""
        self._resets: Counter[str] = Counter()
        """How often each conversation was reset without having caught up in between."""
        self._background: set[asyncio.Task[None]] = set()
        self._opened: asyncio.Future[None] | None = None
        self._ended: SocketClosedError | None = None
        self._come_back_ms: int | None = None
        self._waits = Waits(self._overdue)
        self._deliveries = Deliveries(self._tell_delivered) if tells_delivered else None
        self.connections = 0
        """How often a connection was opened."""

    async def __aenter__(self) -> Self:
        self._opened = asyncio.get_running_loop().create_future()
        self._running = asyncio.create_task(self._run())
        try:
            await self._opened
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close for good; what is still on its way fails."""
        self._end(SocketClosedError(1000, "closed here"))
        self._waits.close()
        if self._deliveries is not None:
            self._deliveries.close()
        tasks = [task for task in (self._running, *self._background) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def start(
        self, *, title: str | None = None, client_conversation_id: UUID | None = None
    ) -> Conversation:
        """Open a conversation and join it."""
        client_id = client_conversation_id or uuid4()
        start = {"type": "conversation:start", "client_conversation_id": str(client_id)}
        ack = await self.ask(start if title is None else {**start, "title": title})
        return self._conversation(UUID(ack["conversation_id"]))

    async def join(
        self, conversation_id: UUID, *, positions: Iterable[str] | None = None
    ) -> Conversation:
        """Join a conversation; listeners made in time hear what happened before.

        With the `positions` of a history page that is everything since that page, else what is
        recent.
        """
        conversation = self._conversation(conversation_id)
        if positions is not None:
            self._memory.reaches(str(conversation_id), positions)
        try:
            await self.ask(self._join(str(conversation_id)))
        except RejectedError:
            self.forget(conversation_id)
            raise
        return conversation

    async def ask(self, frame: Frame) -> Frame:
        """Send a frame until it is accepted and return its `ack`."""
        if self._ended is not None:
            raise self._ended
        request = Request(
            {**frame, "ref": str(next(self._refs))}, asyncio.get_running_loop().create_future()
        )
        self._requests[request.ref] = request
        if frame["type"] == "conversation:join" and frame["conversation_id"] in self._refetching:
            self._partial.add(request.ref)
        try:
            await self._transmit(request)
            return await request.answer
        finally:
            self._requests.pop(request.ref, None)
            if request.timer is not None:
                request.timer.cancel()

    async def say(self, frame: Frame) -> None:
        """Send a frame that is not acknowledged; without a connection it is lost."""
        if self._connection is not None:
            with contextlib.suppress(ConnectionClosed):
                await self._connection.send(encode(frame))

    async def watch(self, user_ids: Iterable[UUID]) -> None:
        """Hear by `on_frame` whether these people are here, until the connection is cut."""
        await self.say({"type": "presence:watch", "user_ids": [str(each) for each in user_ids]})

    def forget(self, conversation_id: UUID) -> None:
        """Do not join this conversation again."""
        self._conversations.pop(str(conversation_id), None)
        fetching = self._refetching.pop(str(conversation_id), None)
        if fetching is not None:
            fetching.cancel()

    def _conversation(self, conversation_id: UUID) -> Conversation:
        return self._conversations.setdefault(
            str(conversation_id), Conversation(self, conversation_id, self._rest)
        )

    # One connection after the other

    async def _run(self) -> None:
        attempt = 0
        while self._ended is None:
            before = self.connections
            try:
                await self._connect_and_read()
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd is not None else 1006
                reason = closed.rcvd.reason if closed.rcvd is not None else ""
                expired = code == CloseCode.NOT_SIGNED_IN and self.connections > before
                if code in STOP_CODES and not expired:
                    self._end(SocketClosedError(code, reason))
                    return
            except RestError as error:
                if error.status < 500:  # noqa: PLR2004 - the gateway will say the same again
                    self._end(SocketClosedError(CloseCode.NOT_SIGNED_IN, str(error)))
                    return
            except (OSError, TimeoutError, InvalidHandshake):
                pass
            except Exception as error:  # the boundary: who waits must not wait for ever
                self._end(SocketClosedError(1006, type(error).__name__))
                raise
            self._connection = None
            attempt = 0 if self.connections > before else attempt + 1
            await asyncio.sleep(self._pause(attempt))

    def _pause(self, attempt: int) -> float:
        hinted, self._come_back_ms = self._come_back_ms, None
        return hinted / 1_000 if hinted is not None else backoff(attempt)

    async def _connect_and_read(self) -> None:
        url, signing_in = await self._credentials()
        async with connect(
            url,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,
            max_queue=None,
            open_timeout=CONNECT_SECONDS,
            proxy=None,
        ) as connection:
            await self._sign_in(connection, signing_in)
            async for text in connection:
                frame = decode(text)
                if frame is not None:
                    self._take(frame)
            # The iterator ends quietly after a normal close.
            raise ConnectionClosed(connection.protocol.close_rcvd, None)

    async def _sign_in(self, connection: ClientConnection, signing_in: Frame) -> None:
        # No `resume`: positions are kept by conversation, so each join brings its own.
        await connection.send(encode({"type": "connect", **signing_in}))
        async with asyncio.timeout(CONNECT_SECONDS):
            while (hello := decode(await connection.recv()) or {}).get("type") != "connected":
                pass
        if not self._memory.connected(hello["epoch"]):
            for conversation_id in self._conversations:
                self._memory.fell_behind(conversation_id)
                self._refetch(conversation_id)
        self.connections += 1
        waiting = list(self._requests.values())
        self._waits.set_clock(str(hello["server_time"]))
        if self._deliveries is not None:
            self._deliveries.signed_in(str(hello["user"]["id"]))
        self._connection = connection
        for conversation_id in self._conversations:
            self._rejoin(conversation_id)
        # The joins' tasks send first: what follows needs them.
        await asyncio.sleep(0)
        for request in waiting:
            await self._transmit(request)
        if self._opened is not None and not self._opened.done():
            self._opened.set_result(None)

    def _join(self, conversation_id: str) -> Frame:
        frame: Frame = {"type": "conversation:join", "conversation_id": conversation_id}
        positions = self._memory.positions(conversation_id)
        if positions:
            frame.update(positions=positions, epoch=self._memory.epoch)
        return frame

    def _rejoin(self, conversation_id: str) -> None:
        frame = self._join(conversation_id)
        former = self._rejoining.get(conversation_id)
        if former is not None:
            former.cancel()
        self._rejoining[conversation_id] = self._spawn(self._quietly_ask(frame))

    async def _quietly_ask(self, frame: Frame) -> None:
        with contextlib.suppress(RejectedError, SocketClosedError):
            await self.ask(frame)

    # What arrives

    def _take(self, frame: Frame) -> None:
        if self._on_frame is not None:
            self._on_frame(frame)
        match frame.get("type"):
            case "ack":
                self._settle(frame)
            case "error" if "ref" in frame:
                self._settle({**frame, "status": "rejected"})
            case "reset":
                if frame.get("epoch"):
                    self._memory.connected(str(frame["epoch"]))
                self._reset(str(frame["conversation_id"]))
            case "caught_up":
                self._caught_up(frame)
            case "reconnect":
                self._come_back_ms = int(frame["after_ms"])
            case "reply:delta":
                self._tell(frame)
            # Without a position it is told to an agent of a conversation that is not joined.
            case _ if "event_id" in frame and "at" in frame and self._memory.is_new(frame):
                self._tell(frame)

    def _tell(self, frame: Frame) -> None:
        conversation = self._conversations.get(str(frame.get("conversation_id")))
        if conversation is None:
            return
        self._waits.note(frame)
        if self._deliveries is not None:
            self._deliveries.note(frame)
        conversation.hear(frame)
        if frame["type"] == "conversation:deleted":
            # Nothing more comes of it, and to join it again would be refused.
            self.forget(conversation.id)
            conversation.close()

    def _tell_delivered(self, frame: Frame) -> None:
        self._spawn(self._quietly_ask(frame))

    def _overdue(self, frame: Frame) -> None:
        conversation = self._conversations.get(str(frame["conversation_id"]))
        if conversation is not None:
            conversation.hear(frame)

    def _caught_up(self, frame: Frame) -> None:
        conversation_id = str(frame["conversation_id"])
        # A join without positions brings only what is recent: while a history is on its way,
        # nothing says that the conversation is complete.
        if conversation_id not in self._refetching and frame.get("ref") not in self._partial:
            self._resets.pop(conversation_id, None)
            self._memory.caught_up(conversation_id, frame.get("positions", ()))

    def _reset(self, conversation_id: str) -> None:
        self._memory.fell_behind(conversation_id)
        if self._rest is None:
            self._rejoin(conversation_id)
        else:
            self._refetch(conversation_id)

    def _refetch(self, conversation_id: str) -> None:
        if self._rest is None or conversation_id in self._refetching:
            return
        history = History(self._rest, self._memory)
        self._resets[conversation_id] += 1
        fetching = self._spawn(self._catch_up(conversation_id, history))
        self._refetching[conversation_id] = fetching
        fetching.add_done_callback(partial(self._fetched, conversation_id))

    def _fetched(self, conversation_id: str, fetching: asyncio.Task[None]) -> None:
        if self._refetching.get(conversation_id) is fetching:
            del self._refetching[conversation_id]

    async def _catch_up(self, conversation_id: str, history: History) -> None:
        again = self._resets[conversation_id] - 1
        if again:
            # The history lags behind what the edge replays: let it come nearer.
            await asyncio.sleep(backoff(again))
        missed = await history.missed(UUID(conversation_id))
        if missed is None:
            return
        for item in missed.items:
            # The events that changed what is known are gone: the changed message stands for them.
            if self._memory.is_new(item) or item.get("edited_at") or item.get("deleted"):
                self._tell(item)
        self._memory.reaches(conversation_id, missed.positions)
        del self._refetching[conversation_id]
        if conversation_id in self._conversations and self._connection is not None:
            self._rejoin(conversation_id)

    # What is sent

    async def _transmit(self, request: Request) -> None:
        if request.timer is not None:
            request.timer.cancel()
        request.timer = asyncio.get_running_loop().call_later(ANSWER_SECONDS, self._again, request)
        if self._connection is not None:
            with contextlib.suppress(ConnectionClosed):
                await self._connection.send(request.text)

    def _again(self, request: Request) -> None:
        if not request.answer.done():
            self._spawn(self._transmit(request))

    def _settle(self, ack: Frame) -> None:
        request = self._requests.get(str(ack.get("ref")))
        if request is None:
            return
        delay = request.settle(ack)
        if delay is None:
            return
        conversation_id = str(request.frame.get("conversation_id"))
        if ack["status"] == "rejected" and ack.get("code") == ErrorCode.NOT_JOINED:
            if conversation_id not in self._conversations:
                request.fail(RejectedError("not_joined", "the conversation was left"))
                return
            rejoining = self._rejoining.get(conversation_id)
            if rejoining is None or rejoining.done():
                self._rejoin(conversation_id)
        if request.timer is not None:
            request.timer.cancel()
        request.timer = asyncio.get_running_loop().call_later(delay, self._again, request)

    def _spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    def _end(self, error: SocketClosedError) -> None:
        if self._ended is not None:
            return
        self._ended = error
        if self._opened is not None and not self._opened.done():
            self._opened.set_exception(error)
        for request in tuple(self._requests.values()):
            request.fail(error)
        for conversation in self._conversations.values():
            conversation.close()

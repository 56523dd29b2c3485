"""`GET /ws`: from the handshake to the last frame of one socket."""

import sys
from typing import TYPE_CHECKING, cast

import structlog
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, WebSocketScope

from edge_ws.auth import NotSignedInError, SignIn, origin_allowed
from edge_ws.connection import Connection
from edge_ws.framing import model_frame
from edge_ws.parsing import parse
from edge_ws.wire import wire_of
from runtime.addresses import address_name, is_loopback
from runtime.errors import RetryableError
from schemas.frames.client import Connect
from schemas.frames.codes import SUBPROTOCOL, CloseCode
from schemas.frames.server import Connected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge_ws.admission import Admission
    from edge_ws.backlog import Backlog
    from edge_ws.hub import Hub
    from edge_ws.inbound import Inbound
    from runtime.clock import HybridLogicalClock

PATH = "/ws"

logger = structlog.get_logger(__name__)


class Sockets:
    """The socket half of the edge, as an ASGI application."""

    def __init__(
        self,
        *,
        allowed_origins: frozenset[str],
        sign_in: SignIn,
        inbound: "Inbound",
        hub: "Hub",
        admission: "Admission",
        backlog: "Backlog",
        clock: "HybridLogicalClock",
    ) -> None:
        self._allowed_origins = allowed_origins
        self._sign_in = sign_in
        self._inbound = inbound
        self._hub = hub
        self._admission = admission
        self._backlog = backlog
        self._clock = clock

    async def __call__(
        self, scope: WebSocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Serve one socket."""
        await receive()
        refused = self._refused(scope)
        if refused is not None:
            await _refuse(send, refused)
            return
        spoken = SUBPROTOCOL in scope["subprotocols"]
        await send(
            {
                "type": "websocket.accept",
                "subprotocol": SUBPROTOCOL if spoken else None,
                "headers": [],
            }
        )
        wire = wire_of(scope)
        host = scope["client"][0] if scope["client"] else None
        wire.forget_handshake()
        connection = Connection(wire)
        if not is_loopback(host):
            connection.address = sys.intern(address_name(host))
        wire.on_flow = connection.outbound.flush
        self._hub.opened(connection)
        too_many = self._admission.come(host)
        try:
            if not spoken:
                connection.close(CloseCode.SUBPROTOCOL_MISSING, f"ask for {SUBPROTOCOL}")
            elif self._hub.draining:
                connection.close(CloseCode.DRAINING, "restarting")
            elif too_many is not None:
                connection.close(*too_many)
            await self._read(connection, receive)
        finally:
            self._admission.go(host, connection.session)
            self._hub.closed(connection)

    def _refused(self, scope: WebSocketScope) -> int | None:
        if scope["path"] != PATH:
            return 404
        headers = cast("Sequence[tuple[bytes, bytes]]", scope["headers"])
        return None if origin_allowed(headers, self._allowed_origins) else 403

    async def _read(self, connection: Connection, receive: ASGIReceiveCallable) -> None:
        """Read to the end; nothing that a frame does keeps the reader from reading on."""
        while True:
            message = await receive()
            if message["type"] != "websocket.receive":
                return
            if connection.closing:
                continue
            text = message.get("text")
            try:
                await self._take(connection, text)
            except Exception:  # the boundary of this socket: the others live on
                logger.exception("socket_failed")
                connection.close(CloseCode.SERVER_ERROR, "internal error")

    async def _take(self, connection: Connection, text: str | None) -> None:
        if connection.session is None:
            await self._connect(connection, text)
        elif text is None:
            self._inbound.take_binary(connection, connection.session)
        else:
            self._inbound.take(connection, connection.session, text)

    async def _connect(self, connection: Connection, text: str | None) -> None:
        frame = None if text is None else parse(text)
        if not isinstance(frame, Connect) or (frame.ticket is None) == (frame.token is None):
            connection.close(
                CloseCode.PROTOCOL_BROKEN, "the first frame is connect, with ticket or token"
            )
            return
        try:
            session = await self._sign_in.session_for(frame)
        except NotSignedInError as error:
            connection.close(CloseCode.NOT_SIGNED_IN, str(error))
            return
        except RetryableError:
            connection.close(CloseCode.SERVER_ERROR, "cannot sign in now")
            return
        refused = self._admission.sign_in(session)
        if refused is not None:
            connection.close(*refused)
            return
        connection.session = session
        self._hub.signed_in(session.user.id, connection)
        if frame.resume is not None:
            connection.known_epoch = frame.resume.epoch
            connection.known_positions = frame.resume.positions
        connection.push(
            model_frame(
                Connected(
                    connection_id=connection.id,
                    user=session.user,
                    epoch=self._backlog.epoch,
                    server_time=self._clock.stamp(),
                )
            )
        )


async def _refuse(send: ASGISendCallable, status: int) -> None:
    await send({"type": "websocket.http.response.start", "status": status, "headers": []})
    await send({"type": "websocket.http.response.body", "body": b"", "more_body": False})

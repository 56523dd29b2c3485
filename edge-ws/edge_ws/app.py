"""The edge put together."""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from starlette.applications import Starlette

from edge_ws.access import Access
from edge_ws.admission import Admission
from edge_ws.auth import SignIn
from edge_ws.backlog import Backlog
from edge_ws.changes import Changes
from edge_ws.commands import Commands
from edge_ws.control import Control
from edge_ws.fanout import Fanout
from edge_ws.hub import CONNECT_SECONDS, SWEEP_SECONDS, Hub
from edge_ws.inbound import Inbound
from edge_ws.pace import Pace
from edge_ws.passing import Passing
from edge_ws.presence import Presence
from edge_ws.publishing import Publishing
from edge_ws.revocations import Revocations
from edge_ws.sockets import Sockets
from edge_ws.tail import Tail
from runtime.clock import HybridLogicalClock
from runtime.health import Health

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from datetime import timedelta

    from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

    from edge_ws.control import ControlSource
    from edge_ws.passing import Whispers
    from edge_ws.ports import ConversationDirectory, RecordSource, TicketStore
    from edge_ws.settings import LimitSettings, RingSettings
    from producers.ports import EventPublisher
    from runtime.tokens import AccessTokenVerifier


class Edge:
    """One edge: the ASGI application, and the loops that have to run beside it."""

    def __init__(
        self,
        *,
        publisher: "EventPublisher",
        create_source: Callable[[], "RecordSource"],
        tickets: "TicketStore",
        tokens: "AccessTokenVerifier",
        directory: "ConversationDirectory",
        whispers: "Whispers",
        allowed_origins: frozenset[str],
        ring: "RingSettings",
        create_control: Callable[[], "ControlSource"],
        token_lifetime: "timedelta",
        limits: "LimitSettings",
        answer_within: "timedelta",
        connect_seconds: float = CONNECT_SECONDS,
        sweep_seconds: float = SWEEP_SECONDS,
    ) -> None:
        clock, access, fanout = HybridLogicalClock(), Access(directory), Fanout()
        self.backlog = Backlog(ring)
        self.publishing = Publishing(publisher)
        revocations = Revocations(token_lifetime)
        self.passing = Passing(whispers, fanout)
        self.presence = Presence(self.passing, access, self.backlog)
        watched = (fanout, self.backlog, self.presence, revocations)
        self.hub = Hub(*watched, connect_seconds=connect_seconds, sweep_seconds=sweep_seconds)
        self.control = Control(create_control, revocations, self.hub.sweep)
        self.tail = Tail(
            create_source, backlog=self.backlog, fanout=fanout, access=access, clock=clock
        )
        self._sockets = Sockets(
            allowed_origins=allowed_origins,
            sign_in=SignIn(tickets, tokens),
            inbound=Inbound(
                self._commands(clock, access, fanout, directory, answer_within), Pace(limits)
            ),
            hub=self.hub,
            admission=Admission(revocations, limits),
            backlog=self.backlog,
            clock=clock,
        )
        self._http = Starlette(routes=self.health().routes())

    def _commands(
        self,
        clock: HybridLogicalClock,
        access: Access,
        fanout: Fanout,
        directory: "ConversationDirectory",
        answer_within: "timedelta",
    ) -> Commands:
        changes = Changes(
            publishing=self.publishing, clock=clock, backlog=self.backlog, directory=directory
        )
        return Commands(
            publishing=self.publishing,
            clock=clock,
            access=access,
            fanout=fanout,
            backlog=self.backlog,
            changes=changes,
            passing=self.passing,
            presence=self.presence,
            answer_within=answer_within,
        )

    def health(self) -> Health:
        """Return the checks: alive while the loop answers, ready while the log is followed."""
        return Health(
            ready={
                "tail": lambda: self.tail.following,
                "revocations": lambda: self.control.following,
                "not_draining": lambda: not self.hub.draining,
            }
        )

    async def __call__(
        self, scope: "Scope", receive: "ASGIReceiveCallable", send: "ASGISendCallable"
    ) -> None:
        """Serve a socket, a probe or a scrape."""
        if scope["type"] == "websocket":
            await self._sockets(scope, receive, send)
        else:
            http = cast("Callable[..., Awaitable[None]]", self._http)
            await http(scope, receive, send)

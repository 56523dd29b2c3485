"""The edge put together."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, cast

from starlette.applications import Starlette

from edge_ws.access import Access
from edge_ws.admission import Admission
from edge_ws.auth import SignIn
from edge_ws.backlog import Backlog
from edge_ws.changes import Changes
from edge_ws.commands import Commands
from edge_ws.control import Control
from edge_ws.fanout import Fanout
from edge_ws.hub import Hub
from edge_ws.inbound import Inbound
from edge_ws.joining import Joining
from edge_ws.pace import Pace
from edge_ws.passing import Passing
from edge_ws.past import Past
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
    from edge_ws.ports import ConversationDirectory, PastSource, RecordSource, TicketStore
    from edge_ws.settings import LimitSettings, ResumeSettings, RingSettings
    from producers.ports import EventPublisher
    from runtime.tokens import AccessTokenVerifier


class Sources(NamedTuple):
    """How what the edge reads of the log is made, and made anew when it fails."""

    records: Callable[[], "RecordSource"]
    past: Callable[[], "PastSource"]
    control: Callable[[], "ControlSource"]


class Edge:
    """One edge: the ASGI application, and the loops that have to run beside it."""

    def __init__(
        self,
        *,
        publisher: "EventPublisher",
        sources: Sources,
        tickets: "TicketStore",
        tokens: "AccessTokenVerifier",
        directory: "ConversationDirectory",
        whispers: "Whispers",
        allowed_origins: frozenset[str],
        ring: "RingSettings",
        resume: "ResumeSettings",
        token_lifetime: "timedelta",
        limits: "LimitSettings",
        answer_within: "timedelta",
        **deadlines: float,
    ) -> None:
        clock, access, fanout = HybridLogicalClock(), Access(directory), Fanout()
        self.backlog = Backlog(ring)
        self.joining = Joining(fanout, self.backlog, Past(sources.past, resume), resume, access)
        self.publishing = Publishing(publisher)
        self._revocations = revocations = Revocations(token_lifetime)
        self.passing = Passing(whispers, fanout)
        self.presence = Presence(self.passing, access, self.backlog)
        self.hub = Hub(fanout, self.backlog, self.presence, revocations, **deadlines)
        self.control = Control(sources.control, revocations, self.hub.sweep, access)
        self.tail = Tail(
            sources.records, backlog=self.backlog, fanout=fanout, access=access, clock=clock
        )
        commands = self._commands(clock, access, fanout, directory, answer_within)
        self._sockets = Sockets(
            allowed_origins=allowed_origins,
            sign_in=SignIn(tickets, tokens),
            inbound=Inbound(commands, Pace(limits)),
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
            joining=self.joining,
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
                "revocations": lambda: self._revocations.complete,
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

"""The composition root: routes, errors, headers and what they stand on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware import Middleware

from gateway.admin import endpoints as admin
from gateway.admin.authority import Authority
from gateway.admin.service import Administration
from gateway.ai import endpoints as ai
from gateway.ai.exchange import Exchange
from gateway.ai.ports import Asker
from gateway.ai.service import Assisting
from gateway.auth import endpoints as auth
from gateway.auth.service import SignIn
from gateway.auth.standing import Standing
from gateway.auth.telling import Telling
from gateway.auth.tokens import AccessTokenMint, RefreshTokens, load_private_key
from gateway.chat import agent_endpoints as agents_desk
from gateway.chat import changing_endpoints
from gateway.chat import endpoints as chat
from gateway.chat.agents import Agents
from gateway.chat.changed import ChangedConversations
from gateway.chat.changing import Changing
from gateway.chat.service import Conversing
from gateway.chat.young import YoungConversations, YoungJoins
from gateway.http.api import ProblemApi
from gateway.http.middleware import (
    AnswerHeaders,
    ErrorBoundary,
    LargerBodies,
    Measures,
    security_headers,
)
from gateway.http.problems import answer_with_problems
from gateway.internal import endpoints as internal
from gateway.knowledge import endpoints as knowledge
from gateway.knowledge.service import Editing
from gateway.parts import OpenParts, Parts, open_parts, running
from gateway.settings import GatewaySettings
from gateway.state import GatewayState
from gateway.training import candidate_endpoints as candidates
from gateway.training import endpoints as training
from gateway.training.candidates import CandidateDesk
from gateway.training.service import TrainingDesk
from gateway.web import endpoints as web
from gateway.web.apps import web_apps
from runtime.clock import HybridLogicalClock
from runtime.health import Check, Health
from runtime.tokens import AccessTokenVerifier

# The first lease takes a fraction of it; without Valkey a start takes this much longer.
_SETTLE_SECONDS = 2.0

ROUTERS = (
    auth.router,
    chat.router,
    changing_endpoints.router,
    agents_desk.router,
    ai.router,
    # Before the jobs: `candidates` is no job's id.
    candidates.router,
    training.router,
    knowledge.router,
    admin.router,
    web.router,
    internal.router,
)


def build_app(settings: GatewaySettings, open_parts: OpenParts = open_parts) -> FastAPI:
    """Return the gateway; nothing is connected before the server starts it.

    Raises:
        ConfigurationError: the signing key cannot be read.
    """
    key = load_private_key(settings.auth.private_key_file)

    checks_live: dict[str, Check] = {}
    checks_ready: dict[str, Check] = {}

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[GatewayState]:
        async with open_parts(settings) as parts:
            checks_live.update(parts.live)
            checks_ready.update(parts.ready)
            clock = HybridLogicalClock()
            exchange = _exchange(settings, parts, clock)
            async with running(exchange.run()) as exchanging:
                checks_live["replies"] = lambda: not exchanging.done()
                await exchange.settle(_SETTLE_SECONDS)
                yield _state(settings, parts, key, clock, exchange)

    app = ProblemApi(
        title="Parley",
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        generate_unique_id_function=_operation_id,
        telemetry={"metrics": False, "logs": False, "operation_spans": False},
        middleware=_middleware(settings),
    )
    answer_with_problems(app)
    chat.answer_unaccepted(app)
    ai.answer_unanswered(app)
    training.answer_bad_examples(app)
    for routes in ROUTERS:
        app.include_router(routes)
    app.router.routes.extend(Health(checks_live, checks_ready).routes())
    # The default, not a mount: a mount on "/" would hide wrong methods on known routes.
    app.router.default = web_apps(settings.webapps_dir)
    return app


def _middleware(settings: GatewaySettings) -> list[Middleware]:
    headers = security_headers(settings.socket_origin, secure=settings.auth.cookie_secure)
    # From the outside in.
    return [
        Middleware(AnswerHeaders, headers=headers),
        Middleware(Measures),
        Middleware(ErrorBoundary),
        Middleware(
            LargerBodies,
            larger={
                training.TRAIN_PATH: training.MAX_BODY_BYTES,
                knowledge.DOCUMENTS: knowledge.MAX_UPLOAD_BYTES,
            },
        ),
    ]


def _exchange(settings: GatewaySettings, parts: Parts, clock: HybridLogicalClock) -> Exchange:
    return Exchange(
        publisher=parts.publisher,
        leases=parts.reply_leases,
        log=parts.reply_log,
        clock=clock,
        settings=settings.ai,
    )


def _agents(parts: Parts, clock: HybridLogicalClock, changed: ChangedConversations) -> Agents:
    return Agents(
        accounts=parts.accounts,
        conversations=parts.conversations,
        publisher=parts.publisher,
        clock=clock,
        young=YoungJoins(),
        changed=changed,
    )


def _chat(
    settings: GatewaySettings, parts: Parts, clock: HybridLogicalClock
) -> tuple[Conversing, Changing, Agents]:
    changed = ChangedConversations()
    agents = _agents(parts, clock, changed)
    conversing = Conversing(
        conversations=parts.conversations,
        publisher=parts.publisher,
        clock=clock,
        young=YoungConversations(),
        changed=changed,
        agents=agents,
        answer_within=settings.answer_within,
    )
    changing = Changing(
        conversing=conversing, publisher=parts.publisher, clock=clock, changed=changed
    )
    return conversing, changing, agents


def _sign_in(
    settings: GatewaySettings,
    parts: Parts,
    key: EllipticCurvePrivateKey,
    *,
    telling: Telling,
    standing: Standing,
) -> SignIn:
    return SignIn(
        accounts=parts.accounts,
        tickets=parts.tickets,
        passwords=parts.passwords,
        mint=AccessTokenMint(key, settings.auth.issuer, settings.auth.access_lifetime),
        refresh_tokens=RefreshTokens(key),
        telling=telling,
        standing=standing,
        refresh_lifetime=settings.auth.refresh_lifetime,
    )


def _state(
    settings: GatewaySettings,
    parts: Parts,
    key: EllipticCurvePrivateKey,
    clock: HybridLogicalClock,
    asker: Asker,
) -> GatewayState:
    conversing, changing, agents = _chat(settings, parts, clock)
    telling = Telling(clock)
    standing = Standing(parts.accounts, settings.auth.access_lifetime)
    authority = Authority(parts.accounts)
    return GatewayState(
        settings=settings,
        sign_in=_sign_in(settings, parts, key, telling=telling, standing=standing),
        standing=standing,
        administration=Administration(parts.accounts, telling, standing, authority),
        editing=Editing(parts.knowledge, authority, clock),
        training=TrainingDesk(
            registry=parts.registry,
            authority=authority,
            publisher=parts.publisher,
            clock=clock,
        ),
        candidates=CandidateDesk(parts.candidates, clock),
        conversing=conversing,
        changing=changing,
        agents=agents,
        assisting=Assisting(asker, conversing),
        verifier=AccessTokenVerifier(key.public_key(), settings.auth.issuer),
        shared_limits=parts.shared_limits,
        local_limits=parts.local_limits,
    )


def _operation_id(route: APIRoute) -> str:
    return route.name

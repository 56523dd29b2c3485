"""Asking the assistant by a route: within the user's rate, and measured."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.ai.measuring import measured
from gateway.state import GatewayState
from schemas.claims import AccessClaims


@asynccontextmanager
async def asked(endpoint: str, user: AccessClaims, state: GatewayState) -> AsyncIterator[None]:
    """Measure what a user asks, within the user's rate."""
    with measured(endpoint):
        await state["local_limits"].spend(state["settings"].limits.ai, "ai", str(user.sub))
        yield

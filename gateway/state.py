"""What lives as long as the process, as the routes see it."""

from typing import Annotated, TypedDict, cast

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from gateway.admin.service import Administration
from gateway.ai.service import Assisting
from gateway.auth.service import SignIn
from gateway.auth.standing import Standing
from gateway.chat.agents import Agents
from gateway.chat.changing import Changing
from gateway.chat.service import Conversing
from gateway.http.limits import RateLimiter
from gateway.knowledge.service import Editing
from gateway.settings import GatewaySettings
from gateway.training.candidates import CandidateDesk
from gateway.training.service import TrainingDesk
from runtime.addresses import address_name
from runtime.tokens import AccessTokenVerifier, InvalidTokenError
from schemas.claims import AccessClaims


class GatewayState(TypedDict):
    """Yielded by the lifespan; Starlette puts it on every request."""

    settings: GatewaySettings
    sign_in: SignIn
    standing: Standing
    administration: Administration
    conversing: Conversing
    changing: Changing
    agents: Agents
    editing: Editing
    assisting: Assisting
    training: TrainingDesk
    candidates: CandidateDesk
    verifier: AccessTokenVerifier
    shared_limits: RateLimiter
    local_limits: RateLimiter


def gateway_state(request: Request) -> GatewayState:
    """Return the state of the process."""
    return cast("GatewayState", request.state._state)  # noqa: SLF001 - the mapping it was made of


State = Annotated[GatewayState, Depends(gateway_state)]

_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", scheme_name="accessToken")


async def signed_in(
    state: State,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> AccessClaims:
    """Return the claims of the bearer token, whose session must not have ended.

    Raises:
        InvalidTokenError: there is none, or it is not good.
        RetryableError: nobody can tell now.
    """
    if credentials is None:
        raise InvalidTokenError("an access token is needed")
    claims = state["verifier"].verify(credentials.credentials)
    await state["standing"].require(claims)
    return claims


SignedInUser = Annotated[AccessClaims, Depends(signed_in)]


def client_address(request: Request) -> str:
    """Return the name under which the caller's address is counted."""
    return address_name(request.client.host if request.client else None)


ClientAddress = Annotated[str, Depends(client_address)]

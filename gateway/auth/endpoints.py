"""The routes of accounts and sessions."""

from fastapi import APIRouter, Request, Response

from gateway.auth.service import Entry
from gateway.auth.views import LoginRequest, RegisterRequest, SignedIn, TicketView, UserView
from gateway.http.origin import require_same_origin
from gateway.http.route import StrictJsonRoute
from gateway.settings import GatewaySettings
from gateway.state import ClientAddress, GatewayState, SignedInUser, State
from runtime.errors import DomainError

COOKIE = "parley_refresh"
COOKIE_PATH = "/api/auth"

router = APIRouter(prefix="/api/auth", tags=["auth"], route_class=StrictJsonRoute)


@router.post("/register", status_code=201)
async def register(
    body: RegisterRequest, response: Response, state: State, address: ClientAddress
) -> SignedIn:
    """Open an account and sign in."""
    limits = state["settings"].limits
    await _spend(state, "register", limits.register_, address, body.email)
    entry = await state["sign_in"].register(body.email, body.password.get_secret_value(), body.name)
    return _signed_in(response, state["settings"], entry)


@router.post("/login")
async def login(
    body: LoginRequest, response: Response, state: State, address: ClientAddress
) -> SignedIn:
    """Sign in."""
    await _spend(state, "login", state["settings"].limits.login, address, body.email)
    entry = await state["sign_in"].login(body.email, body.password.get_secret_value())
    return _signed_in(response, state["settings"], entry)


@router.post("/refresh")
async def refresh(
    request: Request, response: Response, state: State, address: ClientAddress
) -> SignedIn:
    """Change the refresh cookie for a new access token and a new cookie."""
    settings = state["settings"]
    require_same_origin(request, settings.public_origin)
    secret = request.cookies.get(COOKIE)
    if not secret:
        raise DomainError("not_signed_in", "There is no session here; sign in.", status=401)
    await _spend(state, "refresh", settings.limits.refresh, address, secret)
    return _signed_in(response, settings, await state["sign_in"].refresh(secret))


@router.post("/logout", status_code=204)
async def logout(request: Request, response: Response, state: State) -> None:
    """End the session of the refresh cookie; without one nothing happens."""
    settings = state["settings"]
    require_same_origin(request, settings.public_origin)
    secret = request.cookies.get(COOKIE)
    if secret:
        await state["sign_in"].logout(secret)
    response.delete_cookie(
        COOKIE,
        path=COOKIE_PATH,
        secure=settings.auth.cookie_secure,
        httponly=True,
        samesite="strict",
    )


@router.get("/profile")
async def profile(user: SignedInUser, state: State) -> UserView:
    """Tell who is signed in."""
    account = await state["sign_in"].profile(user.sub)
    return UserView(id=account.id, email=account.email, name=account.name, role=account.role)


@router.post("/socket-ticket")
async def socket_ticket(user: SignedInUser, state: State) -> TicketView:
    """Give a ticket that opens one socket within 30 seconds."""
    ticket, expires = await state["sign_in"].issue_ticket(user)
    return TicketView(ticket=ticket, url=state["settings"].socket_url, expiresAt=expires)


async def _spend(state: GatewayState, what: str, rate: str, address: str, account: str) -> None:
    limits = state["shared_limits"]
    await limits.spend(state["settings"].limits.address, what, address)
    await limits.spend(rate, what, "account", account)


def _signed_in(response: Response, settings: GatewaySettings, entry: Entry) -> SignedIn:
    response.set_cookie(
        COOKIE,
        entry.refresh_token,
        max_age=int(settings.auth.refresh_lifetime.total_seconds()),
        path=COOKIE_PATH,
        secure=settings.auth.cookie_secure,
        httponly=True,
        samesite="strict",
    )
    account = entry.account
    return SignedIn(
        token=entry.token,
        user=UserView(id=account.id, email=account.email, name=account.name, role=account.role),
        expiresAt=entry.token_expires_at,
    )

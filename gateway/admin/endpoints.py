"""The routes of admins."""

from uuid import UUID

from fastapi import APIRouter

from gateway.admin.views import AccountChange, AccountView
from gateway.http.route import StrictJsonRoute
from gateway.state import SignedInUser, State

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=StrictJsonRoute)


@router.put("/users/{user_id}")
async def change_user(
    user_id: UUID, body: AccountChange, user: SignedInUser, state: State
) -> AccountView:
    """Switch an account on or off; off signs it out everywhere at once."""
    account = await state["administration"].switch(user.sub, user_id, active=body.is_active)
    return AccountView(
        id=account.id,
        email=account.email,
        name=account.name,
        role=account.role,
        is_active=account.is_active,
    )

"""What the admin routes take and answer."""

from uuid import UUID

from pydantic import StrictBool

from gateway.auth.views import Request, View


class AccountChange(Request):
    """What is to become of an account."""

    is_active: StrictBool


class AccountView(View):
    """An account as admins see it."""

    id: UUID
    email: str
    name: str
    role: str
    is_active: bool

"""Who may administer: the account says so, never an older token."""

from uuid import UUID

from gateway.auth.ports import Account, Accounts
from runtime.errors import DomainError

ADMIN = "admin"


class Authority:
    """Asks the account of whoever wants to do what only admins may."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def require_admin(self, user_id: UUID) -> Account:
        """Return the account of an active admin.

        Raises:
            DomainError: the user is none.
        """
        account = await self._accounts.by_id(user_id)
        if account is None or not account.is_active or account.role != ADMIN:
            raise DomainError("not_allowed", "Only admins may do this.", status=403)
        return account

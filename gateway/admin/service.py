"""Switching accounts on and off, by people whose account says that they may."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog

from gateway.admin.authority import Authority
from gateway.auth.ports import Account, Accounts, Session
from gateway.auth.standing import Standing
from gateway.auth.telling import Telling
from runtime.clock import wall_clock
from runtime.errors import DomainError
from schemas.events.envelope import Event

logger = structlog.get_logger(__name__)


class Administration:
    """What the admin routes do."""

    def __init__(
        self,
        accounts: Accounts,
        telling: Telling,
        standing: Standing,
        authority: Authority,
        now: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._accounts = accounts
        self._telling = telling
        self._standing = standing
        self._authority = authority
        self._now = now

    async def switch(self, actor_id: UUID, user_id: UUID, *, active: bool) -> Account:
        """Switch an account on or off; off ends its sessions and closes its sockets.

        Raises:
            DomainError: the actor is no admin, means themselves, or there is no such account.
        """
        await self._authority.require_admin(actor_id)
        if actor_id == user_id and not active:
            # The last admin could not be let in again by anybody.
            raise DomainError("own_account", "Nobody can switch off their own account.", status=409)
        ended: list[UUID] = []

        def tell(account: Account, sessions: tuple[Session, ...]) -> tuple[Event, ...]:
            ended.extend(session.id for session in sessions)
            if active:
                return self._telling.enabled(actor_id, account)
            return self._telling.disabled(actor_id, account, sessions)

        account = await self._accounts.switch(user_id, self._now(), tell, active=active)
        if account is None:
            raise DomainError("not_found", "There is no such account.", status=404)
        self._standing.end(ended)
        self._standing.forget(user_id)
        logger.info("user_switched", user_id=user_id, active=active, sessions=len(ended))
        return account

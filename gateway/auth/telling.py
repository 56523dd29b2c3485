"""What the outbox is told of accounts and sessions: for the audit, and for the edges."""

from collections.abc import Mapping, Sequence
from uuid import UUID, uuid4

from pydantic import JsonValue

from gateway.auth.ports import Account, Session
from runtime.clock import HybridLogicalClock
from schemas import ids
from schemas.events.admin import Action, ActionRecorded
from schemas.events.control import RevocationReason, SessionRevoked, UserDisabled
from schemas.events.envelope import Event


class Telling:
    """Makes the events; those of one change are written in the order in which they stand here."""

    def __init__(self, clock: HybridLogicalClock) -> None:
        self._clock = clock

    def registered(self, account: Account, first: Session) -> tuple[Event, ...]:
        """An account was opened, and signed in."""
        new = {"role": account.role}
        action = _once(Action.USER_REGISTERED, account.id)
        opened = self._action(
            action, Action.USER_REGISTERED, "user", account.id, account.id, new=new
        )
        return (opened, *self.started(first))

    def started(self, session: Session) -> tuple[Event, ...]:
        """Somebody signed in."""
        return (self._of_session(Action.SESSION_STARTED, session),)

    def ended(self, session: Session) -> tuple[Event, ...]:
        """Somebody signed out: the session's sockets close."""
        return (
            self._of_session(Action.SESSION_ENDED, session),
            self._revoked(session, RevocationReason.LOGGED_OUT),
        )

    def reused(self, session: Session) -> tuple[Event, ...]:
        """A refresh token was shown twice: whoever holds the session, its sockets close."""
        return (
            self._of_session(Action.SESSION_REUSE_DETECTED, session),
            self._revoked(session, RevocationReason.REUSE_DETECTED),
        )

    def disabled(
        self, actor_id: UUID, account: Account, sessions: Sequence[Session]
    ) -> tuple[Event, ...]:
        """An admin switched an account off, and with it these sessions."""
        key = ids.event_id(UserDisabled.event_type, uuid4())
        return (
            self._switched(Action.USER_DISABLED, actor_id, account, active=False),
            *(self._revoked(session, RevocationReason.USER_DISABLED) for session in sessions),
            UserDisabled(
                event_id=key,
                occurred_at=self._clock.stamp(),
                correlation_id=key,
                user_id=account.id,
            ),
        )

    def enabled(self, actor_id: UUID, account: Account) -> tuple[Event, ...]:
        """An admin switched an account on again."""
        return (self._switched(Action.USER_ENABLED, actor_id, account, active=True),)

    def _switched(
        self, action: Action, actor_id: UUID, account: Account, *, active: bool
    ) -> ActionRecorded:
        # It may happen again to the same account: the name of this time is random.
        return self._action(
            ids.event_id(ActionRecorded.event_type, uuid4()),
            action,
            "user",
            account.id,
            actor_id,
            old={"is_active": not active},
            new={"is_active": active},
        )

    def _of_session(self, action: Action, session: Session) -> ActionRecorded:
        key = _once(action, session.id)
        return self._action(key, action, "session", session.id, session.user_id)

    def _action(
        self,
        event_id: UUID,
        action: Action,
        kind: str,
        target: UUID,
        actor: UUID,
        *,
        old: Mapping[str, JsonValue] | None = None,
        new: Mapping[str, JsonValue] | None = None,
    ) -> ActionRecorded:
        return ActionRecorded(
            event_id=event_id,
            occurred_at=self._clock.stamp(),
            correlation_id=event_id,
            actor_id=actor,
            action=action,
            target_type=kind,
            target_id=target,
            old=dict(old) if old else None,
            new=dict(new) if new else None,
        )

    def _revoked(self, session: Session, reason: RevocationReason) -> SessionRevoked:
        key = ids.event_id(SessionRevoked.event_type, session.id)
        return SessionRevoked(
            event_id=key,
            occurred_at=self._clock.stamp(),
            correlation_id=key,
            user_id=session.user_id,
            session_id=session.id,
            reason=reason,
        )


def _once(action: Action, target: UUID) -> UUID:
    """Return the id of what can happen to a target only once."""
    return ids.event_id(f"{ActionRecorded.event_type}:{action}", target)

"""Who handles a conversation at each of its records, made of the hand-overs before it.

Hand-overs are a set that only grows, so replicas that know different parts of it come to the same
state by merging (Shapiro et al., "Conflict-free Replicated Data Types", 2011).
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from schemas.events.chat import Handler
from schemas.events.handovers import HandoverChange

Changes = tuple[HandoverChange, ...]

KEPT = 8
"""More than fit between two commits, unless somebody plays with the button."""


def handler_at(changes: Changes, place: int) -> Handler:
    """Return who handles the record at this offset: the latest hand-over before it decides.

    The latest is the one of the latest (occurred_at, event_id), as everywhere.
    """
    return handler_of(tuple(each for each in changes if each.place < place))


def handler_of(changes: Changes) -> Handler:
    """Return who handles the conversation after all of these."""
    return max(changes, key=_rank).to if changes else Handler.ASSISTANT


def merged(known: Changes, more: Iterable[HandoverChange]) -> Changes:
    """Return both, each place once, the oldest places dropped beyond what is kept."""
    at_place = {each.place: each for each in (*more, *known)}
    ordered = [at_place[place] for place in sorted(at_place)]
    while len(ordered) > KEPT:
        latest = max(ordered, key=_rank)
        ordered.remove(next(each for each in ordered if each is not latest))
    return tuple(ordered)


def _rank(change: HandoverChange) -> tuple[datetime, UUID]:
    return change.occurred_at, change.event_id

"""Profiles in PostgreSQL: read under lock, added up, written back."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from consumers.delivery.database import Connection, Row
from consumers.personalization.ports import Profile, Sounded

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# Sorted by user, so that two members of the group never wait for each other in a circle.
_ENSURE = """
insert into user_profiles (user_id, first_seen_at, last_seen_at)
select * from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) as new(user_id, first, last)
order by user_id
on conflict do nothing
"""
_LOCK = """
select user_id, messages, first_seen_at, last_seen_at, intents, sentiments, languages, recent
from user_profiles where user_id = any($1::uuid[]) order by user_id for update
"""
_WRITE = """
update user_profiles as kept
set messages = new.messages, first_seen_at = new.first, last_seen_at = new.last,
    language = new.language, intents = new.intents, sentiments = new.sentiments,
    languages = new.languages, recent = new.recent, untold = true, updated_at = now()
from unnest(
    $1::uuid[], $2::bigint[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::jsonb[],
    $7::jsonb[], $8::jsonb[], $9::jsonb[]
) as new(user_id, messages, first, last, language, intents, sentiments, languages, recent)
where kept.user_id = new.user_id
"""


class PostgresProfiles:
    """Writes in the transaction of the connection it is given."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, seen: Mapping[UUID, Profile]) -> None:
        """See `Profiles`."""
        users = list(seen)
        await self._connection.execute(
            _ENSURE,
            users,
            [seen[user].first_seen_at for user in users],
            [seen[user].last_seen_at for user in users],
        )
        rows = await self._connection.fetch(_LOCK, users)
        merged = [(row["user_id"], profile_of(row) + seen[row["user_id"]]) for row in rows]
        columns = zip(*(_written(user, profile) for user, profile in merged), strict=True)
        await self._connection.execute(_WRITE, *columns)


def profile_of(row: Row) -> Profile:
    """The profile that a row holds."""
    return Profile(
        first_seen_at=row["first_seen_at"],
        last_seen_at=row["last_seen_at"],
        messages=row["messages"],
        intents=Counter(json.loads(row["intents"])),
        sentiments=Counter(json.loads(row["sentiments"])),
        languages=Counter(json.loads(row["languages"])),
        recent=tuple(
            Sounded(_EPOCH + at * _MICROSECOND, mood) for at, mood in json.loads(row["recent"])
        ),
    )


def _written(user: UUID, profile: Profile) -> tuple[object, ...]:
    return (
        user,
        profile.messages,
        profile.first_seen_at,
        profile.last_seen_at,
        profile.language,
        json.dumps(profile.intents),
        json.dumps(profile.sentiments),
        json.dumps(profile.languages),
        json.dumps([[(at - _EPOCH) // _MICROSECOND, mood] for at, mood in profile.recent]),
    )

"""Training candidates in PostgreSQL: persistence's ratings and messages, the gateway's labels."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    Select,
    and_,
    exists,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from gateway.chat.ports import Place
from gateway.database import Database
from gateway.knowledge.repository import is_unanswered
from gateway.outbox import write_to_outbox
from gateway.training.candidate_ports import (
    MOST_REASONS,
    Candidate,
    Label,
    Lesson,
    Origin,
    State,
    TellLabelled,
)
from schemas.events.chat import Rating
from schemas.events.replies import ReplySource
from schemas.tables.gateway import training_labels as labels
from schemas.tables.persistence import feedback, messages

_LABEL = (labels.c.message_id, labels.c.intent, labels.c.actor_id, labels.c.labelled_at)


class PostgresCandidateBook:
    """`gateway.training.candidate_ports.CandidateBook` on feedback, messages, training_labels."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, state: State, before: Place | None, limit: int) -> Sequence[Candidate]:
        """Read rated and unanswered questions, each by its own index; ratings in one more."""
        async with self._database.transaction() as connection:
            rows = (await connection.execute(candidates_page(state, before, limit))).all()
            given = (await connection.execute(_ratings_of([row.message_id for row in rows]))).all()
        by_question: dict[UUID, list[Any]] = {}
        for each in given:
            by_question.setdefault(each.in_reply_to, []).append(each)
        return [_candidate(row, state, by_question.get(row.message_id, ())) for row in rows]

    async def label(self, label: Label, tell: TellLabelled) -> bool:
        """Write under the earlier label's lock, with the audit's event in the outbox."""
        asked = select(messages.c.message_id).where(
            messages.c.message_id == label.message_id, _stands(messages)
        )
        known = select(*_LABEL).where(labels.c.message_id == label.message_id).with_for_update()
        kept = {
            "intent": label.intent,
            "actor_id": label.actor_id,
            "labelled_at": label.labelled_at,
        }
        async with self._database.transaction() as connection:
            if (await connection.execute(asked)).one_or_none() is None:
                return False
            row = (await connection.execute(known)).mappings().one_or_none()
            await connection.execute(
                upsert(labels)
                .values(message_id=label.message_id, **kept)
                .on_conflict_do_update(index_elements=["message_id"], set_=kept)
            )
            await write_to_outbox(connection, [tell(None if row is None else Label(**row))])
        return True

    async def lessons(self, limit: int) -> Sequence[Lesson]:
        """Read labels, then likes, up to `limit` of each."""
        async with self._database.transaction() as connection:
            labelled = (await connection.execute(_labelled(limit))).all()
            liked = (await connection.execute(_liked(limit))).all()
        return [
            *(Lesson(row.text, row.intent, Origin.LABELLED) for row in labelled),
            *(Lesson(row.text, row.intent, Origin.LIKED) for row in liked),
        ]


def candidates_page(state: State, before: Place | None, limit: int) -> Select[*tuple[Any, ...]]:
    """Return the query of candidates: each stands where it was last rated, or had no answer."""
    reply, given, later = messages.alias("reply"), feedback.alias("given"), feedback.alias("later")
    newer = _place(later) > _place(given)
    rated = _part(
        given.join(reply, reply.c.message_id == given.c.message_id), reply, given, state
    ).where(~exists().where(later.c.in_reply_to == given.c.in_reply_to, newer))
    again = messages.alias("again")
    unrated = _part(reply, reply, reply, state).where(
        is_unanswered(reply),
        ~exists().where(feedback.c.in_reply_to == reply.c.in_reply_to),
        # Asked for once more, and still without an answer: the last time is shown.
        ~exists().where(
            again.c.conversation_id == reply.c.conversation_id,
            again.c.in_reply_to == reply.c.in_reply_to,
            _place(again) > _place(reply),
            is_unanswered(again),
        ),
    )
    parts = (
        _latest(rated, given.c.occurred_at, given.c.event_id, before, limit),
        _latest(unrated, reply.c.occurred_at, reply.c.event_id, before, limit),
    )
    both = union_all(*(part.subquery().select() for part in parts)).subquery("candidate")
    return _latest(select(both), both.c["at"], both.c["key"], None, limit)


def _part(
    source: FromClause, reply: FromClause, placed: FromClause, state: State
) -> Select[*tuple[Any, ...]]:
    """Return questions of replies in `source`, standing where `placed` does."""
    question = messages.alias("question")
    return (
        select(
            question.c.message_id,
            question.c.conversation_id,
            question.c.text,
            reply.c.body,
            labels.c.intent.label("label"),
            placed.c.occurred_at.label("at"),
            placed.c.event_id.label("key"),
        )
        .select_from(
            source.join(question, question.c.message_id == reply.c.in_reply_to).outerjoin(
                labels, _holds(question)
            )
        )
        .where(_stands(question), reply.c.type == "reply", _IS[state])
    )


def _latest(
    query: Select[*tuple[Any, ...]],
    at: ColumnElement[Any],
    key: ColumnElement[Any],
    before: Place | None,
    limit: int,
) -> Select[*tuple[Any, ...]]:
    if before is not None:
        query = query.where(tuple_(at, key) < tuple_(before.at, before.id))
    return query.order_by(at.desc(), key.desc()).limit(limit)


_IS: dict[State, ColumnElement[bool]] = {
    State.OPEN: labels.c.message_id.is_(None),
    State.LABELLED: labels.c.intent.is_not(None),
    State.DISMISSED: and_(labels.c.message_id.is_not(None), labels.c.intent.is_(None)),
}


def _labelled(limit: int) -> Select[str, str]:
    return (
        select(messages.c.text, labels.c.intent)
        .join(labels, _holds(messages))
        .where(_stands(messages), labels.c.intent.is_not(None))
        .order_by(labels.c.labelled_at.desc(), labels.c.message_id)
        .limit(limit)
    )


def _liked(limit: int) -> Select[str, str]:
    """Questions that were answered under an intent, to somebody's liking and nobody's dislike."""
    reply, question = messages.alias("reply"), messages.alias("question")
    other = feedback.alias("other")
    # Of several who like it one stands for all.
    outdone = exists().where(
        other.c.message_id == feedback.c.message_id,
        or_(other.c.rating == Rating.DOWN, _place(other) > _place(feedback)),
    )
    intent = reply.c.body["intent"].astext
    return (
        select(question.c.text, intent.label("intent"))
        .select_from(
            feedback.join(reply, reply.c.message_id == feedback.c.message_id)
            .join(question, question.c.message_id == reply.c.in_reply_to)
            .outerjoin(labels, _holds(question))
        )
        .where(
            feedback.c.rating == Rating.UP,
            ~outdone,
            intent.is_not(None),
            _stands(question),
            or_(question.c.edited_at.is_(None), question.c.edited_at < reply.c.occurred_at),
            labels.c.message_id.is_(None),
        )
        .order_by(feedback.c.occurred_at.desc(), feedback.c.event_id)
        .limit(limit)
    )


def _ratings_of(questions: Sequence[UUID]) -> Select[UUID, str, str | None]:
    return (
        select(feedback.c.in_reply_to, feedback.c.rating, feedback.c.reason)
        .where(feedback.c.in_reply_to.in_(questions))
        .order_by(feedback.c.occurred_at.desc(), feedback.c.event_id)
    )


def _stands(question: FromClause) -> ColumnElement[bool]:
    return and_(question.c.type == "message", question.c.deleted_at.is_(None))


def _holds(question: FromClause) -> ColumnElement[bool]:
    """A label is about the words that its editor saw."""
    edited = question.c.edited_at
    return and_(
        labels.c.message_id == question.c.message_id,
        or_(edited.is_(None), edited < labels.c.labelled_at),
    )


def _place(table: FromClause) -> ColumnElement[Any]:
    return tuple_(table.c.occurred_at, table.c.event_id)


def _candidate(row: Row[*tuple[Any, ...]], state: State, given: Sequence[Row[Any]]) -> Candidate:
    body, why = row.body, row.body.get("why") or {}
    answered = body["intent"] is not None
    ratings = Counter(each.rating for each in given)
    return Candidate(
        message_id=row.message_id,
        conversation_id=row.conversation_id,
        text=row.text,
        intent=body["intent"] if answered else why.get("intent"),
        confidence=body["confidence"] if answered else why.get("score", body["confidence"]),
        source=body["source"],
        unanswered=body["source"] == ReplySource.HANDOVER and not answered,
        place=Place(row.at, row.key),
        up=ratings[Rating.UP],
        down=ratings[Rating.DOWN],
        reasons=tuple(each.reason for each in given if each.reason)[:MOST_REASONS],
        state=state,
        label=row.label,
    )

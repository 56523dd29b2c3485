"""Mechanisms broken on purpose, in memory: the judge goes red for each, not for the real one."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import pytest

from consumers.delivery.backoff import Backoff
from consumers.delivery.memory import InMemoryDeadLetters, InMemoryRetries, SharedOffsets
from consumers.delivery.parked import RetryDesk
from consumers.delivery.parking import Lanes
from consumers.delivery.ports import Delivered, Offsets, Partition, Record
from consumers.delivery.progress import Progress
from consumers.delivery.work import Worker
from edge_ws.ring import Ring
from parley_client import Conversation, Thread
from parley_client.frames import Frame
from producers.memory import InMemoryEventPublisher
from producers.ports import Published, PublishStatus
from producers.records import to_record
from runtime.clock import HybridLogicalClock
from schemas.events.chat import MessageSent
from schemas.events.envelope import Event
from schemas.generate.examples import EXAMPLES
from tests.faults.changes import Editor, History
from tests.faults.judge import Row, Verdict, View, compare

MESSAGE = next(event for event in EXAMPLES if isinstance(event, MessageSent))
HOME = Partition("chat-messages", 0)
MESSAGES = 60
REPEATED = 20
BATCH = 5


class KilledError(BaseException):
    """The process is gone: nothing catches this."""


@dataclass
class Table:
    """Rows as persistence keeps them; the key drops what is there already."""

    keyed: bool = True
    rows: list[Row] = field(default_factory=list)

    def add(self, batch: Sequence[Delivered]) -> None:
        for each in batch:
            event = each.event
            assert isinstance(event, MessageSent)
            if self.keyed and any(row.event_id == event.event_id for row in self.rows):
                continue
            self.rows.append(
                Row(event.event_id, event.message_id, "message", None, event.conversation_id)
            )


@dataclass
class Keeper:
    """Rows and positions together, as one transaction makes them; killed now and then."""

    table: Table
    shared: SharedOffsets
    chance: random.Random

    async def load(self, partitions: Iterable[Partition]) -> Offsets:
        return {each: self.shared.positions.get(each, 0) for each in partitions}

    async def store(self, batch: Sequence[Delivered], upto: Offsets) -> None:
        self._maybe_killed()
        self.table.add(batch)
        self.shared.positions.update(upto)
        self._maybe_killed()

    def _maybe_killed(self) -> None:
        if self.chance.random() < 0.2:
            raise KilledError


class CommitsFirst(Keeper):
    """The oldest mistake: the position moves before the work is done."""

    async def store(self, batch: Sequence[Delivered], upto: Offsets) -> None:
        self.shared.positions.update(upto)
        self._maybe_killed()
        self.table.add(batch)


class CommitsApart(Keeper):
    """Rows first and the position later, not in one transaction: harmless only with a key."""

    async def store(self, batch: Sequence[Delivered], upto: Offsets) -> None:
        self.table.add(batch)
        self._maybe_killed()
        self.shared.positions.update(upto)


def the_log(chance: random.Random) -> list[Record]:
    """Return messages, some of which stand there twice because a client repeated them."""
    events = []
    for number in range(MESSAGES):
        made = uuid5(NAMESPACE_OID, str(number))
        events.append(MESSAGE.model_copy(update={"event_id": made, "message_id": made}))
    for event in chance.sample(events, REPEATED):
        events.insert(chance.randint(events.index(event) + 1, len(events)), event)
    return [record_of(event, offset) for offset, event in enumerate(events)]


def record_of(event: MessageSent, offset: int) -> Record:
    made = to_record(event, b"/test")
    return Record(made.topic, 0, offset, made.key, made.value, made.headers, 1_700_000_000)


async def consume(log: list[Record], keeper: Keeper) -> None:
    """Run the product's worker over the log, from the kept position after each kill."""
    while (start := (await keeper.load([HOME]))[HOME]) < len(log):
        worker = Worker(
            "chat-test",
            keeper,
            InMemoryDeadLetters(),
            RetryDesk("chat-test", keeper, InMemoryRetries("nlp"), Lanes("nlp")),
            Progress("chat-test", timedelta(seconds=60)),
            HybridLogicalClock(),
            halt=asyncio.Event(),
            backoff=Backoff(),
        )
        try:
            await worker.work(log[start : start + BATCH])
        except KilledError:
            continue


async def judged(keeper_class: type[Keeper], *, keyed: bool = True) -> Verdict:
    """Return what the judge says; every message is taken as accepted, answered and seen."""
    chance = random.Random(7)
    log, table = the_log(chance), Table(keyed)
    await consume(log, keeper_class(table, SharedOffsets(), chance))
    accepted = frozenset(uuid5(NAMESPACE_OID, str(number)) for number in range(MESSAGES))
    answers = [_answer(each) for each in sorted(accepted)]
    rows = [*table.rows, *answers]
    view = View(MESSAGE.conversation_id, accepted, sorted({str(row.event_id) for row in rows}))
    return compare([view], rows)


def _answer(message_id: UUID) -> Row:
    made = uuid5(message_id, "answer")
    return Row(made, made, "reply", message_id, MESSAGE.conversation_id)


async def test_the_real_order_is_kept() -> None:
    """Work and position in one step, a key on the rows: killed anywhere, nothing is wrong."""
    assert (await judged(Keeper)).kept


async def test_a_commit_before_the_work_is_found() -> None:
    """What was committed and not worked is lost, and the judge says so."""
    verdict = await judged(CommitsFirst)
    assert verdict.lost
    assert not verdict.kept


@pytest.mark.parametrize("keeper", [Keeper, CommitsApart])
async def test_a_skipped_key_is_found(keeper: type[Keeper]) -> None:
    """Without the key a repeat on the log, or a batch worked again, is stored twice."""
    verdict = await judged(keeper, keyed=False)
    assert verdict.doubled
    assert not verdict.kept


async def test_a_key_makes_up_for_a_late_position() -> None:
    """Work that comes again changes nothing while the key is there."""
    assert (await judged(CommitsApart)).kept


class LeakyRing(Ring):
    """Forgets one event, and looks complete."""

    def keep(self, offset: int, key: bytes, payload: bytes, now: float) -> None:
        if offset == MESSAGES // 2:
            self.pass_over(offset)
        else:
            super().keep(offset, key, payload, now)


def replayed(ring: Ring) -> Verdict:
    """Return what the judge says when somebody comes back who has seen the first ten events."""
    rows, key = said(), b"conversation"
    for offset, row in enumerate(rows):
        ring.keep(offset, key, str(row.event_id).encode(), 0.0)
    assert ring.reaches_back_to(9)
    seen = [str(row.event_id) for row in rows[:10]]
    seen += [kept.payload.decode() for kept in ring.after(key, 9)]
    accepted = frozenset(row.message_id for row in rows if row.type == "message")
    return compare([View(MESSAGE.conversation_id, accepted, seen)], rows)


def said() -> list[Row]:
    """Return the rows of a conversation, in its order."""
    rows = []
    for number in range(MESSAGES):
        made = uuid5(NAMESPACE_OID, str(number))
        rows += [Row(made, made, "message", None, MESSAGE.conversation_id), _answer(made)]
    return rows


def test_a_dropped_ring_entry_is_found() -> None:
    """Somebody who comes back and is not sent everything has a gap that the judge names."""
    assert replayed(Ring(0, max_bytes=1_000_000, max_age=60.0)).kept
    verdict = replayed(LeakyRing(0, max_bytes=1_000_000, max_age=60.0))
    assert len(verdict.unseen) == 1


class HastyPublisher(InMemoryEventPublisher):
    """Says `accepted` whatever the log says."""

    async def publish(self, event: Event) -> Published:
        return replace(await super().publish(event), status=PublishStatus.ACCEPTED)


async def spoken(publisher: InMemoryEventPublisher) -> Verdict:
    """Return what the judge says of people who talk while the log comes and goes."""
    accepted: set[UUID] = set()
    for number in range(MESSAGES):
        made = uuid5(NAMESPACE_OID, str(number))
        publisher.status = PublishStatus.UNKNOWN if number % 7 == 0 else PublishStatus.ACCEPTED
        event = MESSAGE.model_copy(update={"event_id": made, "message_id": made})
        if (await publisher.publish(event)).accepted:
            accepted.add(made)
    rows: list[Row] = []
    for stored in publisher.events:
        made = stored.event_id
        rows += [Row(made, made, "message", None, MESSAGE.conversation_id), _answer(made)]
    seen = [str(row.event_id) for row in rows]
    return compare([View(MESSAGE.conversation_id, frozenset(accepted), seen)], rows)


async def test_an_accept_before_the_log_has_it_is_found() -> None:
    """A false `accepted` is a lost message, and the judge says so."""
    assert (await spoken(InMemoryEventPublisher())).kept
    assert (await spoken(HastyPublisher())).lost


AUTHOR = MESSAGE.sender.id
CHANGES = 200


@dataclass
class Books:
    """Accepts every change and keeps it as a history tells it, but of one kind the first alone."""

    items: list[dict[str, Any]]
    forgets: str = ""
    read: list[dict[str, Any]] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)

    async def ask(self, frame: Frame) -> Frame:
        self.asked[frame["type"]] += 1
        if frame["type"] != self.forgets or self.asked[self.forgets] == 1:
            self._keep(frame)
        return {"status": "accepted"}

    async def say(self, frame: Frame) -> None:
        """See `Line`."""

    def forget(self, conversation_id: UUID) -> None:
        """See `Line`."""

    def _keep(self, frame: Frame) -> None:
        [item] = [each for each in self.items if each["message_id"] == frame["message_id"]]
        match frame["type"]:
            case "message:edit":
                item.update(text=frame["text"], edited_at=item["occurred_at"])
            case "message:delete":
                item.update(text=None, deleted=True, reactions=[])
            case "reaction":
                others = [each for each in item["reactions"] if each["emoji"] != frame["emoji"]]
                mine = {"user_id": str(AUTHOR), "emoji": frame["emoji"]}
                item["reactions"] = [*others, mine] if frame["active"] else others
            case "feedback":
                item["rating"] = frame["rating"]
            case "read":
                mark = {"message_id": item["message_id"], "up_to": item["occurred_at"]}
                marks = [*self.read, {"user_id": str(AUTHOR), **mark}]
                self.read = [max(marks, key=lambda each: str(each["up_to"]))]


async def changed(forgets: str = "") -> tuple[Editor, History]:
    """Return what somebody changed, and what the books tell of it."""
    items: list[dict[str, Any]] = [
        {
            "type": row.type,
            "event_id": str(row.event_id),
            "message_id": str(row.message_id),
            "occurred_at": f"2026-11-27T12:{place // 60:02}:{place % 60:02}.000000Z",
            "sender": {"id": str(AUTHOR if row.type == "message" else NAMESPACE_OID)},
            "text": "hello",
            "reactions": [],
        }
        for place, row in enumerate(said())
    ]
    books = Books(items, forgets)
    conversation = Conversation(books, MESSAGE.conversation_id)
    thread = Thread.of(items, reader=AUTHOR)
    editor = Editor(AUTHOR, conversation, thread, random.Random(7))
    for _turn in range(CHANGES):
        await editor.change()
    return editor, History(books.items, books.read)


async def test_changes_that_are_kept_are_all_told() -> None:
    """With honest books nothing is missing and nothing too much."""
    editor, history = await changed()
    assert editor.accepted == CHANGES
    assert editor.effects() == history.effects()


@pytest.mark.parametrize("kind", ["message:edit", "message:delete", "reaction", "feedback", "read"])
async def test_a_dropped_change_is_found(kind: str) -> None:
    """A change that was accepted and came to nothing is missing, of whichever kind it is."""
    editor, history = await changed(forgets=kind)
    assert editor.effects() - history.effects()


async def test_a_change_that_is_there_twice_is_found() -> None:
    """Shown twice is one too many, though every accepted change is there."""
    editor, history = await changed()
    reacted = next(item for item in history.items if item["reactions"])
    reacted["reactions"].append(reacted["reactions"][0])
    assert not editor.effects() - history.effects()
    assert (history.effects() - editor.effects()).total() == 1

"""Log against tables: what is counted, what is forgiven, what is never forgiven."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid4

import pytest
from aiokafka.partitioner import DefaultPartitioner
from typer.testing import CliRunner

from cli.main import app
from cli.reconciliation.changes import state_of
from cli.reconciliation.compare import TOPICS, partition_of
from cli.reconciliation.log import CHANGES, STORED, entry
from cli.reconciliation.verdict import LISTED, Kept, PartitionVerdict, Standing, Verdict
from cli.verify import as_dict
from schemas.events.chat import (
    AgentJoined,
    ConversationHandedOver,
    FeedbackGiven,
    MessageDeleted,
    MessageEdited,
    MessagesDelivered,
    MessageSent,
    MessagesRead,
    ReactionSet,
)
from schemas.events.conversations import (
    ConversationDeleted,
    ConversationEnded,
    ConversationRenamed,
)
from schemas.events.envelope import Event
from schemas.events.replies import HandoverAsked
from schemas.generate.examples import EXAMPLES
from schemas.topics import CATALOGUE, DEAD_LETTER_RETENTION, Topic

TOPIC = "chat-messages"
Kind = TypeVar("Kind", bound=Event)


def event(offset: int, *, stored: bool = True, excused: bool = False) -> Kept:
    return Kept(TOPIC, 0, offset, uuid4(), stored, excused)


def test_a_stored_event_is_well() -> None:
    """When every event has its row nothing is named."""
    found = PartitionVerdict(TOPIC, 0)
    for offset in range(3):
        found.take(event(offset))
    assert (found.events, found.rows, found.kept) == (3, 3, True)


def test_an_event_without_a_row_is_named() -> None:
    """It is missing, and named."""
    found, lost = PartitionVerdict(TOPIC, 0), event(1, stored=False)
    found.take(event(0))
    found.take(lost)
    assert not found.kept
    assert found.missing_named == [str(lost.event_id)]


def test_a_record_that_names_no_event_is_named_by_its_place() -> None:
    """Poison that no dead letter accounts for is missing."""
    found = PartitionVerdict(TOPIC, 3)
    found.take(Kept(TOPIC, 3, 17, None, stored=False, excused=False))
    assert found.missing_named == ["chat-messages:3:17"]
    assert not found.kept


def test_a_dead_letter_is_excused() -> None:
    """What stands on the dead-letter topic is not lost."""
    found = PartitionVerdict(TOPIC, 0)
    found.take(event(0, stored=False, excused=True))
    assert (found.kept, found.excused, found.events) == (True, 1, 0)


def test_a_row_without_an_event_is_named() -> None:
    """Rows come from the log and from nowhere else."""
    found, stranger = PartitionVerdict(TOPIC, 0), uuid4()
    found.blame(stranger)
    assert not found.kept
    assert Verdict([found]).unexpected == [str(stranger)]


def test_what_has_two_rows_is_named() -> None:
    """One message or answer is one row, under whatever event ids."""
    found, subject = PartitionVerdict(TOPIC, 0), uuid4()
    found.double(subject, 2)
    assert not found.kept
    assert (found.duplicate, Verdict([found]).duplicate) == (2, [str(subject)])


def test_findings_beyond_a_screen_are_counted_only() -> None:
    """A lost table does not fill the memory with names."""
    found = PartitionVerdict(TOPIC, 0)
    for offset in range(LISTED + 5):
        found.take(event(offset, stored=False))
        found.blame(uuid4())
    assert (found.missing, found.unexpected) == (LISTED + 5, LISTED + 5)
    assert len(found.missing_named) == len(found.unexpected_named) == LISTED


def test_order_is_part_of_the_chain() -> None:
    """The same events in another order are another history."""
    one, other = PartitionVerdict(TOPIC, 0), PartitionVerdict(TOPIC, 0)
    events = [event(0), event(1)]
    for each in events:
        one.take(each)
    for each in reversed(events):
        other.take(each)
    assert one.log_chain.text != other.log_chain.text


def test_programs_get_everything() -> None:
    """JSON carries the counts and the chains of each partition."""
    found = PartitionVerdict(TOPIC, 0)
    found.take(event(0))
    shown = json.loads(json.dumps(as_dict(Verdict([found]))))
    assert shown["ok"] is True
    assert shown["partitions"][0]["events"] == 1
    assert shown["partitions"][0]["log_chain"] == found.log_chain.text


@dataclass
class Record:
    """A record as the log gives it."""

    value: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = (("ce_type", MessageSent.event_type.encode()),)
    topic: str = TOPIC
    partition: int = 2
    offset: int = 7
    timestamp: float = field(default_factory=lambda: time.time() * 1_000)


def test_a_record_says_which_event_it_is() -> None:
    """Place and event id; whatever else the body holds is not looked at."""
    event_id = UUID(int=5)
    found = entry(Record(b'{"event_id": "%s", "new": 1}' % str(event_id).encode()))
    assert found == (TOPIC, 2, 7, event_id, False, False, None)


def test_every_event_of_the_compared_topics_is_placed() -> None:
    """A new event either owes a row or changes one: somebody has to say which."""
    events = {event for topic in TOPICS for event in CATALOGUE[topic].events}
    assert events == STORED | CHANGES
    assert not STORED & CHANGES


def test_a_change_owes_no_row() -> None:
    """An edit is known by its type; what does not say all of one is poison as any other."""
    headers = (("ce_type", MessageEdited.event_type.encode()),)
    edit = example(MessageEdited)
    found = entry(Record(edit.model_dump_json().encode(), headers))
    assert (found.event_id, found.changes, found.state) == (edit.event_id, True, state_of(edit))
    for body in (b"{}", b'{"event_id": "%s"}' % str(uuid4()).encode()):
        poison = entry(Record(body, headers))
        assert (poison.event_id, poison.changes, poison.state) == (None, False, None)


def example(kind: type[Kind]) -> Kind:
    """Return the example of an event."""
    return next(each for each in EXAMPLES if isinstance(each, kind))


def test_a_change_says_what_it_makes_of_which_thing() -> None:
    """Of every kind that is merged, and of nothing else; a reason goes with its question."""
    found = {type(event): state_of(event) for event in EXAMPLES if type(event) in CHANGES}
    kinds = {kind: state.kind for kind, state in found.items() if state is not None}
    assert kinds == {
        MessageEdited: "edit",
        MessageDeleted: "deletion",
        ReactionSet: "reaction",
        FeedbackGiven: "rating",
        MessagesRead: "read",
        MessagesDelivered: "delivered",
        ConversationHandedOver: "handover",
        HandoverAsked: "handover",
        AgentJoined: "agent",
        ConversationRenamed: "title",
        ConversationEnded: "end",
        ConversationDeleted: "removal",
    }
    rated = example(FeedbackGiven)
    for reason, about in ((None, None), ("no", rated.in_reply_to)):
        state = state_of(rated.model_copy(update={"reason": reason}))
        assert state is not None
        assert state.about == about


def test_words_are_compared_and_never_kept() -> None:
    """Other words are another state, and none of them stands in one."""
    secret = "what somebody said"
    for kind, name in ((MessageEdited, "text"), (FeedbackGiven, "reason")):
        first, other = (
            state_of(example(kind).model_copy(update={name: words}))
            for words in (secret, f"{secret}!")
        )
        assert first != other
        assert secret not in str(first)
    called = example(ConversationHandedOver).model_copy(update={"note": secret})
    assert secret not in str(state_of(called))


def test_what_was_changed_is_counted_where_its_change_stands() -> None:
    """What agrees stands; what is missing, unexpected or different is named by kind and id."""
    found, names = PartitionVerdict(TOPIC, 0), dict[str, str]()
    findings = ("missing", "unexpected", "different")
    for finding in findings:
        for _ in range(LISTED + 1):
            change = Standing(TOPIC, 0, "reaction", uuid4(), uuid4(), finding)
            names.setdefault(finding, f"reaction {change.name}")
            found.see(change)
    found.see(Standing(TOPIC, 0, "edit", uuid4(), uuid4(), None))
    assert (found.standing, found.kept) == (1, False)
    shown = as_dict(Verdict([found]))
    for finding in findings:
        assert shown["partitions"][0][finding] == LISTED + 1
        assert len(shown[finding]) == LISTED
        assert shown[finding][0] == names[finding]


def test_one_difference_is_enough() -> None:
    """Something that is not as its last change says breaks the verdict."""
    found = PartitionVerdict(TOPIC, 0)
    found.see(Standing(TOPIC, 0, "edit", uuid4(), uuid4(), "different"))
    assert not Verdict([found]).kept


@pytest.mark.parametrize(
    "record",
    [
        Record(None),
        Record(b"\x00\xff"),
        Record(b"[]"),
        Record(b'{"event_id": "no"}'),
        Record(b"{}", headers=()),
        Record(b"{}", headers=(("ce_type", None),)),
        Record(b"{}", headers=(("ce_type", b"\xff\xfe"),)),
        Record(b"{}", headers=(("ce_type", b"chat.reply_generated.v1"),)),
    ],
)
def test_poison_says_nothing(record: Record) -> None:
    """Bytes, nulls, strangers and wrong topics name no event and break nothing."""
    assert entry(record).event_id is None


def test_old_poison_is_known_to_be_old() -> None:
    """Dead letters are kept for weeks: after that their notes cannot be asked for."""
    then = time.time() - DEAD_LETTER_RETENTION.total_seconds() - 60
    assert entry(Record(None, timestamp=then * 1_000)).expired


def test_rows_are_counted_where_kafka_puts_their_key() -> None:
    """The partition of a row is the producer's own choice for its key."""
    choose, partitions = DefaultPartitioner(), list(range(12))
    for _ in range(50):
        key = str(uuid4()).encode()
        assert partition_of(key, Topic.CHAT_MESSAGES) == choose(key, partitions, partitions)


def test_a_cluster_needs_its_database(tmp_path: Path) -> None:
    """One half of an address is met with one line."""
    arguments = ["verify", "--data", str(tmp_path), "--bootstrap-servers", "127.0.0.1:1"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 1
    assert done.stderr == "parley: --bootstrap-servers and --database-url go together\n"

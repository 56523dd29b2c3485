"""How far a client has heard is known of each conversation, and never too far."""

from uuid import uuid4

from parley_client.frames import Frame
from parley_client.memory import Memory


def event(conversation: str, at: str) -> Frame:
    return {"event_id": str(uuid4()), "conversation_id": conversation, "at": at}


def test_conversations_on_one_log_do_not_speak_for_each_other() -> None:
    """A cut may come when one was replayed and the other, on the same log, was not."""
    memory = Memory()
    memory.is_new(event("one", "m3:10"))
    memory.is_new(event("two", "m3:11"))
    memory.is_new(event("one", "m3:500"))
    assert memory.positions("one") == ["m3:500"]
    assert memory.positions("two") == ["m3:11"]


def test_who_missed_nothing_comes_further() -> None:
    """`caught_up` says how far the conversation's logs have been heard."""
    memory = Memory()
    memory.is_new(event("one", "m3:10"))
    memory.caught_up("one", ["m3:90", "r3:4"])
    assert memory.positions("one") == ["m3:90", "r3:4"]


def test_what_comes_after_a_hole_does_not_cover_it() -> None:
    """After `reset` positions stand still until everything since the history was heard."""
    memory = Memory()
    memory.is_new(event("one", "m3:10"))
    memory.fell_behind("one")
    memory.is_new(event("one", "m3:900"))
    assert memory.positions("one") == []
    memory.reaches("one", ["m3:700"])
    memory.is_new(event("one", "m3:901"))
    assert memory.positions("one") == ["m3:700"]
    memory.caught_up("one", ["m3:905"])
    memory.is_new(event("one", "m3:906"))
    assert memory.positions("one") == ["m3:906"]


def test_another_history_begins_anew() -> None:
    """Positions of a log that is gone are forgotten."""
    memory = Memory()
    assert memory.connected("first")
    memory.is_new(event("one", "m3:10"))
    assert not memory.connected("second")
    assert memory.positions("one") == []


def test_a_change_that_was_repeated_is_new_with_each_of_its_times() -> None:
    """The latest counts, so a reader has to hear of it; a message stays where it was first."""
    latest = ("message:edited", "handover", "conversation:renamed")
    for kind, times in (("message", 1), ("reply", 1), *((each, 2) for each in latest)):
        memory = Memory()
        first = {**event("one", "m3:10"), "type": kind, "occurred_at": "12:00:01"}
        again = {**first, "at": "m3:11", "occurred_at": "12:00:02"}
        assert [memory.is_new(each) for each in (first, again, first, again)].count(True) == times
        assert memory.positions("one") == ["m3:11"]

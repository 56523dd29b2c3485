"""There is one way to consume as a group: the loop of consumers.delivery."""

import ast

from tests.architecture.sources import called_name, calls, code

LOOP = "consumers/delivery/source.py"
CLIENTS = {"AIOKafkaConsumer", "SessionConsumer"}
FRAMEWORK_WAYS = {"subscriber", "KafkaBroker", "KafkaRouter", "batch_subscriber"}


def test_only_the_loop_joins_a_group() -> None:
    """A client elsewhere has no group: it may look at the log, never commit to it."""
    joining = [
        f"{source.path}:{call.lineno}"
        for source in code()
        if source.path != LOOP
        for call in calls(source)
        if called_name(call) in CLIENTS and not groupless(call)
    ]
    assert not joining


def test_the_loop_never_commits_by_itself() -> None:
    """Automatic commits are off, and a new group starts with the first record."""
    (made,) = [
        call
        for source in code()
        if source.path == LOOP
        for call in calls(source)
        if called_name(call) in CLIENTS
    ]
    written = {each.arg: each.value for each in made.keywords}
    assert ast.literal_eval(written["enable_auto_commit"]) is False
    assert ast.literal_eval(written["auto_offset_reset"]) == "earliest"
    assert "max_poll_interval_ms" in written


def test_no_framework_subscribes() -> None:
    """A subscriber of a framework brings the framework's own acknowledgement (ADR 0005)."""
    found = [
        f"{source.path}:{call.lineno}"
        for source in code()
        for call in calls(source)
        if called_name(call) in FRAMEWORK_WAYS
    ]
    assert not found


def groupless(call: ast.Call) -> bool:
    """Return whether the call says that there is no group."""
    groups = [each.value for each in call.keywords if each.arg == "group_id"]
    return bool(groups) and isinstance(groups[0], ast.Constant) and groups[0].value is None

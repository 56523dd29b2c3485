"""The age of the oldest record that waits, from looks at the log's end alone."""

from dataclasses import replace

from consumers.delivery.ages import Ages
from tests.unit.consumers.delivery.samples import HOME, message


class Hands:
    """A clock set by hand."""

    time = 1_000.0

    def __call__(self) -> float:
        return self.time


def test_a_record_is_as_old_as_the_first_look_at_it() -> None:
    """What came since the last look is young; what still waits grows older."""
    hands = Hands()
    ages = Ages(hands, hands)
    ages.look({HOME: 5}, {HOME: 5})
    hands.time += 5
    ages.look({HOME: 8}, {HOME: 5})
    assert ages.of(HOME.topic, {HOME: 5}) == 0
    hands.time += 30
    ages.look({HOME: 9}, {HOME: 5})
    assert ages.of(HOME.topic, {HOME: 5}) == 30
    assert ages.of(HOME.topic, {HOME: 8}) == 0
    hands.time += 2
    assert ages.of(HOME.topic, {HOME: 8}) == 2
    assert ages.of(HOME.topic, {HOME: 9}) == 0


def test_a_backlog_is_as_old_as_what_was_handled_last() -> None:
    """A consumer that comes back after an hour does not call its backlog young."""
    hands = Hands()
    ages = Ages(hands, hands)
    ages.look({HOME: 100}, {HOME: 0})
    hands.time += 1
    hour_ago = int((hands.time - 3_600) * 1_000)
    ages.handled([replace(message(0), timestamp=hour_ago)])
    assert ages.of(HOME.topic, {HOME: 1}) == 3_600
    ages.look({HOME: 100}, {HOME: 100})
    assert ages.of(HOME.topic, {HOME: 100}) == 0

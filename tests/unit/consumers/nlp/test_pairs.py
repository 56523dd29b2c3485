"""Pairs to tune with: of one intent, beside others, the same ones each time."""

import pytest

from consumers.nlp.service import pairs
from consumers.nlp.service.lessons import Lessons
from consumers.nlp.service.pairs import batches

LABELS = ["a"] * 6 + ["b"] * 6 + ["c"] * 6


def test_a_pair_is_of_one_intent_and_a_batch_of_many() -> None:
    """Two different sentences of an intent, and no intent twice: it would be pushed from itself."""
    for batch in batches(LABELS, rounds=2, size=3):
        labels = [LABELS[first] for first, _ in batch.pairs]
        assert len(set(labels)) == len(labels) > 1
        for first, second in batch.pairs:
            assert first != second
            assert LABELS[first] == LABELS[second]


def test_every_sentence_begins_a_pair_in_each_round() -> None:
    """Nothing is learnt more often than its neighbour."""
    drawn = [first for batch in batches(LABELS, rounds=3, size=3) for first, _ in batch.pairs]
    assert sorted(drawn) == sorted(list(range(18)) * 3)


def test_the_same_labels_give_the_same_batches() -> None:
    """A job that is worked again learns the same; another seed is another order."""
    assert batches(LABELS, rounds=2, size=2) == batches(LABELS, rounds=2, size=2)
    assert batches(LABELS, rounds=2, size=2) != batches(LABELS, rounds=2, size=2, seed=1)


def test_what_has_no_partner_or_no_rival_is_left_out() -> None:
    """One sentence makes no pair, and one intent no contrast."""
    assert batches(["a", "a", "a", "b"], rounds=2, size=4) == []
    assert len(batches(["a"] * 50 + ["b"] * 2, rounds=1, size=4)) == 2


def test_a_job_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many examples there are, tuning ends."""
    monkeypatch.setattr(pairs, "MOST_BATCHES", 5)
    assert len(batches(LABELS, rounds=100, size=2)) == 5


def test_what_is_held_out_is_never_tuned_on() -> None:
    """Nor what is out of scope, nor what may mean two things."""
    labels = ["a"] * 10 + ["b"] * 10 + [None] * 10 + ["a|b"] * 10
    lessons = Lessons([f"sentence {row}" for row in range(40)], labels)
    texts, chosen = lessons.contrasted()
    held_out = {f"sentence {row}" for row in lessons.parts.held_out}
    assert set(chosen) == {"a", "b"}
    assert len(texts) == 16
    assert not held_out & set(texts)

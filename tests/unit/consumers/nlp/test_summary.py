"""Key messages: central, unlike each other, in order, and never words of its own."""

import numpy as np
import pytest

from consumers.nlp.adapters.onnx_embedder import OnnxEmbedder
from consumers.nlp.service.summary import (
    MOST_SENTENCES_READ,
    SENTENCE_CHARS,
    Sentence,
    pick,
    sentences_of,
)
from schemas.events.ai import Turn


def turn(text: str, speaker: str = "Ada") -> Turn:
    return Turn(speaker=speaker, text=text)


def test_sentences_know_their_turn() -> None:
    """Turns are cut at ends of sentences and lines; greetings are left out."""
    sentences = sentences_of(
        [turn("Hi!"), turn("My order is late. Where is it now?\nI need it today.", "Eve")]
    )
    assert [(each.turn, each.speaker, each.text) for each in sentences] == [
        (1, "Eve", "My order is late."),
        (1, "Eve", "Where is it now?"),
        (1, "Eve", "I need it today."),
    ]


def test_short_talk_is_summarized_too() -> None:
    """When nobody says more than two words, these are all there is."""
    assert [each.text for each in sentences_of([turn("Hi!"), turn("Bye.")])] == ["Hi!", "Bye."]


@pytest.mark.parametrize("text", ["", " \n ", "..."])
def test_hardly_anything_said(text: str) -> None:
    """Blank turns are no sentences, and no error."""
    sentences = sentences_of([turn(text)])
    vectors = np.ones((len(sentences), 2), dtype=np.float32)
    assert len(pick(sentences, vectors, 3)) == len(sentences) <= 1


def test_the_end_of_a_very_long_talk_is_read() -> None:
    """The work is bounded in sentences, and each sentence in length."""
    sentences = sentences_of([turn(f"This is sentence {at}.") for at in range(1_000)])
    assert len(sentences) == MOST_SENTENCES_READ
    assert sentences[-1].text == "This is sentence 999."
    (long,) = sentences_of([turn("very long words " * 500)])
    assert len(long.text) == SENTENCE_CHARS


def test_repeats_are_passed_over() -> None:
    """Of two sentences that say the same one is picked, and the order is the original's."""
    sentences = [Sentence(at, "Ada", text) for at, text in enumerate("abcd")]
    vectors = np.array([[0.6, 0.8], [1, 0], [1, 0], [0.6, -0.8]], dtype=np.float32)
    picked = pick(sentences, vectors, 2)
    assert [each.sentence.text for each in picked] == ["a", "b"]
    assert all(-1 <= each.score <= 1 for each in picked)


def test_vectors_that_cancel_out_have_no_centre() -> None:
    """Opposites are no reason to divide by nothing."""
    sentences = [Sentence(at, "Ada", text) for at, text in enumerate("ab")]
    picked = pick(sentences, np.array([[1, 0], [-1, 0]], dtype=np.float32), 5)
    assert [(each.sentence.text, each.score) for each in picked] == [("a", 0.0), ("b", 0.0)]


def test_what_it_is_about_is_picked(embedder: OnnxEmbedder) -> None:
    """With the real model small talk does not stand for a conversation about a parcel."""
    turns = [
        turn("Hello, how are you doing today?"),
        turn("My parcel with the headphones has not arrived."),
        turn("The tracking page has not changed since Monday."),
        turn("The parcel should have been delivered three days ago."),
        turn("By the way, nice weather we are having."),
        turn("If the parcel is lost I want my money back."),
    ]
    sentences = sentences_of(turns)
    picked = pick(sentences, embedder.embed([each.text for each in sentences]), 3)
    assert not {each.sentence.turn for each in picked} & {0, 4}

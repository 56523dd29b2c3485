"""What counts as abusive, and how it is measured."""

import pickle
import time
from pathlib import Path

import pytest

from consumers.nlp.adapters.moderator_store import prepare_moderator
from consumers.nlp.adapters.profanity import read_weights
from consumers.nlp.adapters.weights import MODERATOR_MODEL, MODERATOR_WORDS, locate
from consumers.nlp.adapters.word_moderator import WordModerator
from consumers.nlp.errors import ModelBuildError
from consumers.nlp.service.knowledge import Knowledge
from consumers.nlp.service.moderation import STRIDE, WINDOW, Moderation
from consumers.nlp.settings import ModelSettings
from tests.unit.consumers.nlp.samples import RUDE, small_moderation

THRESHOLD = ModelSettings().moderation_threshold
CIVIL = "please tell me when the parcel comes"

# From scikit-learn 1.9.1 with the wheel's own pickles: predict_proba(…)[:, 1].
PUBLISHED = {
    "Where is my order 48213?": 0.02038213,
    "you are trash": 0.29966552,
    "go to hell you stupid bot": 0.99975228,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a moderator that was read out of its wheel."""
    folder = tmp_path_factory.mktemp("moderator")
    prepare_moderator(folder)
    return folder


@pytest.fixture(scope="module")
def moderator(folder: Path) -> WordModerator:
    """Return the moderator as it was kept."""
    return prepare_moderator(folder)


def test_it_says_what_its_source_says(moderator: WordModerator) -> None:
    """Without scikit-learn, to the sixth digit."""
    scores = moderator.scores(list(PUBLISHED))
    assert scores == pytest.approx(list(PUBLISHED.values()), abs=1e-6)


@pytest.mark.parametrize(
    "text",
    ["you are a useless piece of shit", "fuck off", "You idiots stole my money", "I hate you"],
)
def test_abuse_is_flagged(moderator: WordModerator, text: str) -> None:
    """At the threshold that is set where nothing is."""
    judgement = Moderation(moderator, THRESHOLD).judge(text, "en")
    assert judgement is not None
    assert judgement.flagged


def test_anger_is_not_abuse(moderator: WordModerator, knowledge: Knowledge) -> None:
    """Of the starter's sentences, which hold many complaints, at most five of a thousand are."""
    refuses = Moderation(moderator, THRESHOLD).refuses
    toned = [text for texts in knowledge.tones.by_label().values() for text in texts]
    foreign = {text for text, _ in knowledge.foreign_lessons()}
    for translation in knowledge.translations.values():
        foreign |= {text for text, _ in translation.held_out()}
    said = [*(text for text in knowledge.sentences() if text not in foreign), *toned]
    flagged = [text for text in said if refuses(text, "en")]
    assert len(flagged) <= 0.005 * len(said), flagged


def test_abuse_cannot_hide_behind_many_words() -> None:
    """A long message is as abusive as its worst part, wherever that stands."""
    civil = f"{CIVIL} " * 40
    for text in (f"{civil} {RUDE}", f"{RUDE} {civil}", f"{civil} {RUDE} {civil}"):
        judgement = small_moderation().judge(text, "en")
        assert judgement is not None
        assert judgement.flagged


@pytest.mark.parametrize("words", [0, 1, STRIDE, WINDOW, WINDOW + 1, 3 * WINDOW])
def test_every_word_is_judged(words: int) -> None:
    """Whatever the length, the last word counts."""
    judgement = small_moderation().judge(" ".join(["so"] * words + [RUDE]), "en")
    assert judgement is not None
    assert judgement.flagged


def test_what_the_moderator_cannot_read_has_no_judgement(moderator: WordModerator) -> None:
    """An English list takes German articles for threats, so it is not asked."""
    text = "Wie lange dauert die Lieferung nach Norwegen?"
    assert Moderation(moderator, THRESHOLD).judge(text, "de") is None
    assert not Moderation(moderator, THRESHOLD).refuses(text, "de")
    (wrong,) = moderator.scores([text])
    assert wrong > THRESHOLD


def test_a_threshold_of_one_flags_nothing(moderator: WordModerator) -> None:
    """Who wants every message to reach the language model can say so."""
    judgement = Moderation(moderator, 1.0).judge("fuck you " * 8, "en")
    assert judgement is not None
    assert not judgement.flagged


def test_a_growing_text_is_judged_by_what_is_new() -> None:
    """Words that were passed before are not judged again, but for those beside the new ones."""
    text = f"{RUDE} " + "so " * 2 * WINDOW
    assert small_moderation().refuses(text, "en")
    assert not small_moderation().refuses(f"{text} {CIVIL}", "en", judged=len(text))
    assert small_moderation().refuses(f"{text} {RUDE}", "en", judged=len(text))


def test_a_message_is_judged_in_far_less_than_a_millisecond(moderator: WordModerator) -> None:
    """One message alone; the best of many, since the machine may be busy."""
    moderation = Moderation(moderator, THRESHOLD)
    took = []
    for _ in range(50):
        started = time.perf_counter()
        moderation.judge("Where is my order 48213? I have waited for two weeks now.", "en")
        took.append(time.perf_counter() - started)
    assert min(took) < 0.0005


def test_a_damaged_copy_is_read_again(folder: Path) -> None:
    """One flipped byte is noticed."""
    arrays = folder / "moderator-1" / "moderator.npz"
    damaged = bytearray(arrays.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    arrays.write_bytes(damaged)
    assert prepare_moderator(folder).scores(["fuck off"])[0] > THRESHOLD
    assert arrays.read_bytes() != damaged


class _Mischief:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path, ("/mischief",)


def test_a_pickle_that_wants_to_run_something_is_refused(tmp_path: Path) -> None:
    """Only arrays and plain values are taken out; any other class ends the reading."""
    forged = tmp_path / "forged.joblib"
    forged.write_bytes(pickle.dumps(_Mischief()))
    with pytest.raises(ModelBuildError, match=r"asks for pathlib"):
        read_weights(forged, locate(MODERATOR_MODEL))


def test_files_that_hold_something_else_are_refused() -> None:
    """The two files the wrong way round."""
    with pytest.raises(ModelBuildError, match="not what was reviewed"):
        read_weights(locate(MODERATOR_MODEL), locate(MODERATOR_WORDS))

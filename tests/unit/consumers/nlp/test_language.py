"""Language per message and per conversation."""

from uuid import uuid4

import pytest

from consumers.nlp.adapters.cld2_language import Cld2LanguageDetector
from consumers.nlp.service import language
from consumers.nlp.service.language import ConversationLanguages
from tests.unit.consumers.nlp.samples import FixedLanguage


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Where is my order, I have been waiting for days", "en"),
        ("Wo ist meine Bestellung, ich warte seit Tagen", "de"),
        ("Où est ma commande, je l'attends depuis des jours", "fr"),
        ("¿Dónde está mi pedido? Lo espero desde hace días", "es"),
        ("1234 5678", None),
        ("\x00\x01 \ud800", None),
    ],
)
def test_detects(text: str, expected: str | None) -> None:
    """Sentences are recognised, numbers and broken text are nobody's language."""
    assert Cld2LanguageDetector().detect(text) == expected


def test_short_message_keeps_the_language_of_its_conversation() -> None:
    """Below three words the conversation decides, else English."""
    detector = FixedLanguage("de")
    languages = ConversationLanguages(detector)
    conversation = uuid4()
    assert languages.language_of(conversation, "ja bitte") == "en"
    assert languages.language_of(conversation, "wo ist es denn") == "de"
    detector.language = "fr"
    assert languages.language_of(conversation, "ja bitte") == "de"
    assert languages.language_of(uuid4(), "ja bitte") == "en"


def test_unclear_message_keeps_the_language_of_its_conversation() -> None:
    """What the detector cannot tell does not change the conversation's language."""
    detector = FixedLanguage("de")
    languages = ConversationLanguages(detector)
    conversation = uuid4()
    languages.language_of(conversation, "wo ist es denn")
    detector.language = None
    assert languages.language_of(conversation, "48213 und 1 2") == "de"


def test_forgets_the_oldest_conversations() -> None:
    """Memory stays bounded however many conversations there are."""
    languages = ConversationLanguages(FixedLanguage("de"))
    first = uuid4()
    languages.language_of(first, "wo ist es denn")
    for _ in range(language.REMEMBERED_CONVERSATIONS):
        languages.language_of(uuid4(), "wo ist es denn")
    assert languages.language_of(first, "ja") == "en"


def test_other_scripts_need_no_three_words() -> None:
    """Chinese has no spaces, and one Greek word is Greek."""
    languages = ConversationLanguages(FixedLanguage("zh"))
    assert languages.language_of(uuid4(), "\u6211\u7684\u8ba2\u5355\u5728\u54ea\u91cc") == "zh"
    assert languages.language_of(uuid4(), "na\u00efve caf\u00e9") == "en"


def test_a_guess_counts_where_nothing_is_known() -> None:
    """Among the languages that are answered, and never against what a conversation has said."""

    class Unsure(FixedLanguage):
        def guess(self, text: str) -> str | None:
            return "es"

    languages, detector = ConversationLanguages(Unsure(None)), Unsure(None)
    assert languages.language_of(uuid4(), "Hay algo mal") == "en"
    guessing, conversation = ConversationLanguages(detector, {"es"}), uuid4()
    assert guessing.language_of(conversation, "Hay algo mal") == "es"
    assert guessing.language_of(conversation, "hola") == "en"
    assert guessing.language_of_text("Hay algo mal") == "es"
    assert ConversationLanguages(detector, {"fr"}).language_of_text("Hay algo mal") == "en"
    detector.language = "de"
    guessing.language_of(conversation, "wo ist es denn")
    detector.language = None
    assert guessing.language_of(conversation, "Hay algo mal") == "de"


def test_what_is_not_reliable_is_guessed() -> None:
    """CLD2 holds back on short texts, but is mostly right even there."""
    detector = Cld2LanguageDetector()
    assert detector.detect("Hay algo mal") is None
    assert detector.guess("Wo ist mein Paket geblieben") == "de"
    assert detector.guess("1234") is None

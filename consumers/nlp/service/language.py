"""Which language a conversation is in; short messages inherit it, since they say too little."""

from collections import OrderedDict
from collections.abc import Collection
from uuid import UUID

from consumers.nlp.ports import LanguageDetector

DEFAULT_LANGUAGE = "en"
# "hallo" and "ciao" defeat every detector measured.
ENOUGH_WORDS = 3
# Other scripts tell themselves, and some of them put no space between words.
ENOUGH_FOREIGN_LETTERS = 4
_LAST_LATIN = "\N{LATIN SMALL LETTER Y WITH STROKE}"
REMEMBERED_CONVERSATIONS = 10_000


class ConversationLanguages:
    """Detects per message and remembers per conversation, the latest conversations only."""

    def __init__(self, detector: LanguageDetector, guessed: Collection[str] = frozenset()) -> None:
        """`guessed` are languages that may be guessed where nothing is known for sure."""
        self._detector = detector
        self._guessed = guessed
        self._known: OrderedDict[UUID, str] = OrderedDict()

    @property
    def detector(self) -> str:
        """The detector's name and version."""
        return self._detector.name

    def language_of(self, conversation_id: UUID, text: str) -> str:
        """ISO 639-1 code of a message."""
        return self.clear_language_of(conversation_id, text) or DEFAULT_LANGUAGE

    def clear_language_of(self, conversation_id: UUID, text: str) -> str | None:
        """ISO 639-1 code of a message; None when neither it nor its conversation says."""
        detected = self._detect(text)
        if detected is not None:
            self._remember(conversation_id, detected)
            return detected
        known, guess = self._known.get(conversation_id), self._guess(text)
        return known or (guess if guess != DEFAULT_LANGUAGE else None)

    def language_of_text(self, text: str) -> str:
        """ISO 639-1 code of a text outside of any conversation."""
        return self._detect(text) or self._guess(text)

    def _detect(self, text: str) -> str | None:
        return self._detector.detect(text) if _says_enough(text) else None

    def _guess(self, text: str) -> str:
        guess = self._detector.guess(text) if self._guessed and _says_enough(text) else None
        return guess if guess is not None and guess in self._guessed else DEFAULT_LANGUAGE

    def _remember(self, conversation_id: UUID, language: str) -> None:
        self._known[conversation_id] = language
        self._known.move_to_end(conversation_id)
        if len(self._known) > REMEMBERED_CONVERSATIONS:
            self._known.popitem(last=False)


def _says_enough(text: str) -> bool:
    foreign = sum(sign.isalpha() and sign > _LAST_LATIN for sign in text)
    return len(text.split()) >= ENOUGH_WORDS or foreign >= ENOUGH_FOREIGN_LETTERS

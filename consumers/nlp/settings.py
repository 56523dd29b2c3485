"""What the nlp consumer reads from the environment."""

import os
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from consumers.delivery.settings import ConsumerSettings
from runtime.settings import HealthSettings, Section


def spare_cores() -> int:
    """All cores but one, which the broker, the database and the event loop need."""
    return max(1, (os.cpu_count() or 2) - 1)


class EncoderKind(StrEnum):
    """Which model turns sentences into vectors, and so which languages are understood."""

    ENGLISH = "english"
    """all-MiniLM-L6-v2: English only, fast."""
    MULTILINGUAL = "multilingual"
    """multilingual-e5-small: many languages, several times slower (extra `multilingual`)."""


class ModelSettings(Section):
    """Where models and knowledge are, and how much of the machine inference may take."""

    encoder: EncoderKind = EncoderKind.ENGLISH
    model_dir: Path = Path(".parley/models")
    knowledge_dir: Path = Path("knowledge")
    threads: Annotated[int, Field(ge=1, le=64)] = Field(default_factory=spare_cores)
    remembered_texts: Annotated[int, Field(ge=0)] = 4_096
    """How many of the latest texts' vectors are kept, 1.7 kB each."""
    moderation_threshold: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Scores above it are too abusive for a language model; 1 flags nothing. Chosen on everyday
    messages, see docs/nlp-benchmarks.md."""
    ner: bool = False
    """Whether a model names people and places (extra `ner`)."""
    training: bool = True
    """Whether this replica works training jobs; every replica follows what is promoted."""
    training_threads: Annotated[int, Field(ge=1, le=64)] = Field(
        default_factory=lambda: os.cpu_count() or 1
    )
    """A job runs at low priority, so it may have what answering leaves."""
    training_deadline: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(hours=2)
    """A job that takes longer than this fails; fine-tuning takes minutes, on busy cores more."""


class LanguageModelKind(StrEnum):
    """Who writes answers that are more than templates and snippets."""

    NONE = "none"
    """Nobody."""
    OPENAI = "openai"
    """Any endpoint that speaks OpenAI's chat completions."""
    GGUF = "gguf"
    """A model in a GGUF file, on this machine (extra `local-llm`)."""
    TRANSFORMERS = "transformers"
    """A folder of `transformers` weights, on this machine (extra `train`)."""
    DEMO = "demo"
    """SmolLM2-135M on this machine: to see how it works, not to answer people (`demo-llm`)."""


class LanguageModelSettings(Section):
    """Which language model answers, and how much it may be used."""

    kind: LanguageModelKind = LanguageModelKind.NONE
    name: str = ""
    """What the endpoint calls the model; also what replies name."""
    base_url: str = ""
    api_key: SecretStr = SecretStr("")
    file: Path | None = None
    dir: Path | None = None
    threads: Annotated[int, Field(ge=1, le=64)] = Field(default_factory=spare_cores)
    context_tokens: Annotated[int, Field(ge=512)] = 4_096
    """Per answer that is written at once."""
    answer_tokens: Annotated[int, Field(ge=1)] = 256
    answer_chars: Annotated[int, Field(ge=1, le=30_000)] = 2_000
    at_once: Annotated[int, Field(ge=1, le=256)] = 2
    waiting: Annotated[int, Field(ge=0)] = 32
    deadline: timedelta = timedelta(seconds=30)
    silence: timedelta = timedelta(seconds=10)
    """How long the model may say nothing before it counts as failed."""
    failures: Annotated[int, Field(ge=1)] = 3
    """So many in a row, and it is left alone for `rest`."""
    rest: timedelta = timedelta(seconds=30)
    user_tokens: Annotated[int, Field(ge=1)] = 50_000
    user_window: timedelta = timedelta(hours=1)
    cache_ttl: timedelta = timedelta(hours=1)

    @model_validator(mode="after")
    def _says_what_its_kind_needs(self) -> Self:
        if self.kind is LanguageModelKind.OPENAI and not (self.name and self.base_url):
            message = "openai needs a name and a base_url"
            raise ValueError(message)
        if self.kind is LanguageModelKind.GGUF and self.file is None:
            message = "gguf needs a file"
            raise ValueError(message)
        if self.kind is LanguageModelKind.TRANSFORMERS and self.dir is None:
            message = "transformers needs a dir"
            raise ValueError(message)
        return self


class NlpSettings(ConsumerSettings):
    """The nlp consumer's settings."""

    nlp: ModelSettings = ModelSettings()
    language_model: LanguageModelSettings = LanguageModelSettings()
    valkey_url: SecretStr | None = None
    """Budgets and cached answers; without it budgets are this process's own and nothing is kept."""
    health: HealthSettings = HealthSettings(port=8101)

"""What the nlp consumer reads from the environment."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field

from consumers.delivery.settings import ConsumerSettings
from runtime.settings import HealthSettings, Section


def spare_cores() -> int:
    """All cores but one, which the broker, the database and the event loop need."""
    return max(1, (os.cpu_count() or 2) - 1)


class ModelSettings(Section):
    """Where models and knowledge are, and how much of the machine inference may take."""

    model_dir: Path = Path(".parley/models")
    knowledge_dir: Path = Path("knowledge")
    threads: Annotated[int, Field(ge=1, le=64)] = Field(default_factory=spare_cores)
    training: bool = True
    """Whether this replica works training jobs; every replica follows what is promoted."""
    training_threads: Annotated[int, Field(ge=1, le=64)] = Field(
        default_factory=lambda: os.cpu_count() or 1
    )
    """A job runs at low priority, so it may have what answering leaves."""


class NlpSettings(ConsumerSettings):
    """The nlp consumer's settings."""

    nlp: ModelSettings = ModelSettings()
    health: HealthSettings = HealthSettings(port=8101)

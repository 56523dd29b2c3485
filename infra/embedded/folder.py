"""Where everything of one stack lives on disk."""

import os
from dataclasses import dataclass
from pathlib import Path

from infra.embedded.errors import StackError

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


@dataclass(frozen=True)
class DataFolder:
    """One stack's folder (`.parley` unless told otherwise); two stacks never share one."""

    root: Path

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def commands(self) -> Path:
        return self.root / "commands"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey"

    @property
    def state_file(self) -> Path:
        return self.root / "state.json"

    @property
    def ports_file(self) -> Path:
        return self.root / "ports.json"

    @property
    def lock_file(self) -> Path:
        return self.root / "lock"

    def kafka(self, node: int) -> Path:
        return self.root / "kafka" / f"node-{node}"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    @classmethod
    def at(cls, root: Path) -> "DataFolder":
        """Name the folder without touching the disk."""
        return cls(root.expanduser().resolve())

    def create(self) -> None:
        """Make the folders, or say why that is not possible."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            for folder in (self.secrets, self.commands):
                folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            for folder in (self.logs, self.models, self.valkey):
                folder.mkdir(exist_ok=True)
        except OSError as error:
            message = f"cannot use the data folder {self.root}: {error.strerror}"
            raise StackError(message) from error


def write_atomically(path: Path, text: str, mode: int = PRIVATE_FILE) -> None:
    """Replace the file in one step, so that a reader sees the old or the new text, never half."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)

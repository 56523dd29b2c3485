"""Kafka's jars: resolved from Maven Central without Maven, each checked against the lock."""

import fcntl
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra.embedded.errors import StackError
from infra.embedded.settings import EmbeddedSettings

if TYPE_CHECKING:
    from jgo.maven import MavenContext

ROOTS = (
    "org.apache.kafka:kafka_2.13:4.3.1",
    # Kafka logs through slf4j; without a binding it would say nothing at all.
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4",
)
LOCK = Path(__file__).with_name("jars.lock")
DOWNLOAD_SECONDS = 60
DOWNLOADS_AT_ONCE = 6


@dataclass(frozen=True, order=True)
class LockedJar:
    """One line of the lock: which jar, and the only bytes it may have."""

    group: str
    artifact: str
    version: str
    sha256: str

    @classmethod
    def parse(cls, line: str) -> "LockedJar":
        coordinate, sha256 = line.split()
        group, artifact, version = coordinate.split(":")
        return cls(group, artifact, version, sha256)

    def path(self, cache: Path) -> Path:
        """Return where a Maven cache keeps it."""
        folder = cache.joinpath(*self.group.split("."), self.artifact, self.version)
        return folder / f"{self.artifact}-{self.version}.jar"

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version} {self.sha256}"


def read_lock(path: Path = LOCK) -> list[LockedJar]:
    """Return the locked jars in class path order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [LockedJar.parse(line) for line in lines if line and not line.startswith("#")]


def class_path(settings: EmbeddedSettings) -> str:
    """Return Java's class path; `download` makes it true."""
    return ":".join(str(jar.path(settings.jars_dir)) for jar in read_lock())


def download(settings: EmbeddedSettings) -> None:
    """Fetch what is missing and check every jar, also those of last time.

    Raises StackError when a jar cannot be had or its bytes are not those of the lock.
    """
    settings.jars_dir.mkdir(parents=True, exist_ok=True)
    jars = read_lock()
    with _one_at_a_time(settings.jars_dir), ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
        right = pool.map(lambda jar: _right(settings, jar), jars)
        wrong = [jar for jar, well in zip(jars, right, strict=True) if not well]
        if wrong:
            context = _context(settings)
            list(pool.map(lambda jar: _fetch(context, settings, jar), wrong))


def lock(settings: EmbeddedSettings) -> list[LockedJar]:
    """Resolve the roots anew and return what the lock file should hold."""
    context = _context(settings)
    jars: dict[tuple[str, str], LockedJar] = {}
    # One by one: resolved together, one root's managed versions would override the other's.
    for root in ROOTS:
        inputs, transitive = context.resolver.resolve([context.create_dependency(root)])
        for found in (*inputs, *transitive):
            sha256 = _sha256(found.artifact.resolve())
            jar = LockedJar(found.groupId, found.artifactId, found.version, sha256)
            jars.setdefault((jar.group, jar.artifact), jar)
    return sorted(jars.values())


def _context(settings: EmbeddedSettings) -> "MavenContext":
    # Half a second to import, and needed on the first start only.
    from jgo.maven import MavenContext  # noqa: PLC0415

    mirror = settings.maven_repository
    return MavenContext(
        repo_cache=settings.jars_dir,
        remote_repos={"mirror": mirror} if mirror else None,
        timeout=DOWNLOAD_SECONDS,
    )


def _right(settings: EmbeddedSettings, jar: LockedJar) -> bool:
    """Say whether the cache has the jar; what was cut short or tampered with is removed."""
    path = jar.path(settings.jars_dir)
    if not path.exists():
        return False
    if _sha256(path) == jar.sha256:
        return True
    path.unlink()
    return False


def _fetch(context: "MavenContext", settings: EmbeddedSettings, jar: LockedJar) -> None:
    artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    try:
        artifact.resolve()
    # Connections and time-outs are OSErrors in requests; "not found" is jgo's RuntimeError.
    except (OSError, RuntimeError) as error:
        message = f"cannot download {jar.artifact} {jar.version} from Maven Central: {error}"
        raise StackError(message) from error
    if not _right(settings, jar):
        message = f"{jar.artifact} {jar.version} is not the file of {LOCK.name}: its sha256 differs"
        raise StackError(message)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Two stacks may share the cache; only one downloads into it at a time."""
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    header = "# Kafka's jars; written by `python -m infra.embedded.jars`.\n"
    text = "".join(f"{jar}\n" for jar in lock(EmbeddedSettings()))
    LOCK.write_text(header + text, encoding="utf-8")

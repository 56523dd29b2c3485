"""The real models, built once per run, and the starter knowledge base."""

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from consumers.nlp.adapters.head_store import Heads, prepare_heads
from consumers.nlp.adapters.knowledge_files import read_knowledge
from consumers.nlp.adapters.model_store import prepare_model
from consumers.nlp.adapters.onnx_embedder import OnnxEmbedder
from consumers.nlp.service.knowledge import Knowledge
from tests.unit.consumers.nlp.room import Room
from tests.unit.consumers.nlp.stage import Start, staging

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where models are kept: the checkout's own folder when it has one."""
    kept = ROOT / ".parley" / "models"
    return kept if kept.is_dir() else tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def embedder(model_dir: Path) -> OnnxEmbedder:
    """Return the real sentence model."""
    return prepare_model(model_dir).embedder(threads=1)


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    """Return the starter knowledge base."""
    return read_knowledge(ROOT / "knowledge")


@pytest.fixture(scope="session")
def heads(model_dir: Path, embedder: OnnxEmbedder, knowledge: Knowledge) -> Heads:
    """Return the heads trained from the starter knowledge base."""
    return prepare_heads(model_dir, embedder, knowledge)


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Return what puts an assistant with a language model around a desk."""
    async with staging() as make:
        yield make


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    """Give the one thread that inference runs on."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        yield pool


@pytest.fixture
def room(executor: ThreadPoolExecutor) -> Room:
    """Return where requests are answered without a language model."""
    return Room(executor)

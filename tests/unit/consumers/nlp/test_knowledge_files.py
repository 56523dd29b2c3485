"""Reading the knowledge folder, and what is said about a broken one."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from consumers.nlp.adapters.knowledge_files import read_knowledge
from consumers.nlp.errors import KnowledgeError

ROOT = Path(__file__).parents[4]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the starter knowledge base."""
    return shutil.copytree(ROOT / "knowledge", tmp_path / "knowledge")


def edit(path: Path, old: str, new: str) -> None:
    """Replace the first occurrence, which must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_starter_is_as_large_as_promised() -> None:
    """At least 28 intents of 14 and 4 sentences, 45 snippets, 60 sentences per tone."""
    knowledge = read_knowledge(ROOT / "knowledge")
    assert len(knowledge.intents) >= 28
    assert min(len(intent.examples) for intent in knowledge.intents) >= 14
    assert min(len(intent.held_out) for intent in knowledge.intents) >= 4
    assert len(knowledge.snippets) >= 45
    assert min(len(texts) for texts in knowledge.tones.by_label().values()) >= 60
    assert len(knowledge.out_of_scope.examples) >= 40


def test_a_folder_without_entity_lists_is_in_order(folder: Path) -> None:
    """What one does not need one may leave out."""
    assert {each.name for each in read_knowledge(folder).entities} >= {"payment_method", "carrier"}
    (folder / "entities.yaml").unlink()
    assert read_knowledge(folder).entities == ()


def test_nothing_held_out_is_trained_on() -> None:
    """Tone sentences kept back are nowhere among those learnt."""
    tones = read_knowledge(ROOT / "knowledge").tones
    learnt = {text.casefold() for texts in tones.by_label().values() for text in texts}
    kept = [text.casefold() for texts in tones.held_out.values() for text in texts]
    assert learnt.isdisjoint(kept)


@pytest.mark.parametrize(
    ("breakage", "complaint"),
    [
        (lambda at: (at / "phrases.yaml").unlink(), r"phrases\.yaml: missing"),
        (lambda at: shutil.rmtree(at / "snippets"), r"snippets: no \.yaml file"),
        (shutil.rmtree, "no such folder"),
        (
            lambda at: (at / "sentiment.yaml").write_text("negative: [", encoding="utf-8"),
            r"sentiment\.yaml: not readable as YAML",
        ),
        (
            lambda at: (at / "sentiment.yaml").write_bytes(b"\xff\xfe\xff"),
            r"sentiment\.yaml: not readable as YAML",
        ),
        (
            lambda at: (at / "intents" / "orders.yaml").write_text("- a list\n", encoding="utf-8"),
            r"orders\.yaml: \(the whole file\)",
        ),
        (
            lambda at: edit(at / "intents" / "orders.yaml", "title: Cancelling", "heading: Cancel"),
            r"orders\.yaml: order_cancel: intents\.1\.title: Field required",
        ),
        (
            lambda at: edit(at / "intents" / "orders.yaml", "{order_number}", "{name}"),
            r"orders\.yaml: order_status: intents\.0: .*unknown slot 'name'",
        ),
        (
            lambda at: edit(at / "intents" / "orders.yaml", "name: order_cancel", "name: greeting"),
            r"the intent 'greeting' is already in .*conversation\.yaml",
        ),
        (
            lambda at: edit(at / "snippets" / "shop.yaml", "id: jobs", "id: press"),
            r"shop\.yaml: the snippet 'press' is already in",
        ),
        (
            lambda at: edit(at / "out_of_scope.yaml", "- Tell me a joke", "- thank you"),
            r"the sentence 'thank you' is already in",
        ),
        (
            lambda at: edit(
                at / "languages" / "de" / "intents.yaml",
                "- Können Sie mir ein neues Passwort schicken?",
                "- Passwort vergessen",
            ),
            r"intents\.yaml: the sentence 'passwort vergessen' is already in .*languages/de",
        ),
        (
            lambda at: edit(at / "entities.yaml", "[amex]", "[Visa]"),
            r"entities\.yaml: payment_method: entities\.0: .*'visa' stands for",
        ),
        (
            lambda at: edit(at / "entities.yaml", "name: carrier", "name: payment_method"),
            r"the entity list 'payment_method' is already in",
        ),
        (
            lambda at: edit(at / "phrases.yaml", "  en: I", "  xx: I"),
            r"phrases\.yaml: .*other_language needs an entry en",
        ),
    ],
)
def test_a_mistake_is_told_by_file_and_key(
    folder: Path, breakage: Callable[[Path], object], complaint: str
) -> None:
    """Whoever edits the folder reads where to look."""
    breakage(folder)
    with pytest.raises(KnowledgeError, match=complaint):
        read_knowledge(folder)

"""What may be said follows the editors: documents come, change and go."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from consumers.nlp.service.library import Library
from schemas.events.knowledge import DocumentPublished, DocumentRemoved, Section
from tests.unit.consumers.nlp.foreign import PFLANZEN, ForeignEmbedder, foreign_knowledge
from tests.unit.consumers.nlp.samples import SNIPPET, AxisEmbedder, small_knowledge

AT = datetime(2026, 11, 23, tzinfo=UTC)
DOCUMENT = uuid4()


def published(
    text: str, version: int = 1, *, document: UUID = DOCUMENT, sections: int = 1
) -> DocumentPublished:
    return DocumentPublished(
        event_id=uuid4(),
        occurred_at=AT,
        correlation_id=uuid4(),
        document_id=document,
        version=version,
        title="T",
        sha256=f"{version:064x}",
        sections=tuple(
            Section(id=f"doc-{document.hex[:10]}-{n}", title="free", text=text)
            for n in range(sections)
        ),
    )


def removed(version: int) -> DocumentRemoved:
    return DocumentRemoved(
        event_id=uuid4(),
        occurred_at=AT,
        correlation_id=uuid4(),
        document_id=DOCUMENT,
        version=version,
    )


def library() -> Library:
    return Library(AxisEmbedder(), small_knowledge())


def said(known: Library, question: str) -> str | None:
    found = known.nearest(AxisEmbedder().embed([question])[0])
    return None if found is None else found.snippet.text


def test_a_document_can_be_said_as_soon_as_it_is_there() -> None:
    """Its section answers, and the folder's snippets still do."""
    known = library()
    assert said(known, "free") is None
    assert known.take(published("Lockers are free."))
    assert said(known, "free") == "Lockers are free."
    assert said(known, SNIPPET) == "Plants travel on Mondays."


def test_the_next_version_replaces_the_one_before() -> None:
    """Nothing of the old words is said any more, whatever its number of sections was."""
    known = library()
    known.take(published("Old.", 1, sections=3))
    known.take(published("New.", 2))
    assert said(known, "free") == "New."


def test_a_removed_document_is_never_said() -> None:
    """With the last one gone, everything is as it was."""
    known = library()
    known.take(published("Lockers are free."))
    assert known.version is not None
    assert known.take(removed(2))
    assert said(known, "free") is None
    assert known.version is None


def test_an_older_word_changes_nothing() -> None:
    """Events may come again, and a removal that was seen is final for its versions."""
    known = library()
    known.take(removed(2))
    assert not known.take(published("Late.", 1))
    assert said(known, "free") is None
    assert known.take(published("Back.", 3))
    assert not known.take(published("Back.", 3))


def test_the_version_names_what_is_known() -> None:
    """Two replicas that know the same say so, in whatever order they learnt it."""
    other = uuid4()
    first, second = library(), library()
    for event in (published("A."), published("B.", document=other)):
        first.take(event)
    for event in (published("B.", document=other), published("A.")):
        second.take(event)
    assert first.version == second.version


def test_a_translated_snippet_is_found_by_its_whole_alone() -> None:
    """A question that is near to the title only finds nothing; documents are found as they are."""
    embedder = ForeignEmbedder()
    known = Library(embedder, foreign_knowledge())
    about, title, document = embedder.embed([PFLANZEN, "Pflanzen", "free. Lockers are free."])
    assert known.nearest(about, "de") is not None
    assert known.nearest(title, "de") is None
    known.take(published("Lockers are free."))
    found = known.nearest(document, "de")
    assert found is not None
    assert found.snippet.text == "Lockers are free."

"""What files become: sections that can be found and said, or a reason why not."""

import io
from contextlib import suppress

import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.knowledge.reading.blocks import SECTION_CHARS, Piece, UnreadableError
from gateway.knowledge.reading.document import FORMATS, MAX_BYTES, MAX_PIECES, read_document

MARKDOWN = """# Delivery

Parcels come within **three days**.

They wait at the [shop](https://larkspur.example) for a week.

## Islands

| place | days |
| ----- | ---- |
| Sylt  | 5    |

# Returns

- Free for 30 days
- The label is in the parcel
"""


def read(name: str, text: str) -> tuple[Piece, ...]:
    return read_document(name, "Shop", text.encode())


def test_markdown_is_cut_at_its_headings() -> None:
    """Every section is titled by the headings above it and holds plain words only."""
    assert read("shop.md", MARKDOWN) == (
        Piece(
            "Delivery",
            "Parcels come within three days. They wait at the shop for a week.",
        ),
        Piece("Delivery: Islands", "place days Sylt 5"),
        Piece("Returns", "Free for 30 days The label is in the parcel"),
    )


def test_html_says_only_what_people_read() -> None:
    """Scripts, styles, navigation and attributes leave nothing behind, escaped or not."""
    source = """<html><head><title>x</title><style>p{}</style><script>alert(1)</script></head>
    <body><nav><a href="/">Home</a></nav><h1>Fees &amp; taxes</h1>
    <p onclick="alert(2)">5&nbsp;&lt; 7 <img src=x onerror=alert(3)>euros</p>
    <footer>imprint</footer></body></html>"""
    (piece,) = read("page.html", source.replace("<title>x</title>", ""))
    assert piece == Piece("Fees & taxes", "5 < 7 euros")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_is_read_by_its_column_names(separator: str) -> None:
    """Question and answer are found whatever their place, separator and case."""
    rows = [["id", "Answer", "Question"], ["1", "In 30 days.", "When can I return it?"]]
    source = "\ufeff" + "\n".join(separator.join(row) for row in rows)
    assert read("faq.csv", source) == (Piece("When can I return it?", "In 30 days."),)


def test_snippet_files_of_the_knowledge_folder_are_read() -> None:
    """The same YAML serves the folder and the import."""
    source = "snippets:\n  - {id: a, title: Jobs, text: Listed on the site., tags: [x]}\n"
    assert read("jobs.yaml", source) == (Piece("Jobs", "Listed on the site."),)


def pdf(text: str) -> bytes:
    """A PDF of one page with a line of text."""
    content = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out = io.BytesIO(b"%PDF-1.4\n")
    out.seek(0, io.SEEK_END)
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % place for place in places)
    out.write(
        b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, table)
    )
    return out.getvalue()


def encrypted(source: bytes) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(source))
    writer.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_pdf_gives_its_text() -> None:
    """The text of a page, under the document's title."""
    assert read_document("terms.pdf", "Terms", pdf("Pay within 14 days.")) == (
        Piece("Terms", "Pay within 14 days."),
    )


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("photo.png", b"x", "must end in one of .md"),
        ("noname", b"x", "must end in one of"),
        ("empty.md", b"", "no text"),
        ("blank.html", b"<p> </p><script>x</script>", "no text"),
        ("latin.txt", "Grüße".encode("latin-1"), "not UTF-8 (at byte 2)"),
        ("faq.csv", b"a,b\n1,2\n", "no column question or title"),
        ("faq.csv", b"question,answer\nWhy?,Because.\nWhen?,\n", "Row 3 has nothing in column 2"),
        ("faq.csv", b'question,answer\n"Why?,Because.\n', "is not CSV"),
        ("a.yaml", b"snippets:\n\t- x", "not YAML (line 2)"),
        ("a.yaml", b"snippets: [{title: x}]", "snippets.0.text: Field required"),
        ("a.yaml", b"[1, 2]", "the file: "),
        ("a.pdf", b"%PDF-1.4 garbage", "not a PDF that can be read"),
        ("a.pdf", pdf(""), "no text in the file; a scan"),
        ("a.pdf", encrypted(pdf("hidden")), "not a PDF that can be read"),
        ("long.txt", b"word. " * (MAX_BYTES // 5), "too long"),
        ("many.md", b"# h\n\ntext\n\n" * (MAX_PIECES + 1), "too long"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(
    name: str, data: bytes, says: str
) -> None:
    """The editor is told what to change, and where."""
    with pytest.raises(UnreadableError) as refused:
        read_document(name, "Title", data)
    assert says in refused.value.detail
    assert refused.value.status == 422


@given(st.text(max_size=4_000), st.sampled_from([".md", ".html", ".txt"]))
def test_any_text_becomes_short_sections_or_a_refusal(text: str, suffix: str) -> None:
    """No section is longer than can be said, empty, or unfit for a store."""
    try:
        pieces = read_document(f"any{suffix}", "Any", text.encode("utf-8", errors="ignore"))
    except UnreadableError:
        return
    for piece in pieces:
        assert 0 < len(piece.text) <= SECTION_CHARS
        assert "\x00" not in piece.text + piece.title
        assert piece.text == piece.text.strip()


@given(st.binary(max_size=2_000), st.sampled_from(FORMATS))
def test_any_bytes_are_read_or_refused(data: bytes, suffix: str) -> None:
    """Nothing but a reason comes out of a broken file."""
    with suppress(UnreadableError):
        assert read_document(f"any{suffix}", "Any", data)


def test_a_long_text_loses_nothing_when_it_is_cut() -> None:
    """All words stand in the sections, in their order, also of a sentence without an end."""
    text = " ".join(f"word{n}" for n in range(2_000))
    pieces = read("long.txt", text)
    assert " ".join(piece.text for piece in pieces) == text
    assert all(piece.title == "Shop" for piece in pieces)

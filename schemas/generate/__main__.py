"""`python -m schemas.generate [--check]`: write the generated files, or fail when they differ."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from schemas.generate.asyncapi import socket_document, topics_document
from schemas.generate.goldens import GOLDENS, golden_files

_DOCS = GOLDENS.parent.parent / "docs" / "asyncapi"


def generated() -> Iterator[tuple[Path, str]]:
    """Yield every generated file: path and content."""
    yield from golden_files()
    for name, document in (("topics", topics_document()), ("socket", socket_document())):
        yield _DOCS / f"{name}.yaml", yaml.safe_dump(document, sort_keys=False, width=100)


def main() -> int:
    """Write or check; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m schemas.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    check = parser.parse_args().check
    stale = [
        (path, content)
        for path, content in generated()
        if not path.exists() or path.read_text(encoding="utf-8") != content
    ]
    for path, content in stale:
        if check:
            sys.stderr.write(f"out of date: {path.relative_to(GOLDENS.parent.parent)}\n")
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        sys.stdout.write(f"wrote {path.relative_to(GOLDENS.parent.parent)}\n")
    if check and stale:
        sys.stderr.write("run: python -m schemas.generate\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

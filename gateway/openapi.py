"""The gateway's contract: docs/openapi.json, made of the routes and compared in CI.

`python -m gateway.openapi` writes it; with `--check` it fails when the file is not up to date.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from pydantic import SecretStr

from gateway.app import build_app
from gateway.settings import AuthSettings, GatewaySettings

TARGET = Path(__file__).resolve().parent.parent / "docs" / "openapi.json"


def document() -> bytes:
    """Return the description of all routes, the same for the same code."""
    with tempfile.NamedTemporaryFile(suffix=".pem") as key_file:
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        key_file.write(pem)
        key_file.flush()
        app = build_app(
            GatewaySettings(
                auth=AuthSettings(private_key_file=Path(key_file.name)),
                database_url=SecretStr("postgresql://nobody@127.0.0.1/parley"),
                internal_token=SecretStr("only to describe the routes"),
            )
        )
        described = app.openapi()
    return orjson.dumps(described, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the file, or compare it; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m gateway.openapi", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare")
    parser.add_argument("--output", type=Path, default=TARGET)
    options = parser.parse_args(arguments)
    output: Path = options.output
    fresh = document()
    if not options.check:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(fresh)
        return 0
    if output.is_file() and output.read_bytes() == fresh:
        return 0
    sys.stderr.write(f"{output.name} is not up to date: run `python -m gateway.openapi`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())

"""A model's server is given out when it has answered."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from consumers.nlp.adapters.language.gguf_server import wait_until_it_answers
from consumers.nlp.errors import ModelSourceError

WELL = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@contextmanager
def listening(answers: list[bytes]) -> Iterator[str]:
    """Serve one connection after the other; an empty answer closes without a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    connection.recv(65_536)
                    connection.sendall(answer)

        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        serving.join(timeout=5)
        assert not serving.is_alive(), "it was not asked as often as there are answers"


def test_a_first_connection_that_breaks_is_made_again() -> None:
    """Whoever asks first must not meet what was seen once: closed without an answer."""
    answers = [b"", WELL]
    with listening(answers) as address:
        wait_until_it_answers(address)


def test_a_proxy_is_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment names for the world outside is no way to this machine."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with listening([WELL]) as address:
        wait_until_it_answers(address, seconds=5)


def test_one_that_never_answers_is_no_source() -> None:
    """It is said, instead of each question failing."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(ModelSourceError, match="does not answer"):
        wait_until_it_answers(address, seconds=0.1)

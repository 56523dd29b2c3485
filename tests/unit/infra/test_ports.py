"""Ports: stable when they can be, free always."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.embedded.folder import DataFolder
from infra.embedded.ports import (
    LOOPBACK,
    any_free_port,
    choose_ports,
    is_free,
    remember_ports,
    remembered_ports,
)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen()
        yield server.getsockname()[1]


def test_the_usual_port_is_taken_when_free() -> None:
    """Nobody in the way: the documented port."""
    port = any_free_port([])
    assert choose_ports(["web"], {}, {"web": port}) == {"web": port}


def test_a_taken_port_is_avoided(taken: int) -> None:
    """Somebody in the way: another port, never an error."""
    assert not is_free(taken)
    chosen = choose_ports(["web"], {}, {"web": taken})
    assert chosen["web"] != taken
    assert is_free(chosen["web"])


def test_last_times_port_comes_before_the_usual_one() -> None:
    """A folder answers at the same address again."""
    last, usual = any_free_port([]), any_free_port([])
    assert choose_ports(["web"], {"web": last}, {"web": usual}) == {"web": last}


def test_no_port_is_given_twice() -> None:
    """Two names never share one."""
    port = any_free_port([])
    chosen = choose_ports(["a", "b"], {"a": port, "b": port}, {})
    assert len(set(chosen.values())) == 2


def test_ports_are_remembered(tmp_path: Path) -> None:
    """What was chosen is read back; other names are kept."""
    folder = DataFolder.at(tmp_path)
    remember_ports(folder, {"web": 1})
    remember_ports(folder, {"log": 2})
    assert remembered_ports(folder) == {"web": 1, "log": 2}


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"web": "x"}'])
def test_a_damaged_memory_is_no_memory(tmp_path: Path, text: str) -> None:
    """A damaged file costs the old ports and nothing else."""
    folder = DataFolder.at(tmp_path)
    folder.ports_file.write_text(text)
    assert remembered_ports(folder) == {}

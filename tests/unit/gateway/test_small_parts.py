"""Cursors, passwords, addresses and settings on their own."""

import runpy
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.passwords import is_common
from gateway.auth.tokens import load_private_key
from gateway.chat.cursor import read_cursor, write_cursor
from gateway.chat.ports import Place
from gateway.settings import LimitSettings
from runtime.addresses import address_name
from runtime.errors import ConfigurationError
from tests.unit.gateway.harness import cheap_passwords

PLACES = st.builds(
    Place,
    st.datetimes(timezones=st.just(UTC)),
    st.uuids(),
)


@given(PLACES)
def test_cursor_comes_back_whole(place: Place) -> None:
    """A cursor keeps the microsecond and the id."""
    assert read_cursor(write_cursor(place)) == place


async def test_passwords_are_argon2id() -> None:
    """Hashes are argon2id, fit their password only, and nothing fits no hash."""
    passwords = cheap_passwords()
    kept = await passwords.make("correct horse")

    assert kept.startswith("$argon2id$")
    assert await passwords.fits("correct horse", kept)
    assert not await passwords.fits("wrong horse", kept)
    assert not await passwords.fits("nobody's password", None)
    assert not await passwords.fits("correct horse", "not a hash")


@pytest.mark.parametrize("password", ["12345678", "PassWord1", "zzzzzzzzzz"])
def test_obvious_passwords_are_known(password: str) -> None:
    """Case does not make an obvious password a good one."""
    assert is_common(password)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        (None, "address:none"),
        ("192.0.2.7", "address:192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "address:2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "address:192.0.2.7"),
        ("testclient", "address:testclient"),
    ],
)
def test_addresses_are_counted_by_customer(host: str | None, name: str) -> None:
    """An IPv6 customer has a whole /64; it counts as one."""
    assert address_name(host) == name


def test_rates_are_checked_at_start() -> None:
    """A rate that cannot be read is a settings error."""
    with pytest.raises(ValueError, match="couldn't parse"):
        LimitSettings(login="often")


def test_rates_are_read_from_the_environment_by_their_short_names() -> None:
    """PARLEY_LIMITS__REGISTER names the field that Python could not call so."""
    assert LimitSettings.model_validate({"register": "1/hour"}).register_ == "1/hour"


def test_unusable_signing_key_is_a_configuration_error(tmp_path: Path) -> None:
    """The message names the file."""
    file = tmp_path / "key.pem"
    with pytest.raises(ConfigurationError, match=r"key\.pem"):
        load_private_key(file)
    file.write_text("not a key")
    with pytest.raises(ConfigurationError, match=r"key\.pem"):
        load_private_key(file)


def test_wrong_settings_are_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The process names what is missing and exits with 2; no traceback, no value."""
    monkeypatch.setenv("PARLEY_HTTP__PORT", "eighty")
    for name in ("PARLEY_DATABASE_URL", "PARLEY_INTERNAL_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(SystemExit) as stopped:
        runpy.run_module("gateway", run_name="__main__")

    said = capsys.readouterr().err
    assert stopped.value.code == 2
    assert said.count("\n") == 1
    assert "PARLEY_HTTP__PORT" in said
    assert "PARLEY_DATABASE_URL" in said
    assert "eighty" not in said


def test_cursor_orders_by_id_when_times_are_equal() -> None:
    """Places compare by time, then id."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert Place(at, UUID(int=1)) < Place(at, UUID(int=2))

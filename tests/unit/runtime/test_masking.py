"""What stays of personal data in an event."""

import pytest

from runtime.entities.finding import SEARCHED_CHARS, Entity
from runtime.entities.masking import masked, without_personal_data


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("email", "anna.b@example.com", "a***@example.com"),
        ("phone", "+493055501234", "***********34"),
        ("iban", "DE89370400440532013000", "DE" + "*" * 16 + "3000"),
        ("card", "4111111111111111", "*" * 12 + "1111"),
        ("person", "Anna Schmidt", "[person]"),
        ("street", "12 Baker Street", "[street]"),
        ("birth_date", "12.03.1980", "[birth_date]"),
        ("ip_address", "192.168.0.1", "[ip_address]"),
        ("account", "12345678", "[account]"),
        ("order_number", "48213", "48213"),
        ("money", "59.90 EUR", "59.90 EUR"),
    ],
)
def test_masks_personal_data_only(kind: str, value: str, expected: str) -> None:
    """Personal data keeps what lets its owner recognise it; the rest is left as it is."""
    assert masked(Entity(kind, value, 0.9, 0, len(value))) == expected


def test_a_text_is_masked_where_personal_data_stands() -> None:
    """The rest is left as it was written; what was not searched is not there."""
    text = "Send order 48213 to ada@example.com or call +49 30 5550 1234."
    assert without_personal_data(text) == (
        "Send order 48213 to a***@example.com or call ***********34."
    )
    far = "x" * SEARCHED_CHARS + " ada@example.com"
    assert without_personal_data(far) == "x" * SEARCHED_CHARS

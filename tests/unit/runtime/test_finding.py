"""The rules that find order numbers, addresses, amounts and dates."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.entities.finding import PERSONAL, find_entities
from runtime.entities.masking import masked


def found(text: str) -> list[tuple[str, str]]:
    """Return type and value of everything found."""
    return [(entity.type, entity.value) for entity in find_entities(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("where is my order 48213?", [("order_number", "48213")]),
        ("order no. 48213, thanks", [("order_number", "48213")]),
        ("it is #7788", [("order_number", "7788")]),
        ("48213", [("order_number", "48213")]),
        ("write to anna.b@example.co.uk.", [("email", "anna.b@example.co.uk")]),
        ("call +49 30 5550 1234 now", [("phone", "+493055501234")]),
        ("call 030/5550123", [("phone", "0305550123")]),
        ("DE89 3704 0044 0532 0130 00 please", [("iban", "DE89370400440532013000")]),
        ("card 4111-1111-1111-1111", [("card", "4111111111111111")]),
        ("you took 59.90 €", [("money", "59.90 EUR")]),
        ("it was €1.200,50", [("money", "1200.50 EUR")]),
        ("3 euros and $12", [("money", "3.00 EUR"), ("money", "12.00 USD")]),
        ("RR123456785DE", [("tracking_number", "RR123456785DE")]),
        ("1Z999AA10123456784", [("tracking_number", "1Z999AA10123456784")]),
        ("bought on 12 March 2026", [("date", "2026-03-12")]),
        ("on 12.03.2026.", [("date", "2026-03-12")]),
        ("my name is Anna Schmidt and I", [("person", "Anna Schmidt")]),
        ("hi, my name is anna, help", [("person", "anna")]),
        ("my last name is O'Neill.", [("person", "O'Neill")]),
        ("I live at 12 Baker Street", [("street", "12 Baker Street")]),
        ("Lindenstraße 5a", [("street", "Lindenstraße 5a")]),
        ("born on 12.03.1980", [("birth_date", "12.03.1980")]),
        ("date of birth: March 12, 1980", [("birth_date", "March 12, 1980")]),
        ("from 192.168.0.1", [("ip_address", "192.168.0.1")]),
        ("account number 12345678", [("account", "12345678")]),
        ("passport no. C01X00T47", [("account", "C01X00T47")]),
        ("came Yesterday", [("date", "yesterday")]),
    ],
)
def test_finds_in_normal_form(text: str, expected: list[tuple[str, str]]) -> None:
    """Each kind of entity is found and written the same way however it was said."""
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "I ordered 2 mugs in 2025",
        "may I ask something",
        "DE89 3704 0044 0532 0130 01",
        "RR123456789DE",
        "2026-02-30",
        "tracking my parcel please",
        "version 1.2.3",
        "my name is misspelled in my account",
        "I need 3 Street lamps",
        "my account is locked",
    ],
)
def test_leaves_ordinary_words_alone(text: str) -> None:
    """Years, counts and numbers with wrong check digits are nothing."""
    assert found(text) == []


def test_card_with_wrong_check_digit_is_no_card() -> None:
    """A row of digits that fails Luhn is not called a card."""
    assert "card" not in dict(found("4111 1111 1111 1112"))


@given(st.text(max_size=300))
def test_any_text_is_searched_without_failing(text: str) -> None:
    """Whatever is written, stretches are ordered, inside the text and never overlap."""
    entities = find_entities(text)
    ends = [0]
    for entity in entities:
        assert ends[-1] <= entity.start < entity.end <= len(text)
        ends.append(entity.end)


@given(st.text(alphabet=string.digits + " .,-+#€$@/()aIBDEZ", max_size=120))
def test_noise_of_digits_is_searched_without_failing(text: str) -> None:
    """Digits and signs in any order do no harm."""
    find_entities(text)


@given(st.integers(min_value=10_000, max_value=99_999_999))
def test_every_order_number_is_found(number: int) -> None:
    """A number after the word order is an order number."""
    assert found(f"Where is order {number}?") == [("order_number", str(number))]


@given(st.integers(min_value=10**14, max_value=10**15 - 1))
def test_every_valid_card_is_found_and_masked(first: int) -> None:
    """Any number with a right Luhn digit is a card, and only its last four digits leave."""
    digits = str(first)
    total = sum(
        sum(divmod(int(digit) * (2 - at % 2), 10)) for at, digit in enumerate(reversed(digits))
    )
    card = digits + str(-total % 10)
    (entity,) = find_entities(f"my card is {card} ok")
    assert (entity.type, entity.value) == ("card", card)
    assert masked(entity) == "*" * 12 + card[-4:]


@given(
    st.emails(domains=st.just("example.com")).filter(
        lambda mail: all(sign in string.ascii_letters + string.digits + "." for sign in mail[:-12])
    )
)
def test_no_mail_address_leaves_unmasked(mail: str) -> None:
    """The name part of a mail address never stands in what is published."""
    for entity in find_entities(f"write to {mail} please"):
        if entity.type == "email":
            name = entity.value.partition("@")[0]
            assert masked(entity).partition("@")[0] in {"***", f"{name[0]}***"}


@given(st.text(alphabet=string.ascii_letters + string.digits + " @.+-", max_size=200))
def test_personal_values_never_leave_as_they_are(text: str) -> None:
    """Whatever is taken for personal data is published in another form."""
    for entity in find_entities(text):
        if entity.type in PERSONAL:
            assert masked(entity) != entity.value


def test_a_long_text_takes_no_time() -> None:
    """Only the beginning is searched, so a pasted log cannot hold up the others."""
    text = "1 " * 100_000 + "order 48213"
    assert found(text) == []

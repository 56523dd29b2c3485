"""Check digits of cards, accounts and postal numbers."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.entities.checksums import iban_holds, luhn_holds, s10_holds


def test_known_numbers_hold() -> None:
    """The examples of the standards hold."""
    assert luhn_holds("79927398713")
    assert iban_holds("GB82WEST12345698765432")
    assert iban_holds("NO9386011117947")
    assert s10_holds("RR473124829GB"[:2] + "47312482" + "9" + "GB")


@given(st.text(alphabet="0123456789", min_size=12, max_size=18), st.integers(1, 9))
def test_one_wrong_digit_breaks_a_card(digits: str, shift: int) -> None:
    """Luhn notices any single wrong digit."""
    check = next(str(d) for d in range(10) if luhn_holds(digits + str(d)))
    wrong = str((int(digits[3]) + shift) % 10)
    assert not luhn_holds(digits[:3] + wrong + digits[4:] + check)


def test_iban_of_the_wrong_length_does_not_hold() -> None:
    """A German account number has 22 signs."""
    assert not iban_holds("DE8937040044053201300")
    assert not iban_holds("XX89370400440532013000")

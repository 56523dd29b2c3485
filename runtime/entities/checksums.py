"""Check digits: what tells a card or account number from any other row of digits."""

# ISO 13616 registry: length per country of those Larkspur-like shops meet.
IBAN_LENGTHS = {
    "AD": 24, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18,
    "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28,
    "IE": 22, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31,
    "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
    "TR": 26, "UA": 29, "VA": 22,
}  # fmt: skip

_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)


def luhn_holds(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others (ISO/IEC 7812-1)."""
    total = 0
    for at, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + at % 2)
        total += doubled - 9 * (doubled > 9)  # noqa: PLR2004  two digits
    return total % 10 == 0


def iban_holds(iban: str) -> bool:
    """Whether length and check digits are right (ISO 13616: mod 97 of the rotated number is 1)."""
    if IBAN_LENGTHS.get(iban[:2]) != len(iban):
        return False
    rotated = iban[4:] + iban[:4]
    return int("".join(str(int(sign, 36)) for sign in rotated)) % 97 == 1


def s10_holds(number: str) -> bool:
    """Whether a postal tracking number's ninth digit is right (UPU S10, as RR123456785DE)."""
    digits = [int(digit) for digit in number[2:11]]
    total = sum(weight * digit for weight, digit in zip(_S10_WEIGHTS, digits, strict=False))
    check = 11 - total % 11
    return digits[8] == {10: 0, 11: 5}.get(check, check)

"""Finds order numbers, addresses, amounts and the like by rule: exact where a model would guess."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from runtime.entities.checksums import iban_holds, luhn_holds, s10_holds
from runtime.entities.dates import DATE, read_date

# A pasted log or letter is not searched to its end; entities stand near the beginning.
SEARCHED_CHARS = 4_000

PERSONAL = frozenset(
    {"email", "phone", "iban", "card", "person", "street", "birth_date", "ip_address", "account"}
)


@dataclass(frozen=True, slots=True)
class Entity:
    """Something named in a message: `value` in normal form, `start` and `end` as in the text."""

    type: str
    value: str
    confidence: float
    start: int
    end: int


Reader = Callable[[re.Match[str]], str | None]
"""The normal form of a match, or None when it is not one after all."""


@dataclass(frozen=True, slots=True)
class _Rule:
    type: str
    pattern: re.Pattern[str]
    read: Reader
    confidence: float


def _as_is(match: re.Match[str]) -> str:
    return match.group("value")


def _upper(match: re.Match[str]) -> str:
    return re.sub(r"[\s-]", "", match.group("value")).upper()


def _iban(match: re.Match[str]) -> str | None:
    # Words may follow without a full stop ("DE89… please"), so shorter readings are tried too.
    parts = match.group("value").split(" ")
    for end in range(len(parts), 0, -1):
        number = "".join(parts[:end]).upper()
        if iban_holds(number):
            return number
    return None


def _card(match: re.Match[str]) -> str | None:
    digits = re.sub(r"\D", "", match.group("value"))
    return digits if luhn_holds(digits) and len(set(digits)) > 1 else None


def _s10(match: re.Match[str]) -> str | None:
    number = _upper(match)
    return number if s10_holds(number) else None


def _phone(match: re.Match[str]) -> str | None:
    digits = re.sub(r"\D", "", match.group("value"))
    if not 8 <= len(digits) <= 15:  # noqa: PLR2004  E.164 allows 15 digits
        return None
    return f"+{digits}" if match.group("value").startswith("+") else digits


_CURRENCIES = {"€": "EUR", "euro": "EUR", "euros": "EUR", "$": "USD", "dollars": "USD",
               "£": "GBP", "pounds": "GBP"}  # fmt: skip


def _money(match: re.Match[str]) -> str:
    sign = (match.group("before") or match.group("after")).casefold()
    currency = _CURRENCIES.get(sign, sign.upper())
    amount = match.group("amount").replace(" ", "")
    whole, fraction = re.fullmatch(r"(.*?)(?:[.,](\d{2}))?", amount).groups()  # type: ignore[union-attr]
    value = Decimal(f"{re.sub(r'[.,]', '', whole)}.{fraction or '00'}")
    return f"{value:.2f} {currency}"


_AMOUNT = r"(?P<amount>\d{1,3}(?:[.,]\d{3}){1,3}(?:[.,]\d{2})?|\d{1,9}(?:[.,]\d{2})?)(?![\d])"

# The first rule that claims a stretch of text keeps it, so the certain ones come first.
_RULES = (
    _Rule("email", re.compile(
        r"(?<![\w.+-])(?P<value>[A-Za-z0-9][\w.+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,24})"
        r"(?![\w-])", re.ASCII), _as_is, 0.99),
    _Rule("iban", re.compile(
        r"\b(?P<value>[A-Z]{2}\d{2}(?: ?[A-Z0-9]{1,4}){3,8})\b", re.ASCII | re.IGNORECASE),
        _iban, 0.99),
    _Rule("ip_address", re.compile(
        r"(?<![\w.])(?P<value>(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d))"
        r"(?![\w]|\.\d)", re.ASCII), _as_is, 0.95),
    _Rule("birth_date", re.compile(
        r"\b(?:born(?: on)?|date of birth|birthday|dob)(?: is| was)?[ :]{1,3}"
        r"(?P<value>\d{1,4}[ ./-]\w{1,9}[ ./-]\d{1,4}|\w{3,9} \d{1,2},? \d{4})",
        re.ASCII | re.IGNORECASE), _as_is, 0.9),
    _Rule("account", re.compile(
        r"\b(?:account|passport|identity card|id card|social security)(?: (?:number|no\.?|nr\.?))"
        r"(?: is| was)?[ :#]{1,3}(?P<value>(?=[A-Z-]{0,6}\d)[A-Z0-9-]{5,20})(?!\w)",
        re.ASCII | re.IGNORECASE), _as_is, 0.9),
    _Rule("person", re.compile(
        r"\b[Mm]y (?:full |last |first )?name(?:'s| is) "
        r"(?P<value>[A-Z\u00c0-\u00de][\w'-]{0,30}(?: [A-Z\u00c0-\u00de][\w'-]{0,30}){0,3}"
        r"|[^\W\d_][\w'-]{1,30}(?=[.,;!?]|$| and\b))"),
        _as_is, 0.85),
    _Rule("street", re.compile(
        r"\b(?P<value>\d{1,4}[a-z]? (?:[A-Z][a-z]{1,20} ){1,3}"
        r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Drive|Square|Close|Court)\b"
        r"|[A-Z\u00c0-\u00de]\w{1,30}(?:stra(?:\u00dfe|sse)|str\.|weg|gasse|allee)"
        r" \d{1,4}[a-z]?)(?!\w)"),
        _as_is, 0.85),
    _Rule("card", re.compile(
        r"(?<![\w-])(?<![A-Z]{2}\d\d )(?P<value>\d(?:[ -]?\d){12,18})(?![\w-])",
        re.ASCII), _card, 0.97),
    _Rule("tracking_number", re.compile(
        r"\b(?P<value>1Z[0-9A-Z]{16}|JJ?D\d{9,20}|003\d{17})\b", re.ASCII | re.IGNORECASE),
        _upper, 0.97),
    _Rule("tracking_number", re.compile(
        r"\b(?P<value>[A-Z]{2}\d{9}[A-Z]{2})\b", re.ASCII | re.IGNORECASE), _s10, 0.97),
    _Rule("tracking_number", re.compile(
        r"\btracking(?: (?:number|no\.?|code|id))?(?: is)?[ :#]{1,3}"
        r"(?P<value>(?=[A-Z]{0,10}\d)[A-Z0-9]{8,24})\b", re.ASCII | re.IGNORECASE), _upper, 0.9),
    _Rule("money", re.compile(
        r"(?<![\w.,])(?:(?P<before>€|\$|£|EUR|USD|GBP) ?)" + _AMOUNT + r"(?P<after>)",
        re.IGNORECASE), _money, 0.97),
    _Rule("money", re.compile(
        r"(?<![\w.,])(?P<before>)" + _AMOUNT
        + r" ?(?P<after>€|\$|£|(?:EUR|USD|GBP|CHF|NOK|euros?|dollars|pounds)\b)",
        re.IGNORECASE), _money, 0.97),
    _Rule("order_number", re.compile(
        r"\b(?:order|purchase|bestellung)(?: (?:number|no\.?|nr\.?|id))?(?: is| was)?[ :#]{1,3}"
        r"(?P<value>\d{4,10})(?!\w|[.,]\d)", re.ASCII | re.IGNORECASE), _as_is, 0.98),
    _Rule("order_number", re.compile(
        r"(?<![\w#])#(?P<value>\d{4,10})(?!\w)", re.ASCII), _as_is, 0.95),
    _Rule("date", DATE, read_date, 0.9),
    _Rule("phone", re.compile(
        r"(?<![\w+])(?<!\d[ -])(?P<value>(?:\+|\(?0)\d(?:[ ()/.-]{0,2}\d){6,14})(?!\w)", re.ASCII),
        _phone, 0.9),
    _Rule("order_number", re.compile(
        r"(?<![\w.,:/+-])(?P<value>[1-9]\d{4,7})(?!\w|[.,:/-]\d)", re.ASCII), _as_is, 0.7),
)  # fmt: skip


def find_entities(text: str) -> list[Entity]:
    """Everything the rules find, in the order of the text; stretches never overlap."""
    found: list[Entity] = []
    for rule in _RULES:
        for entity in _matches(rule, text[:SEARCHED_CHARS]):
            if all(entity.end <= other.start or other.end <= entity.start for other in found):
                found.append(entity)
    return sorted(found, key=lambda entity: entity.start)


def _matches(rule: _Rule, text: str) -> Iterator[Entity]:
    for match in rule.pattern.finditer(text):
        value = rule.read(match)
        if value is not None:
            yield Entity(rule.type, value, rule.confidence, match.start(), match.end())

"""Personal data must not leave in an event: what stays is enough to recognise, not to use."""

from collections.abc import Iterable

from runtime.entities.finding import PERSONAL, SEARCHED_CHARS, Entity, find_entities


def masked(entity: Entity) -> str:
    """The entity's value as it may be published."""
    if entity.type not in PERSONAL:
        return entity.value
    if entity.type == "email":
        name, _, domain = entity.value.partition("@")
        # Of a name of two letters, one would be half of it.
        return f"{name[:1] if len(name) > 2 else ''}***@{domain}"  # noqa: PLR2004
    if entity.type == "iban":
        return f"{entity.value[:2]}{_stars(entity.value, 6)}{entity.value[-4:]}"
    if entity.type == "card":
        return f"{_stars(entity.value, 4)}{entity.value[-4:]}"
    if entity.type == "phone":
        return f"{_stars(entity.value, 2)}{entity.value[-2:]}"
    # Of a name, an address or a date of birth any part says too much; its kind stands for it.
    return f"[{entity.type}]"


def redacted(text: str, entities: Iterable[Entity]) -> str:
    """The text with personal data masked where it stands."""
    for entity in sorted(entities, key=lambda each: each.start, reverse=True):
        if entity.type in PERSONAL:
            text = text[: entity.start] + masked(entity) + text[entity.end :]
    return text


def _stars(value: str, kept: int) -> str:
    return "*" * (len(value) - kept)


def without_personal_data(text: str) -> str:
    """The text with everything personal in it masked; what was not searched is cut off."""
    text = text[:SEARCHED_CHARS]
    return redacted(text, find_entities(text))

"""What the auth routes take and answer."""

from typing import Annotated, Self
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from gateway.auth.passwords import MAX_CHARS, MIN_CHARS, is_common
from schemas.text import Instant, PersonName

_EMAIL_CHARS = 254


def _normalised(value: str) -> str:
    try:
        # Addresses inside a company's network are welcome; nothing is sent to them.
        checked = validate_email(value, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        raise ValueError("is not an e-mail address") from None
    return checked.normalized.lower()


Email = Annotated[
    str,
    Field(max_length=_EMAIL_CHARS, json_schema_extra={"format": "email"}),
    AfterValidator(_normalised),
]
Password = Annotated[SecretStr, Field(min_length=1, max_length=MAX_CHARS)]


class Request(BaseModel):
    """A request body; unknown fields are ignored, never applied."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class LoginRequest(Request):
    """Who signs in."""

    email: Email
    password: Password


class RegisterRequest(Request):
    """Who opens an account."""

    email: Email
    password: Annotated[SecretStr, Field(min_length=MIN_CHARS, max_length=MAX_CHARS)]
    name: PersonName

    @model_validator(mode="after")
    def _refuse_obvious_passwords(self) -> Self:
        password = self.password.get_secret_value()
        if is_common(password) or password.casefold() == self.email:
            raise ValueError("the password is too easy to guess")
        return self


class View(BaseModel):
    """An answer."""

    model_config = ConfigDict(frozen=True)


class UserView(View):
    """Who somebody is."""

    id: UUID
    email: str
    name: str
    role: str


class SignedIn(View):
    """An access token and whose it is; the refresh token travels in the cookie."""

    token: str
    user: UserView
    expiresAt: Instant  # noqa: N815 - the specification's name


class TicketView(View):
    """A ticket that opens one socket at `url`, once, before `expiresAt`."""

    ticket: str
    url: str
    expiresAt: Instant  # noqa: N815 - the specification's name

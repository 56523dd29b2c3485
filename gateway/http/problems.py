"""Errors as RFC 9457 problems: one shape for all of them, and never an echo of the input."""

from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.responses import Response

from runtime.errors import DomainError, RetryableError
from runtime.tokens import InvalidTokenError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2

_CODES = {
    400: "bad_json",  # FastAPI raises it only for bodies it cannot parse
    401: "not_signed_in",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    422: "invalid",
    429: "rate_limited",
    503: "unavailable",
}
_DETAILS = {
    400: "The body is not valid JSON in UTF-8.",
    404: "There is no such thing here, or it is not yours.",
    405: "This route does not know that method.",
    413: "The body is larger than this route takes.",
}


class FieldProblem(BaseModel):
    """What is wrong with one field; never its value."""

    model_config = ConfigDict(frozen=True)

    field: str
    message: str


class Problem(BaseModel):
    """An error as RFC 9457 has it; `code` is for programs, `detail` for people."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    errors: tuple[FieldProblem, ...] | None = None


class TooManyRequestsError(DomainError):
    """A rate limit was reached."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("rate_limited", "Too many requests; try again later.", status=429)
        self.retry_after = retry_after


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    **members: Any,  # noqa: ANN401 - extension members are any JSON
) -> Response:
    """Return the answer that tells of an error; `members` are added to the body."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **members,
    }
    return Response(orjson.dumps(body), status, headers=headers, media_type=MEDIA_TYPE)


def unavailable(code: str, detail: str, **members: Any) -> Response:  # noqa: ANN401 - as `problem`
    """Return the answer that asks to come back soon."""
    retry = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return problem(503, code, detail, headers=retry, **members)


async def _on_http_error(_: Request, error: HTTPException) -> Response:
    status = error.status_code
    detail = _DETAILS.get(status, HTTPStatus(status).phrase)
    headers = dict(error.headers) if error.headers else None
    return problem(status, _CODES.get(status, "error"), detail, headers=headers)


async def _on_validation_error(_: Request, error: RequestValidationError) -> Response:
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return problem(400, "bad_json", _DETAILS[400])
    fields = [
        {"field": ".".join(str(part) for part in item["loc"][1:]) or "body", "message": item["msg"]}
        for item in found
    ]
    return problem(422, "invalid", "Some fields are not as they should be.", errors=fields)


async def _on_domain_error(_: Request, error: DomainError) -> Response:
    headers = (
        {"Retry-After": str(error.retry_after)} if isinstance(error, TooManyRequestsError) else None
    )
    return problem(error.status, error.code, error.detail, headers=headers)


async def _on_retryable_error(_: Request, __: RetryableError) -> Response:
    return unavailable("unavailable", "A part of Parley is away for a moment; try again.")


async def _on_token_error(_: Request, error: InvalidTokenError) -> Response:
    return problem(
        401,
        "not_signed_in",
        f"{str(error).capitalize()}.",
        headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )


def answer_with_problems(app: FastAPI) -> None:
    """Make every error that a route raises leave as a problem."""
    # Starlette types handlers by Exception; each is registered for the class it takes.
    app.exception_handler(HTTPException)(_on_http_error)
    app.exception_handler(RequestValidationError)(_on_validation_error)
    app.exception_handler(DomainError)(_on_domain_error)
    app.exception_handler(RetryableError)(_on_retryable_error)
    app.exception_handler(InvalidTokenError)(_on_token_error)

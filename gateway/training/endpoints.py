"""The routes of training jobs and of the registry of models."""

import asyncio
import hmac
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, FastAPI, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.ai.measuring import measured
from gateway.http.problems import FieldProblem, problem
from gateway.state import State, signed_in
from gateway.training.candidate_ports import Origin
from gateway.training.examples import MAX_EXAMPLES, BadExamplesError, Row, check
from gateway.training.feedback import with_feedback
from gateway.training.files import read_file, rows_of
from gateway.training.views import (
    JobList,
    JobView,
    ModelList,
    ModelView,
    Served,
    SourcesView,
    TrainingAsked,
)
from runtime.errors import DomainError
from schemas.events.models import JobKind
from schemas.ids import OPERATOR_ID

TRAIN_PATH = "/api/ai/train"
MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_SHOWN = 50
MAX_NOTE = 200
FROM_FEEDBACK = "fromFeedback"

router = APIRouter(prefix="/api/ai", tags=["ai"])

_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", scheme_name="accessToken")


def _is_operator(state: State, credentials: HTTPAuthorizationCredentials | None) -> bool:
    shown = credentials.credentials.encode() if credentials is not None else b""
    secret = state["settings"].internal_token.get_secret_value().encode()
    return hmac.compare_digest(shown, secret)


async def an_admin(
    state: State,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> UUID:
    """Return who acts: an admin, or the operator, who shows the secret of Parley's processes.

    Raises:
        InvalidTokenError: the token is not good.
        DomainError: the account may not.
    """
    if _is_operator(state, credentials):
        return OPERATOR_ID
    claims = await signed_in(state, credentials)
    await state["training"].require_admin(claims.sub)
    return claims.sub


async def somebody(
    state: State,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> None:
    """Let in who is signed in, and the operator.

    Raises:
        InvalidTokenError: the token is not good.
    """
    if not _is_operator(state, credentials):
        await signed_in(state, credentials)


Admin = Annotated[UUID, Depends(an_admin)]
Version = Annotated[str, Path(max_length=80, pattern=r"^[a-z0-9][a-z0-9.-]*$")]

_EXAMPLES = {"type": "array", "items": {"type": "object", "required": ["text", "intent"]}}
_OPTIONS = {
    "kind": {
        "type": "string",
        "enum": [kind.value for kind in JobKind],
        "default": JobKind.HEAD.value,
        "description": "Train a head alone, or tune the sentence model for it as well.",
    },
    "extend": {
        "type": "boolean",
        "default": True,
        "description": "Learn the knowledge folder's own examples as well.",
    },
    FROM_FEEDBACK: {
        "type": "boolean",
        "default": False,
        "description": "Learn labelled candidates and questions with liked answers as well; "
        "examples may then be left out.",
    },
    "note": {"type": "string", "maxLength": MAX_NOTE},
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"examples": _EXAMPLES, **_OPTIONS},
                }
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}, **_OPTIONS},
                }
            },
        },
    }
}


@router.post("/train", status_code=202, openapi_extra=_BODY)
async def train(request: Request, admin: Admin, state: State) -> TrainingAsked:
    """Ask for a training job; examples come as JSON or as an uploaded CSV, JSON or YAML file.

    Examples of the intent `out_of_scope` are sentences that no intent fits.
    """
    with measured("train"):
        given, options = await _read(request)
        kind, note = _kind(options), _note(options)
        extend = _flag(options, "extend", default=True)
        rows, taught, learnt = given, frozenset[str](), Counter[Origin]()
        if _flag(options, FROM_FEEDBACK, default=False):
            rows, learnt = with_feedback(given, await state["candidates"].lessons(MAX_EXAMPLES))
            taught = await state["training"].own_intents() if extend else taught
        checked = await asyncio.to_thread(check, rows, taught)
        job = await state["training"].ask(admin, checked, kind=kind, extend=extend, note=note)
        return TrainingAsked(
            job_id=job.job_id,
            kind=kind,
            status=job.status,
            examples=job.example_count,
            intents=job.intent_count,
            sources=SourcesView(
                given=job.example_count - learnt.total(),
                labelled=learnt[Origin.LABELLED],
                liked=learnt[Origin.LIKED],
            ),
            duplicates=tuple(checked.duplicates[:MAX_SHOWN]),
            duplicate_count=len(checked.duplicates),
        )


@router.get("/train")
async def training_jobs(_: Admin, state: State) -> JobList:
    """List the latest training jobs."""
    return JobList(items=tuple(JobView.of(job) for job in await state["training"].jobs()))


@router.get("/train/{job_id}")
async def training_job(job_id: UUID, _: Admin, state: State) -> JobView:
    """Tell how far a training job has come, and what it gave."""
    desk = state["training"]
    with measured("train/{jobId}"):
        job = await desk.job(job_id)
        if job.version is None:
            return JobView.of(job)
        return JobView.of(job, (await desk.model(job.version)).metrics)


@router.delete("/train/{job_id}", status_code=202)
async def cancel_training(job_id: UUID, admin: Admin, state: State) -> JobView:
    """Ask a training job to stop."""
    return JobView.of(await state["training"].cancel(admin, job_id))


@router.get("/models", dependencies=[Depends(somebody)])
async def list_models(state: State) -> ModelList:
    """List the latest versions of the assistant's models."""
    with measured("models"):
        return ModelList(items=tuple(map(ModelView.of, await state["training"].models())))


@router.post("/models/rollback")
async def roll_back_model(admin: Admin, state: State) -> Served:
    """Take the latest promotion back."""
    version, before = await state["training"].roll_back(admin)
    return Served(version=version, before=before)


@router.get("/models/{version}", dependencies=[Depends(somebody)])
async def show_model(version: Version, state: State) -> ModelView:
    """Show one version: its card."""
    return ModelView.of(await state["training"].model(version))


@router.post("/models/{version}/promote")
async def promote_model(version: Version, admin: Admin, state: State) -> Served:
    """Let a version answer from now on; every replica follows within seconds."""
    before = await state["training"].promote(admin, version)
    return Served(version=version, before=before or None)


def answer_bad_examples(app: FastAPI) -> None:
    """Make examples that cannot be learnt from leave as a problem with the rows in it."""

    async def answer(_: Request, error: BadExamplesError) -> Response:
        errors = [each.model_dump() for each in error.problems]
        return problem(error.status, error.code, error.detail, errors=errors)

    app.exception_handler(BadExamplesError)(answer)


async def _read(request: Request) -> tuple[list[Row], dict[str, Any]]:
    """The rows and the options of a body, however it was sent."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _read_form(request)
    if kind != "application/json":
        raise DomainError(
            "unsupported_media_type", "Send application/json or multipart/form-data.", status=415
        )
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise HTTPException(400) from error
    if not isinstance(body, dict):
        raise _bad("body", "must be an object with examples")
    _refuse_unknown(body, "examples")
    if body.get(FROM_FEEDBACK) is True and "examples" not in body:
        return [], body
    if not isinstance(body.get("examples"), list | dict):
        raise _bad("examples", "is missing" if "examples" not in body else "must be a list")
    return rows_of(body["examples"], "examples"), body


async def _read_form(request: Request) -> tuple[list[Row], dict[str, Any]]:
    try:
        form = await request.form(max_files=1, max_fields=5, max_part_size=1024)
    except HTTPException as error:
        raise _bad("body", "is not a form with one file") from error
    try:
        _refuse_unknown(form, "file")
        file = form.get("file")
        if isinstance(file, UploadFile):
            rows = await asyncio.to_thread(read_file, file.filename or "", await file.read())
        elif file is None and form.get(FROM_FEEDBACK) == "true":
            rows = []
        else:
            raise _bad("file", "is missing")
    finally:
        await form.close()
    options: dict[str, Any] = {name: value for name, value in form.items() if name in _OPTIONS}
    for name in ("extend", FROM_FEEDBACK):
        if name in options:
            options[name] = {"true": True, "false": False}.get(options[name])
    return rows, options


def _refuse_unknown(fields: Iterable[str], examples: str) -> None:
    unknown = set(fields) - {examples, *_OPTIONS}
    if unknown:
        raise _bad(min(unknown)[:40], "is not known")


def _kind(options: dict[str, Any]) -> JobKind:
    try:
        return JobKind(options.get("kind", JobKind.HEAD))
    except ValueError as error:
        kinds = " or ".join(kind.value for kind in JobKind)
        raise _bad("kind", f"must be {kinds}") from error


def _flag(options: dict[str, Any], name: str, *, default: bool) -> bool:
    value = options.get(name, default)
    if not isinstance(value, bool):
        raise _bad(name, "must be true or false")
    return value


def _note(options: dict[str, Any]) -> str | None:
    note = options.get("note")
    if note is None:
        return None
    if not isinstance(note, str) or len(note) > MAX_NOTE or not note.isprintable():
        raise _bad("note", f"must be one line of at most {MAX_NOTE} characters")
    return note


def _bad(field: str, message: str) -> BadExamplesError:
    return BadExamplesError([FieldProblem(field=field, message=message)])

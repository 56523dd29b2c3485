"""The route that tells the shell which remotes there are."""

import asyncio
from typing import Annotated

import structlog
from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from gateway.state import State
from runtime.errors import DomainError

logger = structlog.get_logger(__name__)

Text = Annotated[str, StringConstraints(min_length=1)]


class Remote(BaseModel):
    """A microfrontend that the shell loads at run time."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: Text
    entry: Text
    type: Text


_REMOTES: TypeAdapter[tuple[Remote, ...]] = TypeAdapter(tuple[Remote, ...])

router = APIRouter(prefix="/api", tags=["web"])


@router.get("/remotes")
async def list_remotes(response: Response, state: State) -> tuple[Remote, ...]:
    """List the remotes, as the build of the web apps wrote them down."""
    file = state["settings"].webapps_dir / "remotes.json"
    try:
        remotes = _REMOTES.validate_json(await asyncio.to_thread(file.read_bytes))
    except (OSError, ValidationError) as error:
        logger.warning("remotes_unreadable", error=type(error).__name__)
        raise DomainError("not_built", "The web apps are not built.", status=503) from error
    response.headers["Cache-Control"] = "no-cache"
    return remotes

"""What the routes take that change a conversation as a whole."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.text import Title


class ChangeConversation(BaseModel):
    """Give a conversation another title, or end it, or both; at least one of them.

    An unknown field is refused: it would be a change that nobody makes.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        json_schema_extra={"minProperties": 1},
    )

    title: Title | None = None
    status: Annotated[
        Literal["ended"] | None, Field(description="Nothing more is said in it, for good.")
    ] = None
    client_event_id: UUID | None = None
    """Makes a repeat the same rename; ending twice is one end anyway."""

    @model_validator(mode="after")
    def _changes_something(self) -> "ChangeConversation":
        if self.title is None and self.status is None:
            msg = "needs a title or a status"
            raise ValueError(msg)
        return self

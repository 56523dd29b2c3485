"""Who still waits for what is being written: it is worth nothing to anybody else."""

from typing import NamedTuple
from uuid import UUID

from schemas.events.ai import AiRequest, RequestLeft


class Asker(NamedTuple):
    """Where a request is answered: under another lease of a partition it is somebody else."""

    request_id: UUID
    reply_partition: int
    reply_fence: int


def asker_of(request: AiRequest) -> Asker:
    """Who asks this, or does not any longer."""
    return Asker(request.request_id, request.reply_partition, request.reply_fence)


class Audience:
    """The gateways that wait, by request; one that crashed is never heard of again."""

    def __init__(self) -> None:
        self._waiting: dict[UUID, set[Asker]] = {}

    def join(self, request: AiRequest) -> None:
        """Note that who asked waits for the answer to this request."""
        self._waiting.setdefault(request.request_id, set()).add(asker_of(request))

    def leave(self, left: RequestLeft) -> bool:
        """Note that this one does not wait any more; return whether it was the last."""
        waiting = self._waiting.get(left.request_id)
        if waiting is None:
            return False
        waiting.discard(asker_of(left))
        if waiting:
            return False
        self.forget(left.request_id)
        return True

    def forget(self, request_id: UUID) -> None:
        """The answer is there; nothing can be stopped any more."""
        self._waiting.pop(request_id, None)

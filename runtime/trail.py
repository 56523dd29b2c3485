"""The trail of a message: every hop of one chain in a hundred says that it was there.

All processes pick the same chains, by the correlation id: what is followed is followed whole.
A line names ids and places, never what was said.
"""

from uuid import UUID

import structlog

_ID_BITS = 0xFFFF

logger = structlog.get_logger("trail")


class Trail:
    """Which chains are followed; a process has one, set where its logs are set up."""

    def __init__(self, every: int = 100) -> None:
        self.every = every
        """One chain in so many; 1 follows all, 0 none."""

    def follows(self, correlation_id: object) -> bool:
        """Whether this chain is one of those; what is no id is none."""
        if not self.every:
            return False
        try:
            number = (
                correlation_id.int if isinstance(correlation_id, UUID) else _read(correlation_id)
            )
        except ValueError:
            return False
        return (number & _ID_BITS) % self.every == 0

    def note(self, hop: str, **where: object) -> None:
        """Say that a chain came by; to be asked only of one that is followed."""
        logger.info(hop, **where)


def _read(text: object) -> int:
    return int(str(text)[-4:], 16)


TRAIL = Trail()

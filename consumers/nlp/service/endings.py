"""Where on the log conversations ended: what stands behind that is not answered (ADR 0033)."""

from collections import OrderedDict
from uuid import UUID

REMEMBERED_ENDS = 10_000


class Endings:
    """
    The ends and deletions of the latest conversations, in memory.

    Edges refuse what is said after an end; this is for what they let through before they had read
    of it, some milliseconds' worth. Records that come again meet what they met, because an end
    holds from its place on.
    """

    def __init__(self) -> None:
        self._places: OrderedDict[UUID, int] = OrderedDict()

    def note(self, conversation: UUID, place: int) -> None:
        """Take in that nothing behind this offset of the conversation's partition counts."""
        self._places[conversation] = min(place, self._places.get(conversation, place))
        self._places.move_to_end(conversation)
        if len(self._places) > REMEMBERED_ENDS:
            self._places.popitem(last=False)

    def over_at(self, conversation: UUID, place: int) -> bool:
        """Whether the record at this offset stands behind the end."""
        end = self._places.get(conversation)
        return end is not None and end < place

"""What the client remembers of the events it has seen: enough to resume and to drop repeats."""

from collections import OrderedDict
from collections.abc import Iterable

from parley_client.frames import Frame

MAX_SEEN = 20_000
"""Event ids remembered; far more than an edge replays at once."""
_LATEST_COUNTS = frozenset(
    {"message:edited", "reaction", "feedback", "handover", "conversation:renamed"}
)
"""A repeat of these with another time says something new: when it happened (ADR 0013)."""


class Memory:
    """How far each conversation was heard, and the ids of the latest events.

    Positions are kept by conversation: two of them may share a log, and a cut can come when one
    has been replayed and the other has not.
    """

    def __init__(self) -> None:
        self._heard: dict[str, dict[str, int]] = {}
        """By conversation, the newest offset of each of its logs."""
        self._behind: set[str] = set()
        """Conversations with something missing before what arrives: positions stand still."""
        self._seen: OrderedDict[str, int] = OrderedDict()
        self.epoch: str | None = None
        self.count = 0
        """Events seen so far: what was known at a moment is what was seen up to its count."""

    def positions(self, conversation_id: str) -> list[str]:
        """Return from where on a conversation has to be heard."""
        return _texts(self._heard.get(conversation_id, {}))

    def connected(self, epoch: str) -> bool:
        """Note the history that is served now; False when positions of another one were kept."""
        changed = self.epoch not in {None, epoch} and bool(self._heard)
        if changed:
            self._heard.clear()
        self.epoch = epoch
        return not changed

    def fell_behind(self, conversation_id: str) -> None:
        """Note that something was missed which is not replayed."""
        self._heard.pop(conversation_id, None)
        self._behind.add(conversation_id)

    def reaches(self, conversation_id: str, positions: Iterable[str]) -> None:
        """Note up to where a history holds everything; what follows has still to be heard."""
        logs = self._heard[conversation_id] = {}
        _advance(logs, _parsed(positions))
        self._behind.add(conversation_id)

    def caught_up(self, conversation_id: str, positions: Iterable[str]) -> None:
        """Note that everything up to these positions has been heard."""
        self._behind.discard(conversation_id)
        _advance(self._heard.setdefault(conversation_id, {}), _parsed(positions))

    def is_new(self, frame: Frame) -> bool:
        """Take an event in; False when it was seen before, with this time if the latest counts."""
        conversation_id = str(frame.get("conversation_id"))
        if conversation_id not in self._behind:
            heard = self._heard.setdefault(conversation_id, {})
            _advance(heard, _parsed([str(frame.get("at", ""))]))
        event_id = str(frame["event_id"])
        if frame.get("type") in _LATEST_COUNTS:
            event_id += str(frame["occurred_at"])
        if event_id in self._seen:
            return False
        self.count += 1
        self._seen[event_id] = self.count
        if len(self._seen) > MAX_SEEN:
            self._seen.popitem(last=False)
        return True

    def knew(self, event_id: str, count: int) -> bool:
        """Whether this event was among the first `count`."""
        return self._seen.get(event_id, count + 1) <= count


def _parsed(positions: Iterable[str]) -> list[tuple[str, int]]:
    parts = [position.partition(":") for position in positions]
    return [(log, int(offset)) for log, _, offset in parts if offset.isdigit()]


def _advance(logs: dict[str, int], positions: Iterable[tuple[str, int]]) -> None:
    for log, offset in positions:
        logs[log] = max(offset, logs.get(log, -1))


def _texts(logs: dict[str, int]) -> list[str]:
    return [f"{log}:{offset}" for log, offset in logs.items()]

"""What the client remembers of the events it has seen: enough to resume and to drop repeats."""

from collections import OrderedDict

from parley_client.frames import Frame

MAX_SEEN = 20_000
"""Event ids remembered; far more than an edge replays at once."""


class Memory:
    """Newest position of each log, and the ids of the latest events."""

    def __init__(self) -> None:
        self._offsets: dict[str, int] = {}
        self._seen: OrderedDict[str, int] = OrderedDict()
        self.epoch: str | None = None
        self.count = 0
        """Events seen so far: what was known at a moment is what was seen up to its count."""

    @property
    def positions(self) -> list[str]:
        """The newest `at` of each log."""
        return [f"{log}:{offset}" for log, offset in self._offsets.items()]

    def connected(self, epoch: str) -> bool:
        """Note the history that is served now; False when positions of another one were kept."""
        changed = self.epoch not in {None, epoch} and bool(self._offsets)
        if changed:
            self._offsets.clear()
        self.epoch = epoch
        return not changed

    def is_new(self, frame: Frame) -> bool:
        """Take an event in; False when it was seen before."""
        log, _, offset = str(frame.get("at", "")).partition(":")
        if offset.isdigit():
            self._offsets[log] = max(int(offset), self._offsets.get(log, -1))
        event_id = str(frame["event_id"])
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

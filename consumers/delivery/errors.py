"""What the loop says to itself; consumers raise `runtime.errors` only."""

from runtime.errors import ParleyError


class AbandonedError(ParleyError):
    """The partitions were taken away, or the process stops: leave the batch as it is."""


class FencedError(ParleyError):
    """Another member has moved the position: nothing was stored, read it again."""

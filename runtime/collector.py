"""Python's garbage collector in processes that serve for days."""

import gc

THRESHOLDS = (2_000, 10, 50)
"""New objects before the young are looked through, and how often before the older are.

Python 3.11 begins with (700, 10, 10): under load the edge stood still for 0.1 to 0.3 s every ten
seconds, most of that to look through what was imported. Everything is looked through after a
million new objects; with ten thousand at a time the middle ones alone took 50 to 80 ms.
"""


def calm_collector() -> None:
    """
    Leave alone for ever what is there now, and look for cycles less often.

    To be called when everything is imported, and again when models and the like are loaded.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)

"""Ends this process at a named crash point, for tests that ask what survives a kill exactly there.

``OPENCLAW_CRASH_AT=brain.committed`` kills at the first passing, ``brain.committed:3`` at the third. Without the
variable every point is passed. The points are listed in ``application.crashpoints``.
"""

import os
import signal
from collections.abc import Mapping

from application.crashpoints import ALL_POINTS, CrashPoints, no_crash
from domain.errors import InvalidSettings

VARIABLE = "OPENCLAW_CRASH_AT"


def crash_points(environ: Mapping[str, str] = os.environ) -> CrashPoints:
    """Return what to do at crash points. Raises InvalidSettings for a name that is none."""
    wanted = environ.get(VARIABLE, "")
    if not wanted:
        return no_crash
    name, _, count = wanted.partition(":")
    if name not in ALL_POINTS or (count and not count.isdigit()):
        raise InvalidSettings((f"{VARIABLE}: no crash point; choose one of {', '.join(ALL_POINTS)}",))
    left = int(count or 1)

    def reach(point: str) -> None:
        nonlocal left
        if point == name:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return reach

"""How many steps are to be done next."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gdviewer.engine.run.run import Run


class Pace:
    """So many steps a second while the runs are played, or a number that was asked for.

    Attributes:
        speed: steps per second of each run; ``math.inf`` for as fast as it goes.
        asked: how many steps are still to be done of those that were asked for.
    """

    def __init__(self) -> None:
        self.speed = math.inf
        self.asked = 0
        self._due = 0.0
        self._granted: list[tuple[Run, int]] = []  # where each run was when steps asked for were granted

    def start(self) -> None:
        """Have a first step done at once."""
        self._due = 1.0

    def set_speed(self, steps_per_second: float) -> None:
        """Change the speed; steps that are due by the old one are forgotten."""
        self.speed = steps_per_second
        self._due = min(self._due, 1.0)

    def elapse(self, seconds: float) -> None:
        """Let time go by while the runs are played."""
        self._due += min(seconds, 1.0) * self.speed

    def count(self, runs: Sequence[Run]) -> None:
        """Take what the last burst has done off the steps asked for; it may have lacked the time for all."""
        if all(run.stop for run in runs):
            self.asked = 0
        done = max((run.step - before for run, before in self._granted), default=0)
        self.asked = max(0, self.asked - done)
        self._granted = []

    def grant(self, runs: Sequence[Run], playing: bool) -> int | None:
        """How many steps the next burst is to do; None for as many as it can."""
        if self.asked:
            self._granted = [(run, run.step) for run in runs]
            return self.asked
        if not playing:
            return 0
        if math.isinf(self._due):
            self._due = 0.0
            return None
        steps = int(self._due)
        self._due -= steps
        return steps

"""The number of steps that the next burst executes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gdviewer.engine.run.run import Run


class Pace:
    """Steps per second while the runs are played, or a requested number of steps.

    Attributes:
        speed: steps per second of each run; ``math.inf`` for full speed.
        asked: the number of requested steps that remain.
    """

    def __init__(self) -> None:
        self.speed = math.inf
        self.asked = 0
        self._due = 0.0
        self._granted: list[tuple[Run, int]] = []  # each run and its step when the requested steps were granted

    def start(self) -> None:
        """Make a first step due at once."""
        self._due = 1.0

    def set_speed(self, steps_per_second: float) -> None:
        """Change the speed and drop the steps that are due at the old one."""
        self.speed = steps_per_second
        self._due = min(self._due, 1.0)

    def elapse(self, seconds: float) -> None:
        """Add the steps that are due after this time."""
        self._due += min(seconds, 1.0) * self.speed

    def count(self, runs: Sequence[Run]) -> None:
        """Subtract the steps of the last burst from the requested steps; it may not have had time for all."""
        if all(run.stop for run in runs):
            self.asked = 0
        done = max((run.step - before for run, before in self._granted), default=0)
        self.asked = max(0, self.asked - done)
        self._granted = []

    def grant(self, runs: Sequence[Run], playing: bool) -> int | None:
        """Return the number of steps of the next burst; None for as many as it can execute."""
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

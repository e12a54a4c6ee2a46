"""The cursor: the step that all views show."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QObject, Signal

from gdviewer.engine.run.run import Run


class HasRuns(Protocol):
    """An object that holds runs and replaces the list when they change."""

    runs: list[Run]


class Cursor(QObject):
    """A step of the runs, or the newest step, which the cursor then follows.

    Args:
        owner: holds the runs.

    Signals:
        moved: the cursor is on another step, or follows the newest one again.
    """

    moved = Signal()

    def __init__(self, owner: HasRuns, parent: QObject) -> None:
        super().__init__(parent)
        self._owner = owner
        self._step: int | None = None

    @property
    def newest(self) -> int:
        """The number of steps of the longest run."""
        return max((run.step for run in self._owner.runs), default=0)

    @property
    def step(self) -> int:
        """The step that is shown: the newest one while live."""
        return self.newest if self._step is None else min(self._step, self.newest)

    @property
    def is_live(self) -> bool:
        """True if the cursor is on the newest step, which it follows."""
        return self._step is None or self._step >= self.newest

    def position(self, run: Run) -> int:
        """Return the row of a run's trace at the cursor; its last row if the run ended before."""
        return min(self.step, run.step)

    def look_at(self, step: int) -> None:
        """Move to a step; from the newest one on, follow the runs."""
        step = max(0, step)
        self._step = None if step >= self.newest else step
        self.moved.emit()

    def back(self, n: int = 1) -> None:
        """Move ``n`` steps back."""
        self.look_at(self.step - n)

    def first(self) -> None:
        """Move to the start."""
        self.look_at(0)

    def follow(self) -> None:
        """Move to the newest step and follow it."""
        if self._step is not None:
            self._step = None
            self.moved.emit()

    def reset(self) -> None:
        """Follow the newest step, without a signal, as the runs are replaced too."""
        self._step = None

"""Diagnoses of the points at which runs stopped, computed in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, Signal

from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Stop
from gdviewer.experiment.diagnosis import diagnose
from gdviewer.text import message_text
from gdviewer.ui.widgets.background import Latest

if TYPE_CHECKING:
    from gdviewer.engine.analysis.curvature import Curvature


class Diagnoses(QObject):
    """Diagnoses each stop once, on its first use.

    Signals:
        found: another diagnosis is known.
    """

    found = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._known: WeakKeyDictionary[Run, tuple[Stop, str]] = WeakKeyDictionary()
        self._wanted: tuple[Run, Stop] | None = None
        self._latest = Latest(self)
        self._latest.done.connect(self._use_result)

    def text(self, run: Run) -> str:
        """Return the kind of point at which the run stopped, and the reason; empty until they are known."""
        stop = run.stop
        if stop is None or not (run.begun and stop.is_about_the_point):
            return ""
        known = self._known.get(run)
        if known and known[0] is stop:
            return known[1]
        if self._wanted != (run, stop):
            self._wanted = run, stop
            self._latest.request(lambda: (run, stop, diagnose(run)))
        return ""

    def close_threads(self) -> None:
        """End the thread that diagnoses."""
        self._latest.close()

    def _use_result(self, result: tuple[Run, Stop, Curvature | None]) -> None:
        run, stop, curvature = result
        self._wanted = None
        if curvature is not None and run.stop is stop:
            self._known[run] = stop, message_text(curvature.finding.message)
        self.found.emit()

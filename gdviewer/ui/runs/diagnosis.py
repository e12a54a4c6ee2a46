"""What kind of point each run stopped at, found out in the background."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, Signal

from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Stop
from gdviewer.experiment.diagnosis import diagnose
from gdviewer.text import message_text
from gdviewer.ui.widgets.background import Latest


class Diagnoses(QObject):
    """Diagnoses stops, each once, when they are first asked about.

    Signals:
        told: another one is known.
    """

    told = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._known: WeakKeyDictionary[Run, tuple[Stop, str]] = WeakKeyDictionary()
        self._wanted: tuple[Run, Stop] | None = None
        self._latest = Latest(self)
        self._latest.done.connect(self._take)

    def text(self, run: Run) -> str:
        """What kind of point the run stopped at and why, in the user's language; empty until it is known."""
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
        """End the thread."""
        self._latest.close()

    def _take(self, result: tuple) -> None:
        run, stop, found = result
        self._wanted = None
        if found is not None and run.stop is stop:
            self._known[run] = stop, message_text(found.finding.message)
        self.told.emit()

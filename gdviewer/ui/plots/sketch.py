"""Pictures of functions that may be slow: coarse at once, then finer as far as patience goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QLabel, QWidget

from gdviewer.ui.background import Latest
from gdviewer.ui.text import tr

PATIENCE_SECONDS = 5.0  # a finer picture that would take longer is not begun
_SILENT_MS = 300  # a picture that takes longer than this is announced


class Sketch(QObject):
    """Computes a picture in the background in rising sizes; a newer request takes the place of the rest.

    Attributes:
        busy: whether a picture, or a finer one, is still to come.

    Signals:
        ready: a picture, one for each size.
    """

    ready = Signal(object)

    def __init__(self, plot: QWidget) -> None:
        super().__init__(plot)
        self.busy = False
        self._latest = Latest(self)
        self._latest.done.connect(self._take)
        self._note = QLabel(tr("computing the picture …"), plot, visible=False)
        self._note.setContentsMargins(8, 4, 8, 4)
        self._note.setAutoFillBackground(True)
        self._announce = QTimer(self, singleShot=True, interval=_SILENT_MS)
        self._announce.timeout.connect(self._show_note)

    def request(self, compute: Callable[[int], Any], sizes: Sequence[int], dimension: int) -> None:
        """Have ``compute(size)`` done for each size in turn; it asks the function size ** dimension times."""
        self._compute, self._sizes, self._dimension = compute, list(sizes), dimension
        self.busy = True
        self._announce.start()
        self._next()

    def cancel(self) -> None:
        """Drop what is computed: another picture is shown."""
        self._latest.cancel()
        self._settle()

    def close(self) -> None:
        """End the thread."""
        self._settle()
        self._latest.close()

    def _next(self) -> None:
        compute, size = self._compute, self._sizes.pop(0)

        def work() -> tuple[Any, int, float]:
            began = perf_counter()
            return compute(size), size, perf_counter() - began

        self._latest.request(work)

    def _take(self, result: tuple[Any, int, float]) -> None:
        picture, size, seconds = result
        self.ready.emit(picture)
        if self._sizes and seconds * (self._sizes[0] / size) ** self._dimension < PATIENCE_SECONDS:
            self._next()
        else:
            self._settle()

    def _settle(self) -> None:
        self.busy = False
        self._announce.stop()
        self._note.hide()

    def _show_note(self) -> None:
        self._note.adjustSize()
        self._note.move(70, 16)
        self._note.show()
        self._note.raise_()

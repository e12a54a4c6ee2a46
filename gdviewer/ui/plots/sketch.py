"""Pictures of functions that may be slow: coarse at once, then finer as far as patience goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter, sleep
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from gdviewer.text import tr
from gdviewer.ui.widgets.background import Latest
from gdviewer.ui.widgets.keys import keys_by_tab

PATIENCE_SECONDS = 5.0  # a finer picture that would take longer is not begun
_SILENT_MS = 300  # a picture that takes longer than this is announced
_TOLD_MS = 200  # how often it is told how much is done


class Cancelled(Exception):  # noqa: N818 - it is no error
    """What is computed is no longer wanted."""


class SketchProgress:
    """How much of a piece of work is done, told by the thread that does it; ends it once it is no longer wanted.

    Attributes:
        done: the share that is done; cancelled: whether it is to end.
        rests: seconds to wait for each second of work, while something else needs the processor.
    """

    def __init__(self) -> None:
        self.done, self.cancelled, self.rests = 0.0, False, 0.0
        self._told = perf_counter()

    def tell(self, share: float) -> None:
        """Tell the share that is done; raises Cancelled."""
        self.done = share
        if self.rests:
            sleep(min(0.2, self.rests * (perf_counter() - self._told)))
        self._told = perf_counter()
        if self.cancelled:
            raise Cancelled


class Sketch(QObject):
    """Computes a picture in the background in rising sizes; a newer request takes the place of the rest.

    Args:
        patience: seconds; a finer picture that would take longer is not begun.

    Attributes:
        busy: whether a picture, or a finer one, is still to come.
        progress: of the picture under way, where it tells any; then it can be cancelled.

    Signals:
        ready: a picture, one for each size.
    """

    ready = Signal(object)

    def __init__(self, plot: QWidget, patience: float = PATIENCE_SECONDS) -> None:
        super().__init__(plot)
        self.busy = False
        self.progress: SketchProgress | None = None
        self._patience = patience
        self._latest = Latest(self)
        self._latest.done.connect(self._take)
        self._text = QLabel()
        self.stop = QToolButton(text=tr("Cancel"))
        self.stop.setToolTip(tr("Leave the picture as it is: no finer one is computed."))
        self.stop.clicked.connect(self.cancel)
        keys_by_tab(self.stop)
        self._note = QWidget(plot, visible=False)
        self._note.setAutoFillBackground(True)
        layout = QHBoxLayout(self._note)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addWidget(self._text)
        layout.addWidget(self.stop)
        self._telling = QTimer(self, interval=_TOLD_MS)
        self._telling.timeout.connect(self._tell)
        self._announce = QTimer(self, singleShot=True, interval=_SILENT_MS)
        self._announce.timeout.connect(self._show_note)

    def request(
        self,
        compute: Callable[[int], Any],
        sizes: Sequence[int],
        dimension: int,
        progress: SketchProgress | None = None,
    ) -> None:
        """Have ``compute(size)`` done for each size in turn; it asks the function size ** dimension times.

        Args:
            progress: of each picture, told by ``compute``.
        """
        self._drop()
        self._compute, self._sizes, self._dimension, self.progress = compute, list(sizes), dimension, progress
        self._weights = [size**dimension for size in sizes]
        self.busy = True
        self._announce.start()
        self._next()

    @property
    def done(self) -> float:
        """The share of all its pictures that is done, as far as that is told."""
        under_way, left = (
            self._weights[-len(self._sizes) - 1],
            sum(self._weights[len(self._weights) - len(self._sizes) :]),
        )
        share = self.progress.done if self.progress else 0.0
        return 1 - (left + (1 - share) * under_way) / sum(self._weights)

    def cancel(self) -> None:
        """Drop what is computed: another picture is shown, or this one is enough."""
        self._latest.cancel()
        self._settle()

    def close(self) -> None:
        """End the thread."""
        self._settle()
        self._latest.close()

    def _drop(self) -> None:
        if self.progress:
            self.progress.cancelled = True

    def _next(self) -> None:
        compute, size = self._compute, self._sizes.pop(0)

        def work() -> tuple[Any, int, float]:
            began = perf_counter()
            return compute(size), size, perf_counter() - began

        self._latest.request(work)

    def _take(self, result: tuple[Any, int, float]) -> None:
        picture, size, seconds = result
        self.ready.emit(picture)
        if self._sizes and seconds * (self._sizes[0] / size) ** self._dimension < self._patience:
            self._next()
        else:
            self._settle()

    def _settle(self) -> None:
        self._drop()
        self.busy, self.progress = False, None
        self._announce.stop()
        self._telling.stop()
        self._note.hide()

    def _show_note(self) -> None:
        self.stop.setVisible(self.progress is not None)
        self._tell()
        self._note.show()
        self._note.raise_()
        if self.progress:
            self._telling.start()

    def _tell(self) -> None:
        told = tr("computing the picture …")
        if self.progress:
            told = tr("computing: {share} %", share=f"{100 * self.done:.0f}")
        self._text.setText(told)
        self._note.adjustSize()
        self._note.move(max(0, min(70, self._note.parentWidget().width() - self._note.width() - 8)), 16)

"""Pictures of functions that may be slow: first a coarse one, then finer ones within a time limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter, sleep
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from gdviewer.text import tr
from gdviewer.ui.widgets.background import Latest
from gdviewer.ui.widgets.keys import keys_by_tab

PATIENCE_SECONDS = 5.0  # a finer picture that would take longer is not computed
_SILENT_MS = 300  # for a picture that takes longer, a note is shown
_REFRESH_MS = 200  # between two updates of the progress


class Cancelled(Exception):  # noqa: N818 - not an error
    """Raised to end the computation of a picture that is no longer needed."""


class SketchProgress:
    """Progress of a computation, reported by its thread; the computation ends when ``cancelled`` is set.

    Attributes:
        done: the share that is done, 0 … 1.
        cancelled: True if the computation is to end.
        rests: seconds to wait for each second of work, while other threads need the processor.
    """

    def __init__(self) -> None:
        self.done, self.cancelled, self.rests = 0.0, False, 0.0
        self._reported = perf_counter()

    def report(self, share: float) -> None:
        """Store the share that is done.

        Raises:
            Cancelled: if the computation is to end.
        """
        self.done = share
        if self.rests:
            sleep(min(0.2, self.rests * (perf_counter() - self._reported)))
        self._reported = perf_counter()
        if self.cancelled:
            raise Cancelled


class Sketch(QObject):
    """Computes a picture in the background in increasing sizes; a new request replaces the current one.

    Args:
        plot: the widget that shows the picture; a note about the progress appears on it.
        patience: time limit in seconds; a finer picture that would take longer is not computed.

    Attributes:
        busy: True if a picture, or a finer one, is being computed.
        progress: progress of the current picture, if it is reported; then the picture can be cancelled.

    Signals:
        ready: a picture, one for each size.
    """

    ready = Signal(object)

    def __init__(self, plot: QWidget, patience: float = PATIENCE_SECONDS) -> None:
        super().__init__(plot)
        self._plot = plot
        self.busy = False
        self.progress: SketchProgress | None = None
        self._patience = patience
        self._latest = Latest(self)
        self._latest.done.connect(self._take)
        self._text = QLabel()
        self.stop = QToolButton()
        self.stop.setText(tr("Cancel"))
        self.stop.setToolTip(tr("Keep this picture, and compute no finer one."))
        self.stop.clicked.connect(self.cancel)
        keys_by_tab(self.stop)
        self._note = QWidget(plot, visible=False)
        self._note.setAutoFillBackground(True)
        layout = QHBoxLayout(self._note)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addWidget(self._text)
        layout.addWidget(self.stop)
        self._refresh = QTimer(self, interval=_REFRESH_MS)
        self._refresh.timeout.connect(self._update_note)
        self._announce = QTimer(self, singleShot=True, interval=_SILENT_MS)
        self._announce.timeout.connect(self._show_note)

    def request(
        self,
        compute: Callable[[int], Any],
        sizes: Sequence[int],
        dimension: int,
        progress: SketchProgress | None = None,
    ) -> None:
        """Call ``compute(size)`` for each size in the background.

        Args:
            compute: returns the picture in a size; it evaluates the function size ** dimension times.
            sizes: the sizes, ascending.
            dimension: number of dimensions of the picture.
            progress: progress of each picture, reported by ``compute``.
        """
        self._drop()
        self._compute, self._sizes, self._dimension, self.progress = compute, list(sizes), dimension, progress
        self._weights: list[int] = [size**dimension for size in sizes]
        self.busy = True
        self._announce.start()
        self._next()

    @property
    def done(self) -> float:
        """The share of the work for all pictures that is done, 0 … 1."""
        begun = len(self._weights) - len(self._sizes)
        current, remaining = self._weights[begun - 1], sum(self._weights[begun:])
        share = self.progress.done if self.progress else 0.0
        return 1 - (remaining + (1 - share) * current) / sum(self._weights)

    def cancel(self) -> None:
        """Cancel the computation."""
        self._latest.cancel()
        self._settle()

    def close(self) -> None:
        """Stop the thread."""
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
        self._refresh.stop()
        self._note.hide()

    def _show_note(self) -> None:
        self.stop.setVisible(self.progress is not None)
        self._update_note()
        self._note.show()
        self._note.raise_()
        if self.progress:
            self._refresh.start()

    def _update_note(self) -> None:
        text = tr("computing the picture …")
        if self.progress:
            text = tr("computing: {share} %", share=f"{100 * self.done:.0f}")
        self._text.setText(text)
        self._note.adjustSize()
        self._note.move(max(0, min(70, self._plot.width() - self._note.width() - 8)), 16)

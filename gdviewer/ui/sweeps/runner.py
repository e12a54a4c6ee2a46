"""Execution of a sweep in short bursts, one in each frame, so that the window stays responsive."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from gdviewer.engine.worker.worker import Worker
from gdviewer.experiment.sweep import Sweep
from gdviewer.ui.session.clock import FRAME_MS
from gdviewer.ui.session.session import Session

_BURST_SECONDS = 12e-3
_BESIDE_SECONDS, _BESIDE_FRAMES = 4e-3, 2  # while runs are played: length of a burst, and frames between two


class Runner(QObject):
    """Executes one sweep at a time; the runs of the window are not changed.

    Attributes:
        sweep: the current or last sweep; None before the first.

    Signals:
        advanced: a part of the sweep was executed.
        ended: the sweep is complete or was cancelled.
        failed: the sweep raised this exception.
    """

    advanced = Signal()
    ended = Signal()
    failed = Signal(object)

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._worker = Worker()
        self.sweep: Sweep | None = None
        self._error: Exception | None = None
        self._frame = 0
        self._timer = QTimer(self, interval=FRAME_MS)
        self._timer.timeout.connect(self._tick)

    @property
    def running(self) -> bool:
        """True while a sweep is executed."""
        return self._timer.isActive()

    def start(self, sweep: Sweep) -> None:
        """Execute this sweep; a current one is replaced."""
        if self._worker.busy and not self._worker.wait(2 * _BURST_SECONDS):
            self._worker.abandon()  # user code does not return
        self.sweep, self._error = sweep, None
        self._timer.start()

    def cancel(self) -> None:
        """End the current sweep and keep its results."""
        if self.running:
            self._timer.stop()
            self.ended.emit()

    def close(self) -> None:
        """End the sweep and the thread."""
        self.cancel()
        self._worker.close(seconds=0.5)

    def _tick(self) -> None:
        if self._worker.busy:
            return
        if self._error:
            error, self._error = self._error, None
            self.cancel()
            self.failed.emit(error)
            return
        self.advanced.emit()
        if self.sweep is None or self.sweep.done:
            self.cancel()
            return
        self._frame += 1
        if not self._session.player.playing:
            self._worker.grant_job(self._job(self.sweep, _BURST_SECONDS))
        elif self._frame % _BESIDE_FRAMES == 0:
            self._worker.grant_job(self._job(self.sweep, _BESIDE_SECONDS))

    def _job(self, sweep: Sweep, seconds: float) -> Callable[[Callable[[], bool]], None]:
        def work(ended: Callable[[], bool]) -> None:
            try:
                sweep.advance(seconds, ended)
            except Exception as error:  # such as data that can't be scaled in this way
                if self.sweep is sweep:
                    self._error = error

        return work

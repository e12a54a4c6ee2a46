"""The timers that drive a window: one for the frames, and one that waits until a frame has been painted."""

from __future__ import annotations

from time import perf_counter

from PySide6.QtCore import QObject, Qt, QTimer, Signal

FRAME_MS = 17  # about a frame of a screen of 60 Hz


class Clock(QObject):
    """Ticks once a frame from :meth:`start` to :meth:`stop`.

    Signals:
        ticked: a frame is due; with the seconds since the last tick.
        painted: what was drawn since :meth:`await_painting` has been painted.
    """

    ticked = Signal(float)
    painted = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._last_tick = 0.0
        self._frames = QTimer(self, interval=FRAME_MS, timerType=Qt.TimerType.PreciseTimer)
        self._frames.timeout.connect(self._tick)
        self._painting = QTimer(self, interval=0, singleShot=True)
        self._painting.timeout.connect(self.painted)

    @property
    def running(self) -> bool:
        """True while it ticks."""
        return self._frames.isActive()

    @property
    def left(self) -> float:
        """The remaining seconds of the frame."""
        return FRAME_MS / 1000 - (perf_counter() - self._last_tick)

    def start(self) -> None:
        """Start the ticks."""
        if not self.running:  # a timer that is restarted repeatedly never fires
            self._last_tick = perf_counter()
            self._frames.start()

    def stop(self) -> None:
        """Stop the ticks."""
        self._frames.stop()
        self._painting.stop()

    def set_interval(self, milliseconds: int) -> None:
        """Change the time between two ticks."""
        if milliseconds != self._frames.interval():  # setting an interval restarts the timer and delays a frame
            self._frames.setInterval(milliseconds)

    def await_painting(self) -> None:
        """Emit :attr:`painted` after Qt has painted the drawings."""
        if not self._painting.isActive():  # a frame that takes longer than the interval would delay it forever
            self._painting.start()

    def _tick(self) -> None:
        now = perf_counter()
        elapsed, self._last_tick = now - self._last_tick, now
        self.ticked.emit(elapsed)

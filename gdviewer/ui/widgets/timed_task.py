"""The user's code in a thread of its own, for as long as one has patience with it."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from gdviewer.engine.rules.source_location import location_in_thread
from gdviewer.engine.worker.worker import Abandonable

_POLL_MS = 10
_CHASE_SECONDS = 3.0


class TimedTask(QObject):
    """A piece of work that may raise anything, or never return.

    Args:
        seconds: how long it may take.

    Signals:
        ended: its result, and the exception it raised instead; a TimeoutError where it was given up, with the
            :class:`gdviewer.engine.rules.source_location.SourceLocation` of the work as its attribute ``location``.
    """

    ended = Signal(object, object)

    def __init__(self, work: Callable[[], Any], seconds: float, parent: QObject) -> None:
        super().__init__(parent)
        self._work, self._seconds = work, seconds
        self._result: tuple[Any, BaseException | None] = None, None
        self._told = False
        self._end = perf_counter() + seconds
        self._thread = Abandonable(self._do, "gdviewer attempt")
        self._timer = QTimer(self, interval=_POLL_MS)
        self._timer.timeout.connect(self._poll)
        self._thread.start()
        self._timer.start()

    def give_up(self) -> None:
        """End it, and tell nothing of it."""
        self._told = True
        self._end = perf_counter()
        self._thread.abandon()

    def close(self, seconds: float = 0.5) -> None:
        """End it now; wait for its thread at most so long."""
        self.give_up()
        end = perf_counter() + seconds
        while self._thread.is_alive() and perf_counter() < end:
            self._thread.join(_POLL_MS / 1000)
            self._thread.abandon()
        self._timer.stop()

    def _do(self) -> None:
        try:
            self._result = self._work(), None
        except Exception as error:
            self._result = None, error
        except (KeyboardInterrupt, SystemExit, GeneratorExit) as error:
            self._result = None, error

    def _poll(self) -> None:
        now = perf_counter()
        if not self._thread.is_alive():
            self._tell(*self._result)
        elif now > self._end:
            error = TimeoutError(f"it has not ended within {self._seconds:g} seconds")
            error.location = location_in_thread(self._thread.ident)
            self._thread.abandon()
            self._tell(None, error)
            if now < self._end + _CHASE_SECONDS:
                return
        else:
            return
        self._timer.stop()
        self.deleteLater()

    def _tell(self, result: Any, error: BaseException | None) -> None:
        if not self._told:
            self._told = True
            self.ended.emit(result, error)

"""Execution of user code in a thread, with a time limit."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from gdviewer.engine.rules.source_location import SourceLocation, location_in_thread
from gdviewer.engine.worker.worker import Abandonable

_POLL_MS = 10
_CHASE_SECONDS = 3.0


class TaskTimeoutError(TimeoutError):
    """The work of a task has not ended within the time limit.

    Attributes:
        location: the line of user code that the work executes; None if it is not known.
    """

    def __init__(self, seconds: float, location: SourceLocation | None) -> None:
        super().__init__(f"it has not ended within {seconds:g} seconds")
        self.location = location


class TimedTask(QObject):
    """Work that may raise any exception or never return.

    Args:
        work: the work.
        seconds: the time limit.
        parent: the parent object.

    Signals:
        ended: the result, or None and the exception. After the time limit this is a :class:`TaskTimeoutError`.
    """

    ended = Signal(object, object)

    def __init__(self, work: Callable[[], Any], seconds: float, parent: QObject) -> None:
        super().__init__(parent)
        self._work, self._seconds = work, seconds
        self._result: tuple[Any, BaseException | None] = None, None
        self._is_reported = False
        self._end = perf_counter() + seconds
        self._thread = Abandonable(self._do, "gdviewer task")
        self._timer = QTimer(self, interval=_POLL_MS)
        self._timer.timeout.connect(self._poll)
        self._thread.start()
        self._timer.start()

    def give_up(self) -> None:
        """Abandon the work without a signal."""
        self._is_reported = True
        self._end = perf_counter()
        self._thread.abandon()

    def close(self, seconds: float = 0.5) -> None:
        """Abandon the work, and wait for its thread for at most this time."""
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
            self._report(*self._result)
        elif now > self._end:
            error = TaskTimeoutError(self._seconds, location_in_thread(self._thread.ident))
            self._thread.abandon()
            self._report(None, error)
            if now < self._end + _CHASE_SECONDS:
                return
        else:
            return
        self._timer.stop()
        self.deleteLater()

    def _report(self, result: Any, error: BaseException | None) -> None:
        if not self._is_reported:
            self._is_reported = True
            self.ended.emit(result, error)

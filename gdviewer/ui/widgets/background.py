"""Work in a background thread; only the latest request counts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from gdviewer.engine.rules.source_location import SourceLocation, location_in_thread
from gdviewer.engine.worker.worker import Abandonable, Abandoned

Work = Callable[[], Any]


class Latest(QObject):
    """Executes one request at a time in its own thread; a newer request replaces one that waits.

    Signals:
        done: the result of a request, emitted in the thread of this object; not emitted for a replaced request.
        failed: the exception that the request raised.
    """

    done = Signal(object)
    failed = Signal(object)
    _finished = Signal(int, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._condition = threading.Condition()
        self._work: tuple[int, Work] | None = None
        self._number = 0
        self._closed = False
        self._thread: Abandonable | None = None
        self._finished.connect(self._deliver)

    def request(self, work: Work) -> None:
        """Request the execution of ``work``; called from the GUI thread."""
        with self._condition:
            self._number += 1
            self._work = (self._number, work)
            if self._thread is None:
                self._thread = Abandonable(self._run, "gdviewer background")
                self._thread.start()
            self._condition.notify()

    def cancel(self) -> None:
        """Drop the waiting request and the result of the current one."""
        with self._condition:
            self._number += 1
            self._work = None

    def give_up(self) -> SourceLocation | None:
        """Abandon the current request and return the line of the user's code that it executes; later requests work."""
        with self._condition:
            self._number += 1
            self._work = None
            thread, self._thread = self._thread, None
        location = location_in_thread(thread.ident) if thread else None
        if thread:
            thread.abandon()
        return location

    def close(self, seconds: float = 1.0) -> None:
        """End the thread and wait for it for this time; a request that takes longer is left running."""
        with self._condition:
            self._closed, self._work = True, None
            self._condition.notify()
        if self._thread:
            self._thread.join(seconds)

    def _run(self) -> None:
        thread = threading.current_thread()
        while True:
            with self._condition:
                while self._work is None:
                    if self._closed or thread is not self._thread:
                        return
                    self._condition.wait()
                (number, work), self._work = self._work, None
            result, error = None, None
            try:
                result = work()
            except Abandoned:
                raise
            except BaseException as exception:  # the thread continues after any exception of a user's function
                error = exception
            with self._condition:
                if self._closed or thread is not self._thread:
                    return
                self._finished.emit(number, result, error)

    def _deliver(self, number: int, result: Any, error: BaseException | None) -> None:
        if number != self._number or self._closed:
            return
        if error is None:
            self.done.emit(result)
        else:
            self.failed.emit(error)

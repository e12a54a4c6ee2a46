"""The one thread that steps runs, in bursts that are granted to it."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Sequence
from time import perf_counter

from gdviewer.engine.run import LARGEST_BLOCK, Run
from gdviewer.engine.stop import stop_for

_BLOCK_SECONDS = 2e-3  # a block of steps aims at this long: short against a burst, long against a block's own cost


class Abandoned(BaseException):
    """Raised in a thread that was given up; not an Exception, so that user code does not catch it by chance."""


def burst(runs: Sequence[Run], seconds: float, steps: int | None = None) -> None:
    """Step the runs side by side, the same number of steps each, until time or steps are used up, all have stopped, or
    one is at a breakpoint.

    Args:
        seconds: about how long it may take; at least one step of each run is done.
        steps: at most so many steps of each run, 0 to evaluate the starts only; None for as many as the time allows.
    """
    for run in runs:
        _watched(run, 0)
    left = steps
    end = perf_counter() + seconds
    now = end - seconds
    while left is None or left > 0:
        active = [run for run in runs if not run.stop]
        if not active:
            return
        rounds = max(1, round((end - now) / (_BLOCK_SECONDS * len(active))))  # of equal length: none is a small rest
        block = max(1, min(LARGEST_BLOCK, int((end - now) / rounds / sum(run.pace for run in active))))
        if left is not None:
            left -= (block := min(block, left))
        for run in active:
            before = run.step
            _watched(run, block)
            if run.at_breakpoint:
                block = run.step - before or 1  # those that come after it go no further
        now = perf_counter()
        if now >= end or any(run.at_breakpoint for run in active):
            return


def _watched(run: Run, steps: int) -> None:
    """Begin the run, and step it, so that others can see since when it has been at it, and at what pace."""
    began, before = perf_counter(), run.step
    run.busy_since = began
    try:
        if steps:
            run.advance(steps)
        else:
            run.begin()
    except Abandoned:
        raise
    except BaseException as error:
        run.halt(stop_for(error))  # also of a KeyboardInterrupt that a function raises: its run ends, not the thread
    finally:
        run.busy_since = None
    if run.step > before:
        run.pace = (perf_counter() - began) / (run.step - before)


class Worker:
    """A thread that executes one burst at a time and waits in between.

    A burst in user code that never returns can be abandoned: the thread is told to end and left to itself, and the
    next grant starts a fresh one.
    """

    def __init__(self) -> None:
        self._thread: _BurstThread | None = None

    @property
    def busy(self) -> bool:
        """Whether a granted burst is still under way."""
        return self._thread is not None and not self._thread.idle.is_set()

    def grant(self, runs: Sequence[Run], seconds: float, steps: int | None = None) -> None:
        """Start a burst of :func:`burst`; returns at once. Nothing happens where one is still under way."""
        if self.busy:
            return
        if self._thread is None or not self._thread.is_alive():
            self._thread = _BurstThread()
            self._thread.start()
        self._thread.take(runs, seconds, steps)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the burst under way; tells whether there is none any more."""
        return self._thread is None or self._thread.idle.wait(seconds)

    def abandon(self) -> None:
        """Give up the burst under way: its thread ends as soon as the code it is in comes back to Python."""
        if self._thread and self.busy:
            self._thread.abandon()
            self._thread = None

    def close(self, seconds: float = 2.0) -> None:
        """End the thread; one that does not come back in time is abandoned."""
        thread, self._thread = self._thread, None
        if thread:
            thread.end(seconds)


class _BurstThread(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="gdviewer worker", daemon=True)
        self.idle = threading.Event()
        self.idle.set()
        self._wanted = threading.Event()
        self._job: tuple[Sequence[Run], float, int | None] | None = None

    def take(self, runs: Sequence[Run], seconds: float, steps: int | None) -> None:
        self._job = (runs, seconds, steps)
        self.idle.clear()
        self._wanted.set()

    def run(self) -> None:
        try:
            while True:
                self._wanted.wait()
                self._wanted.clear()
                if self._job is None:
                    return
                burst(*self._job)
                self._job = None
                self.idle.set()
        except Abandoned:
            pass
        finally:
            self.idle.set()

    def abandon(self) -> None:
        if self.ident is not None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(Abandoned))

    def end(self, seconds: float) -> None:
        if self.idle.wait(seconds):
            self._wanted.set()
        else:
            self.abandon()
        self.join(seconds)

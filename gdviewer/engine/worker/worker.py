"""The thread that executes steps of runs, in bursts."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from time import perf_counter, sleep
from typing import Any

from gdviewer.engine.record.events import Change
from gdviewer.engine.rules.source_location import SourceLocation, location_in_thread
from gdviewer.engine.run.run import LARGEST_BLOCK, Run
from gdviewer.engine.run.stop import stop_for

Job = Callable[[Callable[[], bool]], None]  # gets a function that returns True if the thread was abandoned
_RETRY_SECONDS = 5e-3  # between two attempts to end a thread that catches every exception
_BLOCK_SECONDS = 2e-3  # target time of a block: short compared with a burst, long compared with its overhead


class Abandoned(BaseException):
    """Raised in an abandoned thread; not an ``Exception``, so that user code usually does not catch it."""


class Abandonable(threading.Thread):
    """A thread that can be asked to end while it executes user code.

    It ends when that code executes Python bytecode, and not while it waits in C. Code that catches every exception must
    be asked repeatedly.

    Args:
        work: the work.
        name: the name of the thread.

    Attributes:
        abandoned: True if it was asked to end.
    """

    def __init__(self, work: Callable[[], None], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._work = work
        self._over = False
        self._lock = threading.Lock()
        self.abandoned = False

    def run(self) -> None:
        """Execute the work until it ends or the thread is abandoned."""
        with suppress(Abandoned):
            self._work()
        while not self._over:
            with suppress(Abandoned), self._lock:
                self._over = True  # it can't be asked any more

    def abandon(self) -> None:
        """Ask the thread to end; may be called repeatedly."""
        self.abandoned = True
        with self._lock:
            if self.ident is None or self._over:
                return
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(Abandoned))


def burst(
    runs: Sequence[Run], seconds: float, steps: int | None = None, ended: Callable[[], bool] = lambda: False
) -> None:
    """Execute the same number of steps of each run until the time or the steps are used up.

    The burst also ends when all runs have stopped or one is at a breakpoint.

    Args:
        runs: the runs.
        seconds: approximate time; at least one step of each run is executed.
        steps: maximum number of steps of each run; 0 to evaluate the starts only, None for no maximum.
        ended: returns True if the thread was abandoned; called after each run.
    """
    if not _begin(runs, ended):
        return
    remaining = steps
    now = perf_counter()
    end = now + seconds
    while waiting := [run for run in runs if not (run.begun or run.stop)]:  # the runs that they continue are executed
        if perf_counter() >= end or not _begin(waiting, ended):
            return
    while (remaining is None or remaining > 0) and (active := [run for run in runs if not run.stop]):
        rounds = max(1, round((end - now) / (_BLOCK_SECONDS * len(active))))  # of equal length
        block = max(1, min(LARGEST_BLOCK, int((end - now) / rounds / sum(run.pace for run in active))))
        if remaining is not None:
            remaining -= (block := min(block, remaining))
        if not _advance(active, block, ended):
            return
        now = perf_counter()
        if now >= end or any(run.at_breakpoint for run in active):
            return


def _begin(runs: Sequence[Run], ended: Callable[[], bool]) -> bool:
    """Begin runs; return False if the thread was abandoned."""
    for run in runs:
        _watched(run, run.begin)
        if ended():
            return False
    return True


def _advance(runs: Sequence[Run], block: int, ended: Callable[[], bool]) -> bool:
    """Execute a block of each run; return False if the thread was abandoned."""
    for run in runs:
        before = run.step
        _watched(run, partial(run.advance, block))
        if ended():
            return False
        if run.at_breakpoint:
            block = run.step - before or 1  # the other runs stop at the same step
    return True


@dataclass(frozen=True)
class Late:
    """A run that must reach a step; its breakpoints are ignored.

    Attributes:
        run: the run; step: the step.
        changes: the changes of hyperparameters up to that step.
        plan: the plan of the run, for the caller.
    """

    run: Run
    step: int
    changes: tuple[Change, ...] = ()
    plan: Any = None

    @property
    def done(self) -> bool:
        """True if the run has reached the step or stopped before."""
        ended = self.run.stop is not None and not self.run.at_breakpoint
        return ended or (self.run.begun and self.run.step >= self.step)


def catch_up(late: Sequence[Late], seconds: float, ended: Callable[[], bool] = lambda: False) -> None:
    """Execute late runs in turns until the time is used up."""
    end = perf_counter() + seconds
    while waiting := [entry for entry in late if not entry.done]:
        for entry in waiting:
            if entry.run.at_breakpoint:
                entry.run.resume()
            block = max(1, min(LARGEST_BLOCK, int(_BLOCK_SECONDS / entry.run.pace)))
            _watched(entry.run, partial(entry.run.retrace, entry.changes, entry.step, block))
            if ended() or perf_counter() >= end:
                return


def _watched(run: Run, work: Callable[[], None]) -> None:
    """Execute work of a run and measure its start time and pace."""
    began, before = perf_counter(), run.step
    run.busy_since = began
    try:
        work()
    except Abandoned:
        raise
    except BaseException as error:
        run.halt(stop_for(error))  # a KeyboardInterrupt raised by a function only ends its run
    finally:
        run.busy_since = None
    if run.step > before:
        run.pace = (perf_counter() - began) / (run.step - before)


class Worker:
    """A thread that executes one burst at a time.

    A burst in user code that never returns can be abandoned; the next burst starts a new thread.
    """

    def __init__(self) -> None:
        self._thread: _BurstThread | None = None
        self._abandoned: list[_BurstThread] = []

    @property
    def busy(self) -> bool:
        """True while a burst is executed."""
        return self._thread is not None and not self._thread.idle.is_set()

    @property
    def run(self) -> Run | None:
        """The run that is executed now; None if there is none."""
        runs = self._thread.runs if self._thread and self.busy else ()
        return next((run for run in runs if run.busy_since is not None), None)

    @property
    def location(self) -> SourceLocation | None:
        """The line of user code that the burst executes; None if there is none."""
        return location_in_thread(self._thread.ident) if self._thread and self.busy else None

    def chase(self) -> int:
        """Ask abandoned threads again to end; return the number of those that have not."""
        self._abandoned = [thread for thread in self._abandoned if thread.is_alive()]
        for thread in self._abandoned:
            thread.abandon()
        return len(self._abandoned)

    def grant(self, runs: Sequence[Run], seconds: float, steps: int | None = None) -> None:
        """Start a :func:`burst` and return at once; do nothing if one is still executed."""
        self._start(runs, partial(burst, runs, seconds, steps))

    def grant_late(self, late: Sequence[Late], seconds: float) -> None:
        """Start a :func:`catch_up` in the same way."""
        self._start([entry.run for entry in late], partial(catch_up, late, seconds))

    def grant_job(self, job: Job) -> None:
        """Start other short work in the same way."""
        self._start((), job)

    def _start(self, runs: Sequence[Run], job: Job) -> None:
        if self.busy:
            return
        if self._thread is None or not self._thread.is_alive():
            self._thread = _BurstThread()
            self._thread.start()
        self._thread.assign(runs, job)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end of the burst; return True if there is none any more."""
        return self._thread is None or self._thread.idle.wait(seconds)

    def abandon(self) -> None:
        """Abandon the burst; its thread ends when its code executes Python bytecode."""
        if self._thread and self.busy:
            self._thread.abandon()
            self._abandoned.append(self._thread)
            self._thread = None

    def close(self, seconds: float = 2.0) -> None:
        """End the thread; it is abandoned if it does not end in time."""
        thread, self._thread = self._thread, None
        if thread:
            thread.end(seconds)
            self._abandoned.append(thread)
        end = perf_counter() + seconds
        while self.chase() and perf_counter() < end:
            sleep(_RETRY_SECONDS)


class _BurstThread(Abandonable):
    def __init__(self) -> None:
        super().__init__(self._serve, "gdviewer worker")
        self.idle = threading.Event()
        self.idle.set()
        self.runs: Sequence[Run] = ()
        self._wanted = threading.Event()
        self._job: Job | None = None

    def assign(self, runs: Sequence[Run], job: Job) -> None:
        self.runs, self._job = runs, job
        self.idle.clear()
        self._wanted.set()

    def _serve(self) -> None:
        try:
            while not self.abandoned:
                self._wanted.wait()
                self._wanted.clear()
                if self._job is None:
                    return
                self._job(lambda: self.abandoned)
                self.runs, self._job = (), None
                self.idle.set()
        finally:
            self.idle.set()

    def end(self, seconds: float) -> None:
        if self.idle.wait(seconds):
            self._wanted.set()
        else:
            self.abandon()
        self.join(seconds)

"""The one thread that steps runs, in bursts that are granted to it."""

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

Job = Callable[[Callable[[], bool]], None]  # is told how to learn whether the runs are another thread's by now
_AGAIN_SECONDS = 5e-3  # between two times a thread that catches every exception is told to end
_BLOCK_SECONDS = 2e-3  # a block of steps aims at this long: short against a burst, long against a block's own cost


class Abandoned(BaseException):
    """Raised in a thread that was given up; not an Exception, so that user code does not catch it by chance."""


class Abandonable(threading.Thread):
    """A thread that can be told to end while it is in the user's code.

    It ends as soon as that code comes back to Python, and not at all while it waits in C; code that catches every
    exception, over and over, must be told again and again, until one comes when it catches none.

    Attributes:
        abandoned: whether it was told to end.
    """

    def __init__(self, work: Callable[[], None], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._work = work
        self._over = False
        self._lock = threading.Lock()
        self.abandoned = False

    def run(self) -> None:
        """Do the work, or the part of it until the thread is abandoned."""
        with suppress(Abandoned):
            self._work()
        while not self._over:
            with suppress(Abandoned), self._lock:
                self._over = True  # from here on it is not told any more

    def abandon(self) -> None:
        """Tell it to end, once more if it was told before."""
        self.abandoned = True
        with self._lock:
            if self.ident is None or self._over:
                return
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(Abandoned))


def burst(
    runs: Sequence[Run], seconds: float, steps: int | None = None, ended: Callable[[], bool] = lambda: False
) -> None:
    """Step the runs side by side, the same number of steps each, until time or steps are used up, all have stopped, or
    one is at a breakpoint.

    Args:
        seconds: about how long it may take; at least one step of each run is done.
        steps: at most so many steps of each run, 0 to evaluate the starts only; None for as many as the time allows.
        ended: whether the runs are another thread's by now; asked after each.
    """
    if not _begin(runs, ended):
        return
    left = steps
    now = perf_counter()
    end = now + seconds
    while waiting := [run for run in runs if not (run.begun or run.stop)]:  # what they continue is executed again
        if perf_counter() >= end or not _begin(waiting, ended):
            return
    while (left is None or left > 0) and (active := [run for run in runs if not run.stop]):
        rounds = max(1, round((end - now) / (_BLOCK_SECONDS * len(active))))  # of equal length: none is a small rest
        block = max(1, min(LARGEST_BLOCK, int((end - now) / rounds / sum(run.pace for run in active))))
        if left is not None:
            left -= (block := min(block, left))
        if not _advance(active, block, ended):
            return
        now = perf_counter()
        if now >= end or any(run.at_breakpoint for run in active):
            return


def _begin(runs: Sequence[Run], ended: Callable[[], bool]) -> bool:
    """Have runs begin; returns whether they are this thread's to the end."""
    for run in runs:
        _watched(run, run.begin)
        if ended():
            return False
    return True


def _advance(runs: Sequence[Run], block: int, ended: Callable[[], bool]) -> bool:
    """Step runs by a block each; returns whether they are this thread's to the end."""
    for run in runs:
        before = run.step
        _watched(run, partial(run.advance, block))
        if ended():
            return False
        if run.at_breakpoint:
            block = run.step - before or 1  # those that come after it go no further
    return True


@dataclass(frozen=True)
class Late:
    """A run that is to be brought to a step, past its breakpoints.

    Attributes:
        changes: the hyperparameters to be moved on the way.
        plan: what it was made for; of no concern here.
    """

    run: Run
    step: int
    changes: tuple[Change, ...] = ()
    plan: Any = None

    @property
    def done(self) -> bool:
        """Whether it is there, or has stopped before."""
        ended = self.run.stop is not None and not self.run.at_breakpoint
        return ended or (self.run.begun and self.run.step >= self.step)


def catch_up(late: Sequence[Late], seconds: float, ended: Callable[[], bool] = lambda: False) -> None:
    """Bring runs to the steps they are to be at, in turns, until the time is used up."""
    end = perf_counter() + seconds
    while waiting := [one for one in late if not one.done]:
        for one in waiting:
            if one.run.at_breakpoint:
                one.run.resume()
            block = max(1, min(LARGEST_BLOCK, int(_BLOCK_SECONDS / one.run.pace)))
            _watched(one.run, partial(one.run.retrace, one.changes, one.step, block))
            if ended() or perf_counter() >= end:
                return


def _watched(run: Run, work: Callable[[], None]) -> None:
    """Have a run begin or step, so that others can see since when it has been at it, and at what pace."""
    began, before = perf_counter(), run.step
    run.busy_since = began
    try:
        work()
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
        self._left: list[_BurstThread] = []

    @property
    def busy(self) -> bool:
        """Whether a granted burst is still under way."""
        return self._thread is not None and not self._thread.idle.is_set()

    @property
    def run(self) -> Run | None:
        """The run that is being executed."""
        runs = self._thread.runs if self._thread and self.busy else ()
        return next((run for run in runs if run.busy_since is not None), None)

    @property
    def location(self) -> SourceLocation | None:
        """The line of the user's code that the burst under way is in."""
        return location_in_thread(self._thread.ident) if self._thread and self.busy else None

    def chase(self) -> int:
        """Tell abandoned threads to end once more; returns how many have not yet."""
        self._left = [thread for thread in self._left if thread.is_alive()]
        for thread in self._left:
            thread.abandon()
        return len(self._left)

    def grant(self, runs: Sequence[Run], seconds: float, steps: int | None = None) -> None:
        """Start a burst of :func:`burst`; returns at once. Nothing happens where one is still under way."""
        self._start(runs, partial(burst, runs, seconds, steps))

    def grant_late(self, late: Sequence[Late], seconds: float) -> None:
        """The same for a burst of :func:`catch_up`."""
        self._start([one.run for one in late], partial(catch_up, late, seconds))

    def grant_job(self, job: Job) -> None:
        """The same for any other work that comes back soon."""
        self._start((), job)

    def _start(self, runs: Sequence[Run], job: Job) -> None:
        if self.busy:
            return
        if self._thread is None or not self._thread.is_alive():
            self._thread = _BurstThread()
            self._thread.start()
        self._thread.take(runs, job)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the burst under way; tells whether there is none any more."""
        return self._thread is None or self._thread.idle.wait(seconds)

    def abandon(self) -> None:
        """Give up the burst under way: its thread ends as soon as the code it is in comes back to Python."""
        if self._thread and self.busy:
            self._thread.abandon()
            self._left.append(self._thread)
            self._thread = None

    def close(self, seconds: float = 2.0) -> None:
        """End the thread; one that does not come back in time is abandoned."""
        thread, self._thread = self._thread, None
        if thread:
            thread.end(seconds)
            self._left.append(thread)
        end = perf_counter() + seconds
        while self.chase() and perf_counter() < end:
            sleep(_AGAIN_SECONDS)


class _BurstThread(Abandonable):
    def __init__(self) -> None:
        super().__init__(self._serve, "gdviewer worker")
        self.idle = threading.Event()
        self.idle.set()
        self.runs: Sequence[Run] = ()
        self._wanted = threading.Event()
        self._job: Job | None = None

    def take(self, runs: Sequence[Run], job: Job) -> None:
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

"""Training without a window, with a progress bar on a terminal and an early end by Ctrl+C."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from types import FrameType
from typing import TextIO

from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import STOPPED_BY_USER
from gdviewer.problems.kinds import is_fit

_BAR_WIDTH = 24  # characters
_INTERVAL = 0.1  # seconds between two updates of the bar
_MAX_STEPS = 1 << 20  # between two updates


def batches_an_epoch(problem: object) -> int | None:
    """Return the number of steps in an epoch of a problem; None if the problem has no data."""
    return problem.batches.count if is_fit(problem) else None


def train(run: Run, stream: TextIO | None = None) -> bool:
    """Execute a run until it stops or the user presses Ctrl+C; the steps executed by then are kept.

    Args:
        run: the run.
        stream: a terminal for a progress bar with the epoch, the loss and the time left; None for no bar.

    Returns:
        False if Ctrl+C has ended the run.
    """
    limit = run.limits.max_steps
    with _interruptible(run) as interrupted:
        if stream is None:
            run.advance(limit)
        else:
            _advance_with_bar(run, stream, limit, interrupted)
    if interrupted and not run.stop:
        run.halt(STOPPED_BY_USER)
    return not interrupted


def _advance_with_bar(run: Run, stream: TextIO, limit: int, interrupted: list[bool]) -> None:
    begun, steps, width = perf_counter(), 1, 0
    while not (run.stop or interrupted):
        before, step = perf_counter(), run.step
        run.advance(steps)
        now = perf_counter()
        pace = (now - before) / max(1, run.step - step)
        steps = max(1, min(int(_INTERVAL / pace), 4 * steps, _MAX_STEPS))
        left = (now - begun) / max(1, run.step) * (limit - run.step)
        text = f"{_bar(run.step / limit)} {_epoch_text(run)}, loss {_loss(run):.4g}, {duration_text(left)} left"
        stream.write(f"\r{text:{width}}")
        stream.flush()
        width = len(text)
    stream.write(f"\r{'':{width}}\r")
    stream.flush()


@contextmanager
def _interruptible(run: Run) -> Iterator[list[bool]]:
    """Let the first Ctrl+C end the burst of the run and append True to the list; a second one acts as before."""
    interrupted: list[bool] = []
    if threading.current_thread() is not threading.main_thread():  # only the main thread receives signals
        yield interrupted
        return
    previous = signal.getsignal(signal.SIGINT)

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        signal.signal(signal.SIGINT, previous)
        interrupted.append(True)
        run.cut()

    signal.signal(signal.SIGINT, end)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, previous)


def _bar(share: float) -> str:
    full = round(share * _BAR_WIDTH)
    return f"[{'#' * full}{'.' * (_BAR_WIDTH - full)}]"


def _epoch_text(run: Run) -> str:
    count = batches_an_epoch(run.problem) or 1
    return f"epoch {run.step / count:.1f} of {run.limits.max_steps / count:g}"


def _loss(run: Run) -> float:
    """Return the mean loss of the last epoch, as the losses of single batches vary."""
    count = batches_an_epoch(run.problem) or 1
    return float(run.trace.loss[-count:].mean())


def duration_text(seconds: float) -> str:
    """Return a duration as text, as in ``42 s``, ``3:05 min`` or ``2:10 h``."""
    if seconds < 60:
        return f"{math.ceil(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02} min"
    return f"{minutes // 60:,}:{minutes % 60:02} h"

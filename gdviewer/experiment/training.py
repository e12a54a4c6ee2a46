"""A run from its start to its end without a window: with a progress bar on a terminal, and ended early by Ctrl+C."""

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
from gdviewer.problems.networks.network import Network
from gdviewer.problems.regression import Regression

_BAR = 24  # characters
_SECONDS = 0.1  # between two drawings of the bar
_MOST = 1 << 20  # steps between them


def batches_an_epoch(problem: object) -> int | None:
    """How many steps an epoch of a problem has; None where it has no epochs, as it has no rows."""
    return problem.batches.count if isinstance(problem, Network | Regression) else None


def train(run: Run, stream: TextIO | None = None) -> bool:
    """Execute a run to its end; returns False where Ctrl+C ended it, with the steps executed until then kept.

    Args:
        stream: a terminal on which a bar tells the epoch, the loss and the time left; None for no bar.
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
        steps = max(1, min(int(_SECONDS / pace), 4 * steps, _MOST))
        left = (now - begun) / max(1, run.step) * (limit - run.step)
        text = f"{_bar(run.step / limit)} {_where(run)}, loss {_loss(run):.4g}, {duration_text(left)} left"
        stream.write(f"\r{text:{width}}")
        stream.flush()
        width = len(text)
    stream.write(f"\r{'':{width}}\r")
    stream.flush()


@contextmanager
def _interruptible(run: Run) -> Iterator[list[bool]]:
    """Let the first Ctrl+C end the run's burst, and note it in the list; a second one is the usual one."""
    interrupted: list[bool] = []
    if threading.current_thread() is not threading.main_thread():  # only that one is told of signals
        yield interrupted
        return
    usual = signal.getsignal(signal.SIGINT)

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        signal.signal(signal.SIGINT, usual)
        interrupted.append(True)
        run.cut()

    signal.signal(signal.SIGINT, end)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, usual)


def _bar(share: float) -> str:
    full = round(share * _BAR)
    return f"[{'#' * full}{'.' * (_BAR - full)}]"


def _where(run: Run) -> str:
    count = batches_an_epoch(run.problem) or 1
    return f"epoch {run.step / count:.1f} of {run.limits.max_steps / count:g}"


def _loss(run: Run) -> float:
    """The mean of the losses of the last epoch: those of batches jump."""
    count = batches_an_epoch(run.problem) or 1
    return float(run.trace.loss[-count:].mean())


def duration_text(seconds: float) -> str:
    """A time as a person says it."""
    if seconds < 60:
        return f"{math.ceil(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02} min"
    return f"{minutes // 60:,}:{minutes % 60:02} h"

"""Metrics of runs of a network at the ends of epochs, computed once each, first for widely spaced epochs."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from weakref import WeakKeyDictionary

import numpy as np

from gdviewer.engine.run.run import Run
from gdviewer.problems.networks.network import Network

MAX_EPOCHS = 200  # of a run; of more epochs every second, every fourth, …


def epoch_steps(run: Run) -> int:
    """Return the number of steps in an epoch of a run."""
    return run.problem.batches.count if isinstance(run.problem, Network) else 1


class Epochs:
    """The known metrics of runs at the ends of their epochs."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Run, dict[int, dict[str, float]]] = WeakKeyDictionary()

    def wanted(self, run: Run) -> np.ndarray:
        """Return the steps at which metrics are needed, ascending: the start and the ends of epochs; shape (k,)."""
        done = run.step // epoch_steps(run)
        stride = 1
        while done // stride > MAX_EPOCHS:
            stride *= 2
        return np.arange(0, done + 1, stride) * epoch_steps(run)

    def missing(self, run: Run) -> list[int]:
        """Return the steps without known metrics, in an order that covers all epochs evenly."""
        known = self._known.get(run, {})
        steps = [step for step in self.wanted(run).tolist() if step not in known]
        count = epoch_steps(run)
        return sorted(steps, key=lambda step: (-_evenness(step // count), step))

    def at(self, run: Run, step: int) -> dict[str, float] | None:
        """Return the metrics after a step; None if they are not known."""
        return self._known.get(run, {}).get(step)

    def add(self, run: Run, step: int, metrics: dict[str, float]) -> None:
        """Add the metrics after a step."""
        self._known.setdefault(run, {})[step] = metrics

    def curve(self, run: Run, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return epochs and a metric after each, where it is known; shape (k,) each."""
        known = self._known.get(run, {})
        steps = [step for step in self.wanted(run).tolist() if name in known.get(step, {})]
        return np.array(steps, dtype=float) / epoch_steps(run), np.array([known[step][name] for step in steps])


def measure(run: Run, steps: Sequence[int], seconds: float) -> dict[int, dict[str, float]]:
    """Return the metrics of a run after each of these steps; begin no further step after the time limit."""
    found: dict[int, dict[str, float]] = {}
    end = perf_counter() + seconds
    for step in steps:
        if perf_counter() > end:
            break
        found[step] = run.problem.metrics(run.point(step))  # type: ignore[attr-defined] # it is a network
    return found


def _evenness(number: int) -> int:
    """Return the largest power of two that divides a number; a larger number for 0."""
    return number & -number or 1 << 62

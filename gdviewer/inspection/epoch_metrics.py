"""How well runs of a network do at the ends of their epochs: computed once each, the coarse picture first."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from weakref import WeakKeyDictionary

import numpy as np

from gdviewer.engine.run.run import Run
from gdviewer.problems.networks.network import Network

MOST = 200  # ends of epochs of one run; of more of them every second, every fourth, …


def epoch_steps(run: Run) -> int:
    """How many steps an epoch of a run has."""
    return run.problem.batches.count if isinstance(run.problem, Network) else 1


class Epochs:
    """The metrics of runs at the ends of their epochs, as far as they are known."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Run, dict[int, dict[str, float]]] = WeakKeyDictionary()

    def wanted(self, run: Run) -> np.ndarray:
        """The steps at which metrics are to be known, ascending: the start and the ends of epochs."""
        done = run.step // epoch_steps(run)
        stride = 1
        while done // stride > MOST:
            stride *= 2
        return np.arange(0, done + 1, stride) * epoch_steps(run)

    def missing(self, run: Run) -> list[int]:
        """Those of them that are not known yet; such that what is known is spread over all of them at any time."""
        known = self._known.get(run, {})
        steps = [step for step in self.wanted(run).tolist() if step not in known]
        count = epoch_steps(run)
        return sorted(steps, key=lambda step: (-_evenness(step // count), step))

    def at(self, run: Run, step: int) -> dict[str, float] | None:
        """The metrics after a step, where they are known."""
        return self._known.get(run, {}).get(step)

    def add(self, run: Run, step: int, metrics: dict[str, float]) -> None:
        """Note what was computed."""
        self._known.setdefault(run, {})[step] = metrics

    def curve(self, run: Run, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Epochs, and a metric after each, as far as it is known."""
        known = self._known.get(run, {})
        steps = [step for step in self.wanted(run).tolist() if name in known.get(step, {})]
        return np.array(steps, dtype=float) / epoch_steps(run), np.array([known[step][name] for step in steps])


def measure(run: Run, steps: Sequence[int], seconds: float) -> dict[int, dict[str, float]]:
    """The metrics of a run after these steps, or after the first few of them that so many seconds are enough for."""
    found: dict[int, dict[str, float]] = {}
    end = perf_counter() + seconds
    for step in steps:
        if perf_counter() > end:
            break
        found[step] = run.problem.metrics(run.point(step))  # type: ignore[attr-defined] # it is a network
    return found


def _evenness(number: int) -> int:
    """The largest power of two that divides a number; of 0, the largest of all."""
    return number & -number or 1 << 62

"""Repeated execution of recorded steps, with identical results, from the last stored state before them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Protocol

import numpy as np

from gdviewer.engine.record.trace import Trace
from gdviewer.engine.rules.captured_output import again
from gdviewer.engine.rules.optimizer import Optimizer, Rule
from gdviewer.engine.rules.options import Options
from gdviewer.engine.rules.oracle import Array, Minimisable, Oracle
from gdviewer.engine.rules.rule_result import executed

CACHE_BYTES = 2**26  # maximum bytes of cached points and states …
_CACHED_STEPS = 256  # … and their maximum number

State = tuple[Any, ...]


class Replayable(Protocol):
    """The part of a run that a replay uses, also of the run that it continues."""

    @property
    def objective(self) -> Minimisable:
        """The function that is minimised."""

    @property
    def optimizer(self) -> Optimizer:
        """The optimizer."""

    @property
    def options(self) -> Options:
        """The options of the run."""

    @property
    def seed(self) -> int:
        """The seed from which, with the number of the step, all random numbers are drawn."""

    @property
    def rule_start_step(self) -> int:
        """The step at which its rule began."""

    @property
    def trace(self) -> Trace:
        """The record."""

    @property
    def upcoming(self) -> Mapping[str, Any]:
        """The hyperparameters of the next step."""

    @property
    def pace(self) -> float:
        """Approximate seconds per step."""

    def hyperparameters_at(self, step: int) -> dict[str, Any]:
        """Return the hyperparameters of a recorded step."""

    def owner(self, step: int) -> Replayable:
        """Return the run whose rule executed a step: this one, or one that it continues."""

    def point(self, step: int) -> Array:
        """Return the point after a step, shape (n,)."""

    def nearest_point(self, step: int, seconds: float) -> tuple[int, Array]:
        """Return a step and its point: this step, or an earlier stored one if that is faster."""

    def recorded_gradient(self, step: int) -> Array:
        """Return the gradient in the row of a step, shape (n,)."""


class Replayer:
    """Executes steps of a run again, in any thread, without effect on the run.

    Results are cached, so that moving by one step costs little.

    Args:
        run: the run.
        rate: returns the learning rate of a future step; see :meth:`Stepper.rate`.
    """

    def __init__(self, run: Replayable, rate: Callable[..., tuple[float, Any]]) -> None:
        self._run, self._rate = run, rate
        self._lock = Lock()
        self._cached: dict[int, tuple[Array, State]] = {}

    def point(self, step: int) -> Array:
        """Return the point after a step, shape (n,), read-only."""
        self._check(step)
        point = self._run.trace.point(step)
        if point is not None:
            return point
        owner = self._run.owner(step)
        return self.after(step)[0] if owner is self._run else owner.point(step)

    def nearest_point(self, step: int, seconds: float) -> tuple[int, Array]:
        """Return a step and its point: this step, or the last stored one before it if this one takes longer."""
        self._check(step)
        run, trace = self._run, self._run.trace
        if trace.point(step) is None:
            owner = run.owner(step)
            if owner is not run:
                return owner.nearest_point(step, seconds)
            kept = self._nearest(step)[0]
            if not run.objective.broadcasts or (step - kept) * run.pace > seconds:
                rows = trace.rows
                index = step // rows.stride
                return index * rows.stride, rows.x[index]
        return step, self.point(step)

    def gradient(self, step: int) -> Array:
        """Return the gradient in the row of a step, shape (n,), read-only."""
        self._check(step)
        run = self._run
        row = run.trace.row(step)
        if row is not None:
            return row[1]
        owner = run.owner(step)
        if owner is not run:
            return owner.recorded_gradient(step)
        x, oracle = self.point(step), run.options.oracle(run.objective, run.seed)
        with np.errstate(all="ignore"), again():
            return oracle.ahead(step + 1, x)[1] if run.objective.batchwise else oracle.exact_gradient(x)

    def after(self, step: int) -> tuple[Array, State]:
        """Return point and state after a step of the run's own rule, or at its branch step."""
        kept, x, state = self._nearest(step)
        oracle = self._run.options.oracle(self._run.objective, self._run.seed)
        for t in range(kept + 1, step + 1):
            x, state = self._execute(oracle, t, x, state)
            self._cache(t, x, state)
        return x, state

    def execute(self, step: int, through: Callable[[Rule], Rule] | None = None) -> tuple[Array, State]:
        """Execute a step of the run's own rule again; see :meth:`Run.replay`."""
        x, state = self.after(step - 1)
        return self._execute(self._run.options.oracle(self._run.objective, self._run.seed), step, x, state, through)

    def _check(self, step: int) -> None:
        if not 0 <= step < len(self._run.trace):
            raise IndexError(f"step must be in 0 … {len(self._run.trace) - 1}; got {step}")

    def _execute(
        self, oracle: Oracle, t: int, x: Array, state: State, through: Callable[[Rule], Rule] | None = None
    ) -> tuple[Array, State]:
        run, rows = self._run, self._run.trace
        hyperparameters = run.hyperparameters_at(t) if t < len(rows) else dict(run.upcoming)
        if "learning_rate" in hyperparameters:
            coming = self._rate(t, hyperparameters, float(rows.loss[-1]))[0]
            hyperparameters["learning_rate"] = float(rows.rate[t]) if t < len(rows) else coming
        rule = run.optimizer.bind(hyperparameters)
        with np.errstate(all="ignore"), again():
            oracle.begin(t, x)
            return executed(
                run.optimizer, through(rule) if through else rule, oracle, t - run.rule_start_step, x, state
            )

    def _nearest(self, step: int) -> tuple[int, Array, State]:
        """Return the last step up to ``step`` with known point and state, and these."""
        found = self._run.trace.checkpoint(step)
        with self._lock:
            near = max((t for t in self._cached if found[0] < t <= step), default=None)
            return found if near is None else (near, *self._cached[near])

    def _cache(self, step: int, x: Array, state: State) -> None:
        size = x.nbytes + sum(np.asarray(part).nbytes for part in state)
        with self._lock:
            self._cached.pop(step, None)
            while len(self._cached) >= max(1, min(_CACHED_STEPS, CACHE_BYTES // size)):
                del self._cached[next(iter(self._cached))]
            self._cached[step] = x, state

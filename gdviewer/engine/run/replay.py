"""Steps of a run executed again, to the same bits: from the last one before that the record keeps whole."""

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

REMEMBERED_BYTES = 2**26  # what points and states that were executed again may take …
_MOST = 256  # … and how many steps they may be of

State = tuple[Any, ...]


class Replayable(Protocol):
    """The part of a run that a replay asks, also of the run that it continues."""

    @property
    def objective(self) -> Minimisable:
        """The function that is minimised."""

    @property
    def optimizer(self) -> Optimizer:
        """Its rule."""

    @property
    def options(self) -> Options:
        """The options of the run."""

    @property
    def seed(self) -> int:
        """The seed from which, with the step's number, all random numbers are drawn."""

    @property
    def rule_start_step(self) -> int:
        """The step after which its rule began."""

    @property
    def trace(self) -> Trace:
        """The record."""

    @property
    def upcoming(self) -> Mapping[str, Any]:
        """The hyperparameters that the next step executed will use."""

    @property
    def pace(self) -> float:
        """Seconds that a step takes, about."""

    def hyperparameters_at(self, step: int) -> dict[str, Any]:
        """The hyperparameters that a recorded step was executed with."""

    def owner(self, step: int) -> Replayable:
        """The run whose rule executed a step: this one, or one that it continues."""

    def point(self, step: int) -> Array:
        """The point after a step, (n,)."""

    def nearest_point(self, step: int, seconds: float) -> tuple[int, Array]:
        """The point after a step, or after one before it that is known sooner; and its step."""

    def recorded_gradient(self, step: int) -> Array:
        """The gradient in the record's row of a step, (n,)."""


class Replayer:
    """Executes steps of one run again, in any thread, at no effect on the run.

    The steps executed last are remembered, so that going on or back by one costs little.

    Args:
        rate: tells the learning rate of a step to come, as :meth:`Stepper.rate`.
    """

    def __init__(self, run: Replayable, rate: Callable[..., tuple[float, Any]]) -> None:
        self._run, self._rate = run, rate
        self._lock = Lock()
        self._remembered: dict[int, tuple[Array, State]] = {}

    def point(self, step: int) -> Array:
        """The point after a step, (n,), read-only."""
        self._check(step)
        point = self._run.trace.point(step)
        if point is not None:
            return point
        owner = self._run.owner(step)
        return self.after(step)[0] if owner is self._run else owner.point(step)

    def nearest_point(self, step: int, seconds: float) -> tuple[int, Array]:
        """The point after a step, or after the last kept before it where that would take longer; and its step."""
        self._check(step)
        run, trace = self._run, self._run.trace
        if trace.point(step) is None:
            owner = run.owner(step)
            if owner is not run:
                return owner.nearest_point(step, seconds)
            kept = self._nearest(step)[0]
            if not run.objective.broadcasts or (step - kept) * run.pace > seconds:
                rows = trace.rows
                place = step // rows.stride
                return place * rows.stride, rows.x[place]
        return step, self.point(step)

    def gradient(self, step: int) -> Array:
        """The gradient in the record's row of a step, (n,), read-only."""
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
        """Point and state after a step of the run's own rule, or after the one at which it took over."""
        kept, x, state = self._nearest(step)
        oracle = self._run.options.oracle(self._run.objective, self._run.seed)
        for t in range(kept + 1, step + 1):
            x, state = self._execute(oracle, t, x, state)
            self._remember(t, x, state)
        return x, state

    def execute(self, step: int, through: Callable[[Rule], Rule] | None = None) -> tuple[Array, State]:
        """Execute a step of the run's own rule; see :meth:`Run.replay`."""
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
        """The last step up to ``step`` after which point and state are known, and these."""
        found = self._run.trace.checkpoint(step)
        with self._lock:
            near = max((t for t in self._remembered if found[0] < t <= step), default=None)
            return found if near is None else (near, *self._remembered[near])

    def _remember(self, step: int, x: Array, state: State) -> None:
        size = x.nbytes + sum(np.asarray(part).nbytes for part in state)
        with self._lock:
            self._remembered.pop(step, None)
            while len(self._remembered) >= max(1, min(_MOST, REMEMBERED_BYTES // size)):
                del self._remembered[next(iter(self._remembered))]
            self._remembered[step] = x, state

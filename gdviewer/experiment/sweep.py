"""One setting of a run varied over some values and seeds: what it does to the descent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import numpy as np

from gdviewer.engine.rules.oracle import Array
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Reason, Stop
from gdviewer.engine.worker.worker import burst
from gdviewer.experiment.experiment import Experiment, RunPlan
from gdviewer.experiment.swept import (
    BATCH,
    MOST_STEPS,
    RATE,
    batch_count,
    batches_of,
    declared_of,
    default_seeds,
    default_steps,
    default_values,
    lacking,
    own_rate,
    rows_of,
    stable_rate,
    target_of,
    with_value,
)  # fmt: skip
from gdviewer.problems.networks.network import Network

_DRAWN, _MEASURED = 240, 60  # points of a curve from the record, and of one that is evaluated for it
_SLICE = 0.02  # seconds of a run between two looks at how far it has come
_TRIED = 16  # batches whose gradients are compared with the whole one


@dataclass(frozen=True)
class Outcome:
    """What one run of a sweep came to.

    Attributes:
        value, seed: what it was run with; the seed is counted from the experiment's.
        rate: the learning rate it began with; NaN for none.
        steps: how many it did; stop: why no more, None where it reached the target.
        losses: the whole loss along the sweep's axis, (k,): where it ended it stays, where it diverged it is infinite.
        reached: the first step at which the loss is no higher than the target; None for never, or no target.
        noise: how far the gradient of a batch is off at the start, by the length of the whole gradient: a median of 16
            batches; NaN where it is not batches that are swept.
        measures: of a network, what its ``metrics`` tell at the end.
    """

    value: Any
    seed: int
    rate: float
    steps: int
    stop: Stop | None
    losses: Array
    reached: int | None
    noise: float
    measures: Mapping[str, float] = field(default_factory=dict)

    @property
    def end(self) -> float:
        """The loss it ended at; infinite where it diverged."""
        return float(self.losses[-1])

    @property
    def limited(self) -> bool:
        """Whether it ran out of steps."""
        return (self.stop is None and self.reached is None) or self._stopped(Reason.STEP_LIMIT, Reason.FULL)

    def _stopped(self, *reasons: Reason) -> bool:
        return self.stop is not None and self.stop.reason in reasons

    @property
    def diverged(self) -> bool:
        """Whether it went where the loss is not finite, or out of all bounds."""
        return not np.isfinite(self.end)


@dataclass(frozen=True)
class Band:
    """Quartiles of the losses of a value's runs along the axis: each (k,); not finite where so many have diverged."""

    axis: Array
    low: Array
    median: Array
    high: Array


class Sweep:
    """The runs of a sweep, executed one after another in slices; nothing of the experiment's own runs is touched.

    A network's runs differ in the weights they begin with and in the order of their batches; of the scalings of a
    regression each runs at a rate of its own, as no rate suits all: half of the largest stable one, or where that is
    not known the one that :func:`gdviewer.experiment.rate_search.find_rate` finds, and until its loss has come within
    a millionth of the way to the lowest. Batch sizes are compared over the same number of epochs, without tolerances.

    The losses are those of all data trained on, also where a run's record holds those of batches.

    Args:
        plan: the run that is varied, from its start; a network always begins at the weights of its seed.
        what: one of ``SWEPT``; values: None for :func:`default_values`.
        seeds: runs of each value; max_steps: of each run, for batch sizes with the batches as they are now.

    Attributes:
        axis: the steps, or the epochs where ``in_epochs``, at which losses are told, (k,).
        target: the loss at which a run has come far enough; None where it is not known beforehand.
        outcomes: what came out so far; only ever appended to.

    Raises:
        ValueError: what can't be swept, or a value out of range.
    """

    def __init__(
        self, experiment: Experiment, plan: RunPlan, what: str, values: Sequence[Any] | None = None,
        seeds: int | None = None, max_steps: int | None = None,
    ) -> None:  # fmt: skip
        if lacks := lacking(experiment, plan, what):
            raise ValueError(lacks)
        self.experiment = replace(experiment, breakpoints=())
        own = None if isinstance(experiment.problem, Network) else experiment.start_of(plan)
        self.plan = replace(plan, start=own, branch=None)
        self.what = what
        declared = declared_of(experiment, plan, what)
        given = default_values(experiment, plan, what) if values is None else values
        self.values = tuple(declared.check(what, value) for value in given)
        self.seeds = seeds or default_seeds(experiment, plan, what)
        self.max_steps = max_steps or default_steps(experiment, plan, what)
        self.target = target_of(experiment, plan, what)
        self.in_epochs = what == BATCH
        self.measured = isinstance(experiment.problem, Network) and (experiment.problem.stochastic or self.in_epochs)
        self.epochs = max(1.0, self.max_steps / batches_of(experiment)) if self.in_epochs else float("nan")
        self.axis = self._make_axis()
        self.outcomes: list[Outcome] = []
        self._cases = [(value, seed) for seed in range(self.seeds) for value in self.values]
        self._trial: _Trial | None = None
        self._bands: dict[Any, tuple[int, Band]] = {}  # with how many runs they were made of

    @property
    def done(self) -> bool:
        """Whether all runs have ended."""
        return len(self.outcomes) == len(self._cases)

    @property
    def progress(self) -> float:
        """The share of the runs that is done, 0 … 1."""
        trial = self._trial
        return (len(self.outcomes) + (trial.share if trial else 0.0)) / len(self._cases)

    @property
    def finds_rates(self) -> bool:
        """Whether each value runs at a learning rate that was found for it."""
        return self.what == "scaling" and len({one.rate for one in self.outcomes if one.rate > 0}) > 1

    @property
    def half_stable(self) -> bool:
        """Whether these rates are half of the largest stable ones."""
        return self.finds_rates and stable_rate(self.experiment, self.plan) is not None

    def of(self, value: Any) -> list[Outcome]:
        """What came out with a value so far."""
        return [outcome for outcome in self.outcomes if outcome.value == value]

    def band(self, value: Any) -> Band | None:
        """The quartiles of the losses with a value, to where its last run ended; None before its first has."""
        found = self.of(value)
        known = self._bands.get(value)
        if not found or (known and known[0] == len(found)):
            return known[1] if found and known else None
        with np.errstate(invalid="ignore"):
            low, median, high = np.quantile([one.losses for one in found], (0.25, 0.5, 0.75), axis=0)
        last, steps = max(one.steps for one in found), self.steps_at(value)
        end = len(steps) if last >= steps[-1] else int(np.searchsorted(steps, last)) + 1
        band = Band(self.axis[:end], low[:end], median[:end], high[:end])
        self._bands[value] = len(found), band
        return band

    def steps_at(self, value: Any) -> Array:
        """The numbers of the steps that the axis stands for with a value, (k,)."""
        if not self.in_epochs:
            return self.axis
        steps: Array = np.round(self.axis * batch_count(rows_of(self.experiment), value))
        return np.minimum(steps, MOST_STEPS)

    def build(self, value: Any, seed: int) -> Run:
        """The run of a value and a seed, ready to be stepped."""
        experiment, plan = with_value(self.experiment, self.plan, self.what, value)
        problem = experiment.problem
        if isinstance(problem, Network):
            problem = problem.replace(init_seed=problem.values["init_seed"] + seed)
            experiment = replace(experiment, problem=problem, start=tuple(problem.start.tolist()))
        if self.what == "scaling":
            rate = own_rate(experiment, plan)
            plan = replace(plan, hyperparameters={**plan.hyperparameters, RATE: rate}) if rate else plan
        limits = replace(experiment.limits, max_steps=max(1, int(self.steps_at(value)[-1])))
        if self.target is not None or self.in_epochs:  # a small move, of a small rate or by chance, is no end then
            limits = replace(limits, tolerance=None, gradient_tolerance=None, loss_tolerance=None)
        return replace(experiment, limits=limits, seed=experiment.seed + seed).build(plan)

    def advance(self, seconds: float, ended: Callable[[], bool] = lambda: False) -> None:
        """Execute runs for about so long.

        Args:
            ended: whether the sweep is another thread's by now; asked after each slice.
        """
        end = perf_counter() + seconds
        while not self.done:
            if self._trial is None:
                self._trial = _Trial(self, *self._cases[len(self.outcomes)])
            else:
                self._trial.advance(end - perf_counter(), ended)
            if ended():
                return
            if outcome := self._trial.outcome:
                self.outcomes.append(outcome)
                self._trial = None
            if perf_counter() >= end:
                return

    def finish(self) -> Sweep:
        """Execute all of it; returns itself."""
        while not self.done:
            self.advance(1.0)
        return self

    def _make_axis(self) -> Array:
        points = (_MEASURED if self.measured else _DRAWN) // 2
        last = self.epochs if self.in_epochs else float(self.max_steps)
        first = last / points / 10 if self.in_epochs else 1.0
        axis = np.concatenate([np.linspace(0, last, points + 1), np.geomspace(min(first, last), last, points)])
        axis = np.unique(axis if self.in_epochs else np.round(axis))
        apart: Array = axis[np.append(np.diff(axis) > 1e-9 * last, True)]  # rounding makes twins of the ends
        return apart


class _Trial:
    """One run of a sweep, under way.

    Attributes:
        outcome: what came out, once it has ended.
    """

    def __init__(self, sweep: Sweep, value: Any, seed: int) -> None:
        self._sweep, self._value, self._seed = sweep, value, seed
        self._run = sweep.build(value, seed)
        self._marks = sweep.steps_at(value).astype(int)
        self._losses: list[float] = []  # at the marks, where they are not those of the record
        self._measured: tuple[int, Mapping[str, float]] = -1, {}  # the step, and what was measured there
        self._looked = 0  # up to which step of the record the target has been looked for
        self._noise = _noise(self._run) if sweep.in_epochs else np.nan
        self.outcome: Outcome | None = None

    @property
    def share(self) -> float:
        """The share of its steps that is done."""
        return self._run.step / self._run.limits.max_steps

    def advance(self, seconds: float, ended: Callable[[], bool]) -> None:
        """Execute steps for about so long, at most to the next mark."""
        run, measured = self._run, self._sweep.measured
        mark = int(self._marks[len(self._losses)] if measured else self._marks[-1])
        if not run.begun or run.step < mark:
            burst([run], min(max(seconds, 1e-4), _SLICE), mark - run.step, ended)
            if ended():
                return
        if measured and run.begun:
            while len(self._losses) < len(self._marks) and self._marks[len(self._losses)] == run.step:
                self._losses.append(self._losses[-1] if self._seen(run.step) else self._whole())
        reached = None if measured else self._find_target()
        if reached is not None or run.stop or run.step >= self._marks[-1]:
            self.outcome = self._made(reached)

    def _seen(self, step: int) -> bool:
        return bool(self._losses) and int(self._marks[len(self._losses) - 1]) == step

    def _whole(self) -> float:
        """The loss of all that a network is trained on, at the newest point, with the decay's term if there is one."""
        point, l2 = self._run.trace.last, self._run.options.l2 or 0.0
        return self._measures()["train_loss"] + l2 / 2 * float(point @ point)

    def _measures(self) -> Mapping[str, float]:
        """What a network's ``metrics`` tell at the newest point."""
        if self._measured[0] != self._run.step and isinstance(self._run.problem, Network):
            self._measured = self._run.step, self._run.problem.metrics(self._run.trace.last)
        return self._measured[1]

    def _find_target(self) -> int | None:
        run, target = self._run, self._sweep.target
        if target is None or not run.begun:
            return None
        hits = np.flatnonzero(run.trace.loss[self._looked :] <= target)
        found = self._looked + int(hits[0]) if len(hits) else None
        self._looked = run.step + 1
        return found

    def _made(self, reached: int | None) -> Outcome:
        run = self._run
        steps = run.step if reached is None else reached
        stop = None if reached is not None else run.stop
        record = run.trace.loss[: steps + 1] if run.begun else np.array([np.inf])
        lost = stop is not None and stop.reason in (Reason.DIVERGED, Reason.LEFT_DOMAIN, Reason.ERROR)
        if self._sweep.measured:
            left = len(self._marks) - len(self._losses)
            last = np.inf if lost or not run.begun else self._whole() if left else 0.0
            losses = np.array([*self._losses, *[last] * left])
        else:
            losses = np.where((self._marks > steps) & lost, np.inf, record[np.minimum(self._marks, steps)])
        if lost:
            losses[-1] = np.inf
        return Outcome(
            self._value, self._seed, float(run.hyperparameters.get(RATE, np.nan)), steps, stop, losses, reached,
            self._noise, {} if lost or not run.begun else self._measures(),
        )  # fmt: skip


def _noise(run: Run) -> float:
    """How far the gradients of batches are off the whole one, at the start."""
    problem = run.problem
    if not problem.stochastic:
        return 0.0
    with np.errstate(all="ignore"):
        whole = problem.gradient(run.start)
        off = [np.linalg.norm(problem.batch(t, run.seed).gradient(run.start) - whole) for t in range(1, _TRIED + 1)]
        return float(np.median(off) / np.linalg.norm(whole))

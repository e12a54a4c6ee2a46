"""Sweeps: runs that differ in one setting, with several values and seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import numpy as np

from gdviewer.engine.analysis.stability import largest_stable_rate
from gdviewer.engine.rules.oracle import Array
from gdviewer.engine.rules.parameter import Choice, Parameter
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Reason, Stop
from gdviewer.engine.worker.worker import burst
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.experiment.rate_search import find_rate
from gdviewer.problems.batches import GivenBatches
from gdviewer.problems.networks.network import Network
from gdviewer.problems.regression_problem import Regression

RATE, BATCH = "learning_rate", "batch_size"
SWEPT = RATE, BATCH, "scaling", "init"  # the settings that can be varied
SEEDS = 5
MAX_STEPS = 1_000_000  # the limit if each run ends at a target loss
FAILED = Reason.ERROR, Reason.UNFIT  # a rule raised an exception, or it does not suit the problem
NEAR = 1e-6  # share of the loss above the lowest that may remain; the weights are then right to about a thousandth
_DEFAULT_STEPS = 2000
_ROWS = 1, 4, 16, 64, 256  # the default batch sizes
_SHARES = tuple(10 ** (k / 2 + 0.25) for k in range(-6, 1))  # of the largest stable rate
_RATIOS = tuple(10 ** (k / 2) for k in range(-4, 5))  # to the rate of the run, if no stable rate is known
_DRAWN, _MEASURED = 240, 60  # points of a curve: from the trace, and if each must be evaluated
_SLICE = 0.02  # seconds between two checks of the progress
_TRIED = 16  # batches whose gradients are compared with the full gradient


def lacking(experiment: Experiment, plan: RunPlan, what: str) -> str:
    """Return the reason why a setting can't be swept, as a sentence; an empty string if it can."""
    problem, optimizer = experiment.problem, plan.optimizer
    if lacks := optimizer.lacks(plan.options.objective(problem)):
        return f"{optimizer.title} {lacks}."
    if what == RATE:
        declared = isinstance(optimizer.hyperparameters.get(RATE), Parameter)
        return "" if declared else f"{optimizer.title} has no learning rate to vary: it computes its step length."
    if what not in problem.parameters:
        return f"{problem.title} has no {what.replace('_', ' ')} to vary; {_OWNERS[what]}."
    if what == BATCH and isinstance(problem, Network) and isinstance(problem.batches, GivenBatches):
        return "The batch size of this network can't be varied, as its batches are given row by row."
    return ""


_OWNERS = {
    BATCH: "regressions on data and neural networks have one",
    "scaling": "regressions on data and neural networks have one",
    "init": "a neural network has one",
}


def default_values(experiment: Experiment, plan: RunPlan, what: str) -> tuple[Any, ...]:
    """Return values that include both extremes.

    Learning rates are around the largest stable rate if it is known, otherwise around the rate of the run. Batch sizes
    are from one row to all rows. For scalings and initialisations, all are returned.
    """
    declared = _declared_of(experiment, plan, what)
    if isinstance(declared, Choice):
        return declared.words
    if what == BATCH:
        rows = _rows_of(experiment)
        return (*(size for size in _ROWS if size < rows), 0)
    stable = stable_rate(experiment, plan)
    current = plan.optimizer.check(plan.hyperparameters)[RATE]
    rates = [stable * share for share in _SHARES] if stable else [current * ratio for ratio in _RATIOS]
    return tuple(float(f"{rate:.1g}") for rate in rates if declared.low < rate <= declared.high)


def default_seeds(experiment: Experiment, plan: RunPlan, what: str) -> int:
    """Return the default number of runs of each value: one if nothing is random, otherwise five."""
    problem = experiment.problem
    chance = problem.stochastic or plan.options.noise or isinstance(problem, Network) or what == BATCH
    return SEEDS if chance else 1


def default_steps(experiment: Experiment, plan: RunPlan, what: str) -> int:
    """Return the default step limit of a run.

    It is the limit of the experiment, but at most 2,000, as there are many runs. It is ``MAX_STEPS`` if all runs end
    at the same loss.
    """
    raised = what == "scaling" and _target_of(experiment, plan, what) is not None
    return MAX_STEPS if raised else min(experiment.limits.max_steps, _DEFAULT_STEPS)


def read_values(experiment: Experiment, plan: RunPlan, what: str, text: str) -> tuple[Any, ...]:
    """Return the values of a text in which they are separated by commas; ``all`` is a batch of all rows.

    Raises:
        ValueError: a value is not valid, or there is none.
    """
    declared = _declared_of(experiment, plan, what)
    words = [word.strip().replace("−", "-") for word in text.split(",") if word.strip()]
    if not words:
        raise ValueError(f"type values of the {what.replace('_', ' ')}, separated by commas")
    values = [declared.check(what, "0" if what == BATCH and word == "all" else word) for word in words]
    return tuple(dict.fromkeys(values))


def value_title(what: str, value: Any) -> str:
    """Return a value as a title, as in ``η = 0.1``, ``batches of 16`` or ``raw``."""
    if what == RATE:
        return f"η = {value:g}"
    if what == BATCH:
        return f"batches of {value:,}" if value else "all rows at once"
    return _WORDS.get(value, str(value))


_WORDS = {"none": "raw", "standardise": "standardised", "minmax": "min–max"}


def value_text(what: str, value: Any) -> str:
    """Return a value as text that :func:`read_values` can read."""
    if what == BATCH:
        return f"{value}" if value else "all"
    return value if isinstance(value, str) else f"{value:g}"


def stable_rate(experiment: Experiment, plan: RunPlan) -> float | None:
    """Return the largest learning rate that is stable at the curvature of the start; None if it is not known.

    It is known for linear rules on regressions, if each step uses all rows and no gradient is clipped.
    """
    problem = plan.options.objective(experiment.problem)
    clipped = plan.options.clip_norm is not None or plan.options.clip_value is not None
    if not isinstance(experiment.problem, Regression) or problem.stochastic or clipped:
        return None
    start = np.array(experiment.start_of(replace(plan, branch=None)))
    curvature = float(np.linalg.eigvalsh(problem.hessian(start))[-1])
    return largest_stable_rate(plan.optimizer, plan.optimizer.check(plan.hyperparameters), curvature)


def with_value(experiment: Experiment, plan: RunPlan, what: str, value: Any) -> tuple[Experiment, RunPlan]:
    """Return the experiment and the plan with a setting at this value."""
    if what == RATE:
        return experiment, replace(plan, hyperparameters={**plan.hyperparameters, RATE: value})
    return experiment.with_problem(experiment.problem.replace(**{what: value})), plan


def _declared_of(experiment: Experiment, plan: RunPlan, what: str) -> Any:
    """Return the declaration of the setting that is varied."""
    return plan.optimizer.hyperparameters[RATE] if what == RATE else experiment.problem.parameters[what]


def _target_of(experiment: Experiment, plan: RunPlan, what: str) -> float | None:
    """Return the loss at which the runs end: ``NEAR`` above the lowest loss; None if they do not end at a loss."""
    problem = plan.options.objective(experiment.problem)
    if what != "scaling" or not isinstance(experiment.problem, Regression) or problem.stochastic \
            or problem.lowest is None or plan.options.noise:  # fmt: skip
        return None
    start = float(problem.value(np.zeros(problem.dimension)))
    return problem.lowest + NEAR * (start - problem.lowest)


def _rate_for_scaling(experiment: Experiment, plan: RunPlan) -> float | None:
    """Return a learning rate that suits the scaling; None for a network, which keeps its rate, as a search is slow."""
    if isinstance(experiment.problem, Network):
        return None
    stable = stable_rate(experiment, plan)
    return min(stable / 2, _declared_of(experiment, plan, RATE).high) if stable else find_rate(experiment, plan)


def _rows_of(experiment: Experiment) -> int:
    """Return the number of rows of the training data."""
    rows: int = len(experiment.problem.targets)  # type: ignore[attr-defined] # called for problems with batches only
    return rows


def _batch_count(rows: int, size: int) -> int:
    """Return the number of batches of this size in an epoch; 0 is a batch of all rows."""
    return -(-rows // (size or rows))


def _batches_of(experiment: Experiment) -> int:
    """Return the number of batches in an epoch of the experiment."""
    return _batch_count(_rows_of(experiment), int(experiment.problem.values[BATCH]))


@dataclass(frozen=True)
class Outcome:
    """The result of one run of a sweep.

    Attributes:
        value: the value of the setting.
        seed: the seed, relative to that of the experiment.
        rate: the initial learning rate; NaN if there is none.
        steps: the number of steps.
        stop: the reason why the run stopped; None if it reached the target.
        losses: the loss on all data along the axis of the sweep, (k,); constant after the end of the run, infinite if
            the run diverged.
        reached: the first step whose loss is not above the target; None if there is no such step or no target.
        noise: the distance between the gradients of a batch and of all rows at the start, relative to the norm of the
            latter; the median of 16 batches. NaN if the batch size is not varied.
        measures: the ``metrics`` of a network at the end; empty for other problems.
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
        """The last loss; infinite if the run diverged."""
        return float(self.losses[-1])

    @property
    def limited(self) -> bool:
        """True if the run stopped at the step limit or at the limit of the trace."""
        return (self.stop is None and self.reached is None) or self._stopped(Reason.STEP_LIMIT, Reason.FULL)

    def _stopped(self, *reasons: Reason) -> bool:
        return self.stop is not None and self.stop.reason in reasons

    @property
    def diverged(self) -> bool:
        """True if the loss became infinite or NaN, or left its bounds."""
        return not np.isfinite(self.end)


@dataclass(frozen=True)
class Band:
    """Quartiles of the losses of the runs of one value along the axis, each (k,).

    A quartile is not finite if too many runs have diverged.
    """

    axis: Array
    low: Array
    median: Array
    high: Array


class Sweep:
    """The runs of a sweep, executed one after another in slices; the runs of the experiment do not change.

    The seeds of a network differ in the initial weights and in the order of the batches. Each scaling of a regression
    has another learning rate, as no rate suits all of them: half of the largest stable rate, or the result of
    :func:`gdviewer.experiment.rate_search.find_rate` if that is not known. Its runs end when the loss is near the
    lowest loss (``NEAR``). Batch sizes are compared over the same number of epochs, without tolerances.

    The losses are those on all training data, even if the trace of a run has the losses of batches.

    Args:
        experiment: the experiment.
        plan: the run that is varied, from its start; a network begins at the weights of its seed.
        what: the setting that is varied, one of ``SWEPT``.
        values: the values; None for :func:`default_values`.
        seeds: the number of runs of each value.
        max_steps: the step limit of each run; for batch sizes, the limit with the current batches.

    Attributes:
        axis: the steps, or the epochs if ``in_epochs``, of the losses, (k,).
        target: the loss at which a run ends; None if it is not known beforehand.
        outcomes: the results so far; new ones are appended.

    Raises:
        ValueError: the setting can't be swept, or a value is out of range.
    """

    def __init__(
        self, experiment: Experiment, plan: RunPlan, what: str, values: Sequence[Any] | None = None,
        seeds: int | None = None, max_steps: int | None = None,
    ) -> None:  # fmt: skip
        if lacks := lacking(experiment, plan, what):
            raise ValueError(lacks)
        self.experiment = replace(experiment, breakpoints=())
        start = None if isinstance(experiment.problem, Network) else experiment.start_of(plan)
        self.plan = replace(plan, start=start, branch=None)
        self.what = what
        declared = _declared_of(experiment, plan, what)
        given = default_values(experiment, plan, what) if values is None else values
        self.values = tuple(declared.check(what, value) for value in given)
        self.seeds = seeds or default_seeds(experiment, plan, what)
        self.max_steps = max_steps or default_steps(experiment, plan, what)
        self.target = _target_of(experiment, plan, what)
        self.in_epochs = what == BATCH
        self.measured = isinstance(experiment.problem, Network) and (experiment.problem.stochastic or self.in_epochs)
        self.epochs = max(1.0, self.max_steps / _batches_of(experiment)) if self.in_epochs else float("nan")
        self.axis = self._make_axis()
        self.outcomes: list[Outcome] = []
        self._cases = [(value, seed) for seed in range(self.seeds) for value in self.values]
        self._trial: _Trial | None = None
        self._bands: dict[Any, tuple[int, Band]] = {}  # with the number of their runs

    @property
    def done(self) -> bool:
        """True if all runs have ended."""
        return len(self.outcomes) == len(self._cases)

    @property
    def progress(self) -> float:
        """The completed share of the runs, from 0 to 1."""
        trial = self._trial
        return (len(self.outcomes) + (trial.share if trial else 0.0)) / len(self._cases)

    @property
    def finds_rates(self) -> bool:
        """True if the values have different learning rates, each found for its value."""
        return self.what == "scaling" and len({one.rate for one in self.outcomes if one.rate > 0}) > 1

    @property
    def half_stable(self) -> bool:
        """True if these rates are half of the largest stable rates."""
        return self.finds_rates and stable_rate(self.experiment, self.plan) is not None

    def of(self, value: Any) -> list[Outcome]:
        """Return the results of a value so far."""
        return [outcome for outcome in self.outcomes if outcome.value == value]

    def band(self, value: Any) -> Band | None:
        """Return the quartiles of the losses of a value, up to the end of its longest run; None without a result."""
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
        """Return the step of each point of the axis for a value, (k,)."""
        if not self.in_epochs:
            return self.axis
        steps: Array = np.round(self.axis * _batch_count(_rows_of(self.experiment), value))
        return np.minimum(steps, MAX_STEPS)

    def build(self, value: Any, seed: int) -> Run:
        """Return the run of a value and a seed, ready to be executed."""
        experiment, plan = with_value(self.experiment, self.plan, self.what, value)
        problem = experiment.problem
        if isinstance(problem, Network):
            problem = problem.replace(init_seed=problem.values["init_seed"] + seed)
            experiment = replace(experiment, problem=problem, start=tuple(problem.start.tolist()))
        if self.what == "scaling":
            rate = _rate_for_scaling(experiment, plan)
            plan = replace(plan, hyperparameters={**plan.hyperparameters, RATE: rate}) if rate else plan
        limits = replace(experiment.limits, max_steps=max(1, int(self.steps_at(value)[-1])))
        if self.target is not None or self.in_epochs:  # a move may be small because of the rate or by chance
            limits = replace(limits, tolerance=None, gradient_tolerance=None, loss_tolerance=None)
        return replace(experiment, limits=limits, seed=experiment.seed + seed).build(plan)

    def advance(self, seconds: float, ended: Callable[[], bool] = lambda: False) -> None:
        """Execute runs for about the given time.

        Args:
            seconds: the time in seconds.
            ended: called after each slice; it returns True if this thread must no longer use the sweep.
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
        """Execute all runs and return the sweep."""
        while not self.done:
            self.advance(1.0)
        return self

    def _make_axis(self) -> Array:
        points = (_MEASURED if self.measured else _DRAWN) // 2
        last = self.epochs if self.in_epochs else float(self.max_steps)
        first = last / points / 10 if self.in_epochs else 1.0
        axis = np.concatenate([np.linspace(0, last, points + 1), np.geomspace(min(first, last), last, points)])
        axis = np.unique(axis if self.in_epochs else np.round(axis))
        apart: Array = axis[np.append(np.diff(axis) > 1e-9 * last, True)]  # rounding duplicates the ends
        return apart


class _Trial:
    """A run of a sweep that is being executed.

    Attributes:
        outcome: the result; None until the run has ended.
    """

    def __init__(self, sweep: Sweep, value: Any, seed: int) -> None:
        self._sweep, self._value, self._seed = sweep, value, seed
        self._run = sweep.build(value, seed)
        self._marks = sweep.steps_at(value).astype(int)
        self._losses: list[float] = []  # at the marks, if they are not in the trace
        self._measured: tuple[int, Mapping[str, float]] = -1, {}  # the step and its measures
        self._looked = 0  # the target was searched in the trace up to this step
        self._noise = _noise(self._run) if sweep.in_epochs else np.nan
        self.outcome: Outcome | None = None

    @property
    def share(self) -> float:
        """The completed share of the steps."""
        return self._run.step / self._run.limits.max_steps

    def advance(self, seconds: float, ended: Callable[[], bool]) -> None:
        """Execute steps for about the given time, at most up to the next mark."""
        run, measured = self._run, self._sweep.measured
        mark = int(self._marks[len(self._losses)] if measured else self._marks[-1])
        if not run.begun or run.step < mark:
            burst([run], min(max(seconds, 1e-4), _SLICE), mark - run.step, ended)
            if ended():
                return
        if measured and run.begun:
            while len(self._losses) < len(self._marks) and self._marks[len(self._losses)] == run.step:
                self._losses.append(self._losses[-1] if self._seen(run.step) else self._full_loss())
        reached = None if measured else self._find_target()
        if reached is not None or run.stop or run.step >= self._marks[-1]:
            self.outcome = self._made(reached)

    def _seen(self, step: int) -> bool:
        return bool(self._losses) and int(self._marks[len(self._losses) - 1]) == step

    def _full_loss(self) -> float:
        """Return the loss of a network on all training data at the newest point, with the decay term."""
        point, l2 = self._run.trace.last, self._run.options.l2 or 0.0
        return self._measures()["train_loss"] + l2 / 2 * float(point @ point)

    def _measures(self) -> Mapping[str, float]:
        """Return the ``metrics`` of a network at the newest point."""
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
        lost = stop is not None and stop.reason in (Reason.DIVERGED, Reason.LEFT_DOMAIN, *FAILED)
        if self._sweep.measured:
            left = len(self._marks) - len(self._losses)
            last = np.inf if lost or not run.begun else self._full_loss() if left else 0.0
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
    """Return the relative error of the gradients of batches at the start; see :class:`Outcome`."""
    problem = run.problem
    if not problem.stochastic:
        return 0.0
    with np.errstate(all="ignore"):
        whole = problem.gradient(run.start)
        off = [np.linalg.norm(problem.batch(t, run.seed).gradient(run.start) - whole) for t in range(1, _TRIED + 1)]
        return float(np.median(off) / np.linalg.norm(whole))

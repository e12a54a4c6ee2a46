"""One setting of a run varied over some values and seeds: what it does to the descent."""

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
from gdviewer.problems.regression import Regression

RATE, BATCH = "learning_rate", "batch_size"
SWEPT = RATE, BATCH, "scaling", "init"  # what can be varied
SEEDS = 5
MOST_STEPS = 1_000_000  # to which the limit is raised where each value is to have the steps it needs
FAILED = Reason.ERROR, Reason.UNFIT  # stops of a rule that can't do what is asked of it
NEAR = 1e-6  # of the way down to the lowest loss, what may be left: the weights are then right to about a thousandth
_USUAL_STEPS = 2000
_ROWS = 1, 4, 16, 64, 256  # batch sizes tried
_SHARES = tuple(10 ** (k / 2 + 0.25) for k in range(-6, 1))  # of the largest stable rate
_RATIOS = tuple(10 ** (k / 2) for k in range(-4, 5))  # to the run's own rate, where no stable one is known
_DRAWN, _MEASURED = 240, 60  # points of a curve from the record, and of one that is evaluated for it
_SLICE = 0.02  # seconds of a run between two looks at how far it has come
_TRIED = 16  # batches whose gradients are compared with the whole one


def lacking(experiment: Experiment, plan: RunPlan, what: str) -> str:
    """Why a setting can't be swept, as a sentence; empty where it can."""
    problem, optimizer = experiment.problem, plan.optimizer
    if lacks := optimizer.lacks(plan.options.objective(problem)):
        return f"{optimizer.title} {lacks}."
    if what == RATE:
        declared = isinstance(optimizer.hyperparameters.get(RATE), Parameter)
        return "" if declared else f"{optimizer.title} has no learning rate to vary: it finds the length of its steps."
    if what not in problem.parameters:
        return f"{problem.title} has no {what.replace('_', ' ')} to vary; {_OWNERS[what]}."
    if what == BATCH and isinstance(problem, Network) and isinstance(problem.batches, GivenBatches):
        return "The batches of this network are given, row by row."
    return ""


_OWNERS = {
    BATCH: "a regression on data has one, and a neural network",
    "scaling": "a regression on data has one, and a neural network",
    "init": "a neural network has one",
}


def default_values(experiment: Experiment, plan: RunPlan, what: str) -> tuple[Any, ...]:
    """Values that show both ends: rates around the largest stable one where it is known, else around the run's own;
    batches from one row to all; every scaling; every initialisation."""
    declared = _declared_of(experiment, plan, what)
    if isinstance(declared, Choice):
        return declared.words
    if what == BATCH:
        rows = _rows_of(experiment)
        return (*(size for size in _ROWS if size < rows), 0)
    stable = stable_rate(experiment, plan)
    own = plan.optimizer.check(plan.hyperparameters)[RATE]
    rates = [stable * share for share in _SHARES] if stable else [own * ratio for ratio in _RATIOS]
    return tuple(float(f"{rate:.1g}") for rate in rates if declared.low < rate <= declared.high)


def default_seeds(experiment: Experiment, plan: RunPlan, what: str) -> int:
    """One run of each value where nothing is drawn by chance, else five."""
    problem = experiment.problem
    chance = problem.stochastic or plan.options.noise or isinstance(problem, Network) or what == BATCH
    return SEEDS if chance else 1


def default_steps(experiment: Experiment, plan: RunPlan, what: str) -> int:
    """How many steps a run may take: the experiment's limit up to a few thousand, as there are many runs; and many more
    where each value runs to the same loss."""
    raised = what == "scaling" and _target_of(experiment, plan, what) is not None
    return MOST_STEPS if raised else min(experiment.limits.max_steps, _USUAL_STEPS)


def read_values(experiment: Experiment, plan: RunPlan, what: str, text: str) -> tuple[Any, ...]:
    """Values typed with commas between, ``all`` for a batch of all rows; raises ValueError for what is none."""
    declared = _declared_of(experiment, plan, what)
    words = [word.strip().replace("−", "-") for word in text.split(",") if word.strip()]
    if not words:
        raise ValueError(f"type values of the {what.replace('_', ' ')} with commas between")
    values = [declared.check(what, "0" if what == BATCH and word == "all" else word) for word in words]
    return tuple(dict.fromkeys(values))


def value_title(what: str, value: Any) -> str:
    """A value as it is spoken of: ``η = 0.1``, ``batches of 16``, ``raw``."""
    if what == RATE:
        return f"η = {value:g}"
    if what == BATCH:
        return f"batches of {value:,}" if value else "all rows at once"
    return _WORDS.get(value, str(value))


_WORDS = {"none": "raw", "standardise": "standardised", "minmax": "min–max"}


def value_text(what: str, value: Any) -> str:
    """A value as a person writes it."""
    if what == BATCH:
        return f"{value}" if value else "all"
    return value if isinstance(value, str) else f"{value:g}"


def stable_rate(experiment: Experiment, plan: RunPlan) -> float | None:
    """The largest learning rate that is stable at the curvature of the start, where that is known beforehand: for
    rules that are linear, on regressions whose every step sees all rows."""
    problem = plan.options.objective(experiment.problem)
    clipped = plan.options.clip_norm is not None or plan.options.clip_value is not None
    if not isinstance(experiment.problem, Regression) or problem.stochastic or clipped:
        return None
    start = np.array(experiment.start_of(replace(plan, branch=None)))
    curvature = float(np.linalg.eigvalsh(problem.hessian(start))[-1])
    return largest_stable_rate(plan.optimizer, plan.optimizer.check(plan.hyperparameters), curvature)


def with_value(experiment: Experiment, plan: RunPlan, what: str, value: Any) -> tuple[Experiment, RunPlan]:
    """The experiment and the run with a setting at this value."""
    if what == RATE:
        return experiment, replace(plan, hyperparameters={**plan.hyperparameters, RATE: value})
    return experiment.with_problem(experiment.problem.replace(**{what: value})), plan


def _declared_of(experiment: Experiment, plan: RunPlan, what: str) -> Any:
    """The declaration of what is varied."""
    return plan.optimizer.hyperparameters[RATE] if what == RATE else experiment.problem.parameters[what]


def _target_of(experiment: Experiment, plan: RunPlan, what: str) -> float | None:
    """The loss a millionth of the way above the lowest, for what is run until it is there."""
    problem = plan.options.objective(experiment.problem)
    if what != "scaling" or not isinstance(experiment.problem, Regression) or problem.stochastic \
            or problem.lowest is None or plan.options.noise:  # fmt: skip
        return None
    start = float(problem.value(np.zeros(problem.dimension)))
    return problem.lowest + NEAR * (start - problem.lowest)


def _own_rate(experiment: Experiment, plan: RunPlan) -> float | None:
    """A rate that suits this scaling; None for a network, which keeps its own: to find one takes seconds."""
    if isinstance(experiment.problem, Network):
        return None
    stable = stable_rate(experiment, plan)
    return min(stable / 2, _declared_of(experiment, plan, RATE).high) if stable else find_rate(experiment, plan)


def _rows_of(experiment: Experiment) -> int:
    """How many rows the problem is trained on."""
    rows: int = len(experiment.problem.targets)  # type: ignore[attr-defined] # only those with batches are asked
    return rows


def _batch_count(rows: int, size: int) -> int:
    """How many batches of this size an epoch has."""
    return -(-rows // (size or rows))


def _batches_of(experiment: Experiment) -> int:
    """How many batches an epoch has as the experiment is."""
    return _batch_count(_rows_of(experiment), int(experiment.problem.values[BATCH]))


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
        steps: Array = np.round(self.axis * _batch_count(_rows_of(self.experiment), value))
        return np.minimum(steps, MOST_STEPS)

    def build(self, value: Any, seed: int) -> Run:
        """The run of a value and a seed, ready to be stepped."""
        experiment, plan = with_value(self.experiment, self.plan, self.what, value)
        problem = experiment.problem
        if isinstance(problem, Network):
            problem = problem.replace(init_seed=problem.values["init_seed"] + seed)
            experiment = replace(experiment, problem=problem, start=tuple(problem.start.tolist()))
        if self.what == "scaling":
            rate = _own_rate(experiment, plan)
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
        lost = stop is not None and stop.reason in (Reason.DIVERGED, Reason.LEFT_DOMAIN, *FAILED)
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

"""One frozen description of what is run; an edit makes a new one."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from gdviewer import optimizers, problems
from gdviewer.engine.breakpoints.breakpoint import Breakpoint
from gdviewer.engine.record.trace import Change
from gdviewer.engine.rules.optimizer import Optimizer
from gdviewer.engine.rules.options import Options
from gdviewer.engine.run.origin import Origin
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import LIMITS, Limits
from gdviewer.problems.problem import Problem

Point = tuple[float, ...]
MAX_RUNS = 24


# A run that is executed again to be continued goes as far as it is asked to, however little it moves.
_ONWARD = Limits(tolerance=None, max_steps=int(LIMITS["max_steps"].high), divergence=LIMITS["divergence"].high)


@dataclass(frozen=True)
class Branch:
    """Where a run leaves another one, which is described whole: what continues it needs no other run to be there.

    Attributes:
        plan: the other run as it began.
        step: the step after which it is left.
        changes: the hyperparameters that were moved in it up to that step.
        record: the other run itself, or one to the same bits; without it, its steps are executed again.
    """

    plan: RunPlan
    step: int
    changes: tuple[Change, ...] = ()
    record: Run | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class RunPlan:
    """One run of an experiment: the optimizer, its hyperparameters, where it starts, and how it is shown.

    Attributes:
        hyperparameters: those that differ from the defaults, or all; checked when made.
        start: a start of its own, or None for the experiment's.
        color: index into the palette of run colours.
        visible: whether it is drawn; it is stepped all the same.
        options: decay in the loss, clipping, noise, and the schedule of the learning rate.
        branch: where it leaves another run; None where it begins at its start.

    Raises:
        ValueError: a hyperparameter the optimizer does not have, or one out of range.
    """

    optimizer: Optimizer
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    start: Point | None = None
    color: int = 0
    visible: bool = True
    options: Options = Options()
    branch: Branch | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "hyperparameters", self.optimizer.check(self.hyperparameters))

    @property
    def title(self) -> str:
        """What a person calls it: the optimizer, and its learning rate where it has one."""
        rate = self.hyperparameters.get("learning_rate")
        return self.optimizer.title if rate is None else f"{self.optimizer.title}   η = {rate:g}"

    def with_optimizer(self, optimizer: Optimizer) -> RunPlan:
        """The same run with another optimizer: hyperparameters and options that it can have too are kept."""
        kept: dict[str, Any] = {}
        for name, value in self.hyperparameters.items():
            with suppress(ValueError):
                kept |= {name: optimizer.check({name: value})[name]}
        options = self.options
        if "learning_rate" not in optimizer.hyperparameters:
            options = replace(options, schedule=None)
        return replace(self, optimizer=optimizer, hyperparameters=kept, options=options)

    def continued(self, run: Run, step: int) -> RunPlan:
        """The plan that goes on as ``run``, which was built from this one, does after ``step`` steps."""
        if self.branch and run.origin and step < run.left:  # that step is of the run it left
            return replace(self.branch.plan.continued(run.origin.run, step), color=self.color)
        initial, changes = run.hyperparameters_since(step)
        branch = Branch(replace(self, hyperparameters=initial), step, changes, run)
        now = run.hyperparameters_at(step + 1) if step < run.step else run.upcoming
        return replace(self, hyperparameters=now, start=None, branch=branch)


@dataclass(frozen=True)
class Experiment:
    """A problem, its runs, the start they share, the limits, the seed, and where the runs are to pause."""

    problem: Problem
    runs: tuple[RunPlan, ...]
    start: Point
    limits: Limits = Limits()
    seed: int = 0
    breakpoints: tuple[Breakpoint, ...] = ()

    def start_of(self, plan: RunPlan) -> Point:
        """Where a run starts; of one that continues another, where that did."""
        if plan.branch:
            return self.start_of(plan.branch.plan)
        return self.start if plan.start is None else plan.start

    def build(self, plan: RunPlan) -> Run:
        """A run ready to be stepped."""
        return Run(
            self.problem, plan.optimizer, self.start_of(plan), plan.hyperparameters, self.limits, self.seed,
            plan.options, self._origin(plan.branch), self.breakpoints,
        )  # fmt: skip

    def _origin(self, branch: Branch | None) -> Origin | None:
        if branch is None:
            return None
        run = branch.record
        if run is None or run.problem is not self.problem or run.seed != self.seed \
                or tuple(run.start.tolist()) != self.start_of(branch.plan):  # fmt: skip
            run = replace(self, limits=_ONWARD, breakpoints=()).build(branch.plan)
        return Origin(run, branch.step, branch.changes)

    def with_problem(self, problem: Problem) -> Experiment:
        """The same runs on another problem, from its own start; what they continue and starts of their own are kept
        where they still fit."""
        if problem.name == self.problem.name and problem.dimension == self.problem.dimension:
            own = self.start == tuple(self.problem.start.tolist())  # a network's weights may begin otherwise now
            return replace(self, problem=problem, start=tuple(problem.start.tolist()) if own else self.start)
        runs = tuple(replace(plan, start=None, branch=None) for plan in self.runs)
        return replace(self, problem=problem, runs=runs, start=tuple(problem.start.tolist()))

    def with_run(self, index: int, **changes: object) -> Experiment:
        """The same experiment with fields of one run changed."""
        runs = list(self.runs)
        runs[index] = replace(runs[index], **changes)  # type: ignore[arg-type]
        return replace(self, runs=tuple(runs))

    def with_more(self, *plans: RunPlan) -> Experiment:
        """The same experiment with more runs, as many as there is room for, each in a colour that no other has."""
        used = {plan.color for plan in self.runs}
        colors = (color for color in range(2 * MAX_RUNS) if color not in used)
        added = [replace(plan, color=next(colors), visible=True) for plan in plans[: MAX_RUNS - len(self.runs)]]
        return replace(self, runs=(*self.runs, *added))


def usual_runs(problem: Problem) -> tuple[RunPlan, ...]:
    """The runs to begin with: gradient descent beside Adam, or for a network Adam alone."""
    adam = optimizers.get("adam")
    if isinstance(problem, problems.Network):
        return (RunPlan(adam, {"learning_rate": 0.003}),)
    return (
        RunPlan(optimizers.get("gradient_descent"), {"learning_rate": 0.01}, color=0),
        RunPlan(adam, {"learning_rate": 0.1}, color=1),
    )


def usual_limits(problem: Problem) -> Limits:
    """The limits to begin with; a move on a batch may be small by chance, so it ends no network."""
    return Limits(tolerance=None) if isinstance(problem, problems.Network) else Limits()


def default_experiment() -> Experiment:
    """What the window opens with: Himmelblau's function, gradient descent beside Adam."""
    problem = problems.get("himmelblau")
    return Experiment(problem, usual_runs(problem), tuple(problem.start.tolist()), usual_limits(problem))

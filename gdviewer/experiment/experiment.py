"""One frozen description of what is run; an edit makes a new one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import ArrayLike

from gdviewer import optimizers, problems
from gdviewer.engine.breakpoints.breakpoint import Breakpoint
from gdviewer.engine.record.events import Change
from gdviewer.engine.rules.optimizer import Optimizer, Rule
from gdviewer.engine.rules.options import Options
from gdviewer.engine.run.run import Origin, Run
from gdviewer.engine.run.stop import LIMITS, Limits
from gdviewer.experiment.json_parts import (
    breakpoint_from_dict,
    breakpoint_to_dict,
    change_reader,
    change_to_dict,
    hyperparameter_reader,
    limits_from_dict,
    limits_to_dict,
    optimizer_from_dict,
    optimizer_to_dict,
    options_from_dict,
    options_to_dict,
    problem_from_dict,
    problem_to_dict,
)
from gdviewer.experiment.json_reader import FieldError, Fields, flag, items, numbers, optional, plain, whole
from gdviewer.experiment.minimize import Result, as_problem, result_of, start_point
from gdviewer.experiment.user_rule import as_optimizer
from gdviewer.problems.problem import Problem

Point = tuple[float, ...]
MAX_RUNS = 24
FORMAT = 1  # of the dictionaries
_DEEPEST = 100  # branches of branches that are read


# A run that is executed again to be continued goes as far as it is asked to, however little it moves.
_ONWARD = Limits(tolerance=None, max_steps=int(LIMITS["max_steps"].high), divergence=LIMITS["divergence"].high)


@dataclass(frozen=True)
class Branch:
    """Where a run leaves another one, which is described whole: what continues it needs no other run to be there.

    Attributes:
        plan: the other run as it began.
        step: the step after which it is left.
        changes: the hyperparameters that were moved in it up to that step.
    """

    plan: RunPlan
    step: int
    changes: tuple[Change, ...] = ()

    def to_dict(self, path: str = "branch") -> dict[str, Any]:
        """Return it as plain JSON types; see :meth:`RunPlan.to_dict`."""
        changes = [change_to_dict(change) for change in self.changes]
        return {"plan": self.plan.to_dict(f"{path}.plan"), "step": plain(self.step), "changes": changes}


class Records:
    """The runs that branches continue, as far as they are still in memory.

    A branch whose run is here takes its rows from it; without it, the steps are executed again, to the same bits. A run
    that nobody else holds is forgotten.
    """

    def __init__(self) -> None:
        self._runs: WeakValueDictionary[Branch, Run] = WeakValueDictionary()

    def add(self, branch: Branch, run: Run) -> None:
        """Remember that a branch continues ``run``, or the run that this one continues itself at that step."""
        while run.origin and branch.step < run.left:
            run = run.origin.run
        self._runs[branch] = run

    def get(self, branch: Branch, experiment: Experiment) -> Run | None:
        """Return the run that a branch of an experiment continues; None where it is not here."""
        run = self._runs.get(branch)
        if run is None or run.problem != experiment.problem or run.seed != experiment.seed:
            return None
        return run if tuple(run.start.tolist()) == experiment.start_of(branch.plan) else None


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
    hyperparameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
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

    def to_dict(self, path: str = "run") -> dict[str, Any]:
        """Return it as plain JSON types.

        Raises:
            ValueError: its rule can't be stored; the text begins with ``path``.
        """
        return {
            "optimizer": optimizer_to_dict(self.optimizer, f"{path}.optimizer"),
            "hyperparameters": plain(self.hyperparameters),
            "start": plain(self.start),
            "color": plain(self.color),
            "visible": plain(self.visible),
            "options": options_to_dict(self.options),
            "branch": self.branch and self.branch.to_dict(f"{path}.branch"),
        }

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
        branch = Branch(replace(self, hyperparameters=initial), step, changes)
        now = run.hyperparameters_at(step + 1) if step < run.step else run.upcoming
        return replace(self, hyperparameters=now, start=None, branch=branch)


@dataclass(frozen=True, init=False)
class Experiment:
    """A problem, its runs, the start they share, the limits, the seed, and where the runs are to pause.

    It is a value: two are equal if their contents are, and it pickles.

    Args:
        problem: a problem, the name of one in the catalogue, or a callable ``fun(x)`` with x of shape (n,).
        runs: a :class:`RunPlan` each; or optimizers, by name, made with ``@optimizer``, or functions of the textbook
            form; or mappings such as ``{"optimizer": "momentum", "learning_rate": 0.01}``, with ``"start"`` for a start
            of its own.
        start: shape (n,) or a number; the problem's own where it is None. A tuple is checked when a run is built.
        jac, hess: the gradient and Hessian of a callable; see :func:`gdviewer.minimize`.

    Raises:
        TypeError: a function among the runs whose signature is not of the textbook form.
        ValueError: an unknown name (the nearest is suggested), a value out of range, a start of wrong shape.
    """

    problem: Problem
    runs: tuple[RunPlan, ...]
    start: Point
    limits: Limits
    seed: int
    breakpoints: tuple[Breakpoint, ...]

    def __init__(
        self,
        problem: Problem | Callable[..., Any] | str,
        runs: Iterable[RunPlan | str | Optimizer | Rule | Mapping[str, Any]] = ("adam",),
        start: ArrayLike | None = None,
        limits: Limits = Limits(),
        seed: int = 0,
        breakpoints: Iterable[Breakpoint] = (),
        *,
        jac: Callable[..., Any] | bool | None = None,
        hess: Callable[..., Any] | None = None,
    ) -> None:
        problem = as_problem(problem, start, jac, hess)
        values = {
            "problem": problem,
            "runs": tuple(_plan(run, color) for color, run in enumerate(runs)),
            "start": _start(problem, start),
            "limits": limits,
            "seed": seed,
            "breakpoints": tuple(breakpoints),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def run(self) -> list[Result]:
        """Run everything to its stop, or to a breakpoint, and return the results in the order of the runs.

        Raises:
            ValueError: an optimizer needs what the problem does not have.
            Exception: what a function or rule of the user's raises.
        """
        records, results = Records(), []
        for plan in self.runs:
            run = self.build(plan, records)
            run.advance(self.limits.max_steps)
            results.append(result_of(run))
        return results

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types, exact to the last bit; numbers that are not finite are texts.

        Raises:
            ValueError: a function or rule can't be stored by its source, or a problem is not of the catalogue; the
                text names it.
        """
        return {
            "format": FORMAT,
            "problem": problem_to_dict(self.problem),
            "runs": [plan.to_dict(f"runs[{i}]") for i, plan in enumerate(self.runs)],
            "start": plain(self.start),
            "limits": limits_to_dict(self.limits),
            "seed": plain(self.seed),
            "breakpoints": [breakpoint_to_dict(watched) for watched in self.breakpoints],
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Experiment:
        """Return the experiment that :meth:`to_dict` has described. Nothing of the user's code is executed.

        Raises:
            ValueError: a field is wrong, unknown or missing; the text begins with its path, as in
                ``runs[1].hyperparameters.beta1 must be in [0, 1); got 1.2``.
        """
        stored = Fields(given)
        version = stored.read("format", whole(1))
        if version != FORMAT:
            raise ValueError(f"format {version} is newer than this version of gdviewer, which reads {FORMAT}")
        problem = stored.read("problem", problem_from_dict)
        reader = partial(_plan_from_dict, dimension=problem.dimension)
        experiment = cls(
            problem,
            stored.read("runs", items(reader)),
            stored.read("start", optional(partial(_point, dimension=problem.dimension)), None),
            stored.read("limits", limits_from_dict, Limits()),
            stored.read("seed", whole(0), 0),
            stored.read("breakpoints", items(breakpoint_from_dict), ()),
        )
        stored.end()
        return experiment

    def start_of(self, plan: RunPlan) -> Point:
        """Where a run starts; of one that continues another, where that did."""
        if plan.branch:
            return self.start_of(plan.branch.plan)
        return self.start if plan.start is None else plan.start

    def build(self, plan: RunPlan, records: Records | None = None) -> Run:
        """A run ready to be stepped.

        Args:
            records: where the run that it continues may be; a branch found there need not be executed again.
        """
        return Run(
            self.problem, plan.optimizer, self.start_of(plan), plan.hyperparameters, self.limits, self.seed,
            plan.options, self._origin(plan.branch, records), self.breakpoints,
        )  # fmt: skip

    def _origin(self, branch: Branch | None, records: Records | None) -> Origin | None:
        if branch is None:
            return None
        run = records.get(branch, self) if records else None
        if run is None:
            run = replace(self, limits=_ONWARD, breakpoints=()).build(branch.plan, records)
            if records:
                records.add(branch, run)
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


def _start(problem: Problem, start: ArrayLike | None) -> Point:
    if isinstance(start, tuple):  # as it is, since an edit makes one after another; a run checks it when it is built
        return start
    return tuple(start_point(problem, start, "the start").tolist())


def _plan(run: RunPlan | str | Optimizer | Rule | Mapping[str, Any], color: int) -> RunPlan:
    """Return the plan that a shorthand stands for."""
    if isinstance(run, RunPlan):
        return run
    if not isinstance(run, Mapping):
        return RunPlan(as_optimizer(run), color=color)
    settings = dict(run)
    rule = settings.pop("optimizer", "gradient_descent")
    start = settings.pop("start", None)
    own = None if start is None else tuple(np.array(start, dtype=float, ndmin=1).tolist())
    return RunPlan(as_optimizer(rule), settings, own, color)


def _plan_from_dict(given: object, path: str, dimension: int, depth: int = 0) -> RunPlan:
    if depth > _DEEPEST:
        raise FieldError(f"{path} is a branch of a branch, more than {_DEEPEST} deep")
    stored = Fields(given, path)
    rule = stored.read("optimizer", optimizer_from_dict)
    plan = RunPlan(
        rule,
        stored.read("hyperparameters", hyperparameter_reader(rule), {}),
        stored.read("start", optional(partial(_point, dimension=dimension)), None),
        stored.read("color", whole(0), 0),
        stored.read("visible", flag, True),
        stored.read("options", options_from_dict, Options()),
        stored.read("branch", optional(partial(_branch_from_dict, dimension=dimension, depth=depth + 1)), None),
    )
    stored.end()
    if plan.options.schedule and "learning_rate" not in rule.hyperparameters:
        raise FieldError(f"{path}.options.schedule must be null: {rule.name} has no learning_rate to set")
    return plan


def _branch_from_dict(given: object, path: str, dimension: int, depth: int) -> Branch:
    stored = Fields(given, path)
    plan = stored.read("plan", partial(_plan_from_dict, dimension=dimension, depth=depth))
    step = stored.read("step", whole(0))
    changes = stored.read("changes", items(change_reader(plan.optimizer)), ())
    stored.end()
    for i, change in enumerate(changes):
        if change.step > step:
            raise FieldError(f"{path}.changes[{i}].step must be at most {step}, where the run is left")
    return Branch(plan, step, changes)


def _point(given: object, path: str, dimension: int) -> Point:
    point = numbers(given, path)
    if point.shape != (dimension,) or not np.isfinite(point).all():
        raise FieldError(f"{path} must be {dimension} finite numbers, one for each dimension")
    return tuple(point.tolist())


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

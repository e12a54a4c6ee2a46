"""One frozen description of what is run; an edit makes a new one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import ArrayLike

from gdviewer import optimizers, problems
from gdviewer.engine.breakpoints.breakpoint import Breakpoint
from gdviewer.engine.rules.optimizer import Optimizer, Rule
from gdviewer.engine.run.run import Origin, Run
from gdviewer.engine.run.stop import LIMITS, Limits
from gdviewer.experiment.plan import Branch, Point, RunPlan
from gdviewer.experiment.shorthand import as_plan, as_problem, start_point
from gdviewer.problems.problem import Problem

if TYPE_CHECKING:
    from gdviewer.experiment.minimize import Result

MAX_RUNS = 24
FORMAT = 1  # of the dictionaries


# A run that is executed again to be continued goes as far as it is asked to, however little it moves.
_ONWARD = Limits(tolerance=None, max_steps=int(LIMITS["max_steps"].high), divergence=LIMITS["divergence"].high)


class Records:
    """The runs that branches continue, as far as they are still in memory.

    A branch whose run is here takes its rows from it; without it, the steps are executed again, to the same bits. A run
    that nobody else holds is forgotten.
    """

    def __init__(self) -> None:
        self._runs: WeakValueDictionary[Branch, Run] = WeakValueDictionary()

    def add(self, branch: Branch, run: Run) -> None:
        """Remember that a branch continues ``run``, or the run that this one continues itself at that step."""
        while run.origin and branch.step < run.branch_step:
            run = run.origin.run
        self._runs[branch] = run

    def get(self, branch: Branch, experiment: Experiment) -> Run | None:
        """Return the run that a branch of an experiment continues; None where it is not here."""
        run = self._runs.get(branch)
        if run is None or run.problem != experiment.problem or run.seed != experiment.seed:
            return None
        start = np.array(experiment.start_of(branch.plan), dtype=float)
        return run if run.start.tobytes() == start.tobytes() else None  # to the bit: -0.0 is another start than 0.0


@dataclass(frozen=True, init=False)
class Experiment:
    """A problem, its runs, the start they share, the limits, the seed, and where the runs are to pause.

    It is a value: two are equal if their contents are, and it pickles.

    Args:
        problem: a problem, the name of one in the catalogue, or a callable ``fun(x)`` with x of shape (n,).
        runs: a :class:`RunPlan` each; or optimizers, by name, made with ``@optimizer``, or functions of the textbook
            form; or mappings such as ``{"optimizer": "momentum", "learning_rate": 0.01}``, with ``"start"`` for a start
            of its own.
        start: shape (n,) or a number; the problem's own where it is None.
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
            "runs": tuple(as_plan(run, color) for color, run in enumerate(runs)),
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
        from gdviewer.experiment.minimize import result_of  # loaded when it is asked for, as the window opens without

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
        from gdviewer.experiment import json_parts, json_plan
        from gdviewer.experiment.json_reader import plain

        return {
            "format": FORMAT,
            "problem": json_parts.problem_to_dict(self.problem),
            "runs": [json_plan.plan_to_dict(plan, f"runs[{i}]") for i, plan in enumerate(self.runs)],
            "start": plain(self.start),
            "limits": json_parts.limits_to_dict(self.limits),
            "seed": plain(self.seed),
            "breakpoints": [json_parts.breakpoint_to_dict(watched) for watched in self.breakpoints],
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Experiment:
        """Return the experiment that :meth:`to_dict` has described. Nothing of the user's code is executed.

        Raises:
            ValueError: a field is wrong, unknown or missing; the text begins with its path, as in
                ``runs[1].hyperparameters.beta1 must be in [0, 1); got 1.2``.
        """
        from gdviewer.experiment import json_parts, json_plan
        from gdviewer.experiment.json_reader import Fields, items, optional, whole

        stored = Fields(given)
        version = stored.read("format", whole(1))
        if version != FORMAT:
            raise ValueError(f"format {version} is newer than this version of gdviewer, which reads {FORMAT}")
        problem = stored.read("problem", json_parts.problem_from_dict)
        reader = partial(json_plan.plan_from_dict, dimension=problem.dimension)
        experiment = cls(
            problem,
            stored.read("runs", items(reader)),
            stored.read("start", optional(partial(json_plan.point_from_list, dimension=problem.dimension)), None),
            stored.read("limits", json_parts.limits_from_dict, Limits()),
            stored.read("seed", whole(0), 0),
            stored.read("breakpoints", items(json_parts.breakpoint_from_dict), ()),
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
    if isinstance(start, tuple) and len(start) == problem.dimension:  # as it is: there may be 10⁵ numbers
        return start
    return tuple(start_point(problem, start, "the start").tolist())


def default_runs(problem: Problem) -> tuple[RunPlan, ...]:
    """The runs to begin with: gradient descent beside Adam, or for a network Adam alone."""
    adam = optimizers.get("adam")
    if isinstance(problem, problems.Network):
        return (RunPlan(adam, {"learning_rate": 0.003}),)
    return (
        RunPlan(optimizers.get("gradient_descent"), {"learning_rate": 0.01}, color=0),
        RunPlan(adam, {"learning_rate": 0.1}, color=1),
    )


def default_limits(problem: Problem) -> Limits:
    """The limits to begin with; a move on a batch may be small by chance, so it ends no network."""
    return Limits(tolerance=None) if isinstance(problem, problems.Network) else Limits()


def default_experiment() -> Experiment:
    """What the window opens with: Himmelblau's function, gradient descent beside Adam."""
    problem = problems.get("himmelblau")
    return Experiment(problem, default_runs(problem), tuple(problem.start.tolist()), default_limits(problem))

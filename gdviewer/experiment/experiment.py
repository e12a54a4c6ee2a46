"""The experiment: an immutable description of a problem and its runs."""

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
from gdviewer.problems.kinds import is_network
from gdviewer.problems.problem import Problem

if TYPE_CHECKING:
    from gdviewer.experiment.minimize import Result

MAX_RUNS = 24
FORMAT = 1  # of the dictionaries

# For a run that is executed again up to a branch: no tolerance or limit may stop it before that step.
_ONWARD = Limits(tolerance=None, max_steps=int(LIMITS["max_steps"].high), divergence=LIMITS["divergence"].high)


class Records:
    """The runs in memory that branches continue.

    A branch copies the rows of its run from here. Without the run, its steps are executed again, with equal results.
    The references are weak, so a run that is not used elsewhere is released.
    """

    def __init__(self) -> None:
        self._runs: WeakValueDictionary[Branch, Run] = WeakValueDictionary()

    def add(self, branch: Branch, run: Run) -> None:
        """Store ``run`` as the run that a branch continues, or the run from which ``run`` itself has that step."""
        while run.origin and branch.step < run.branch_step:
            run = run.origin.run
        self._runs[branch] = run

    def get(self, branch: Branch, experiment: Experiment) -> Run | None:
        """Return the run that a branch of an experiment continues; None if it is not stored."""
        run = self._runs.get(branch)
        if run is None or run.problem != experiment.problem or run.seed != experiment.seed:
            return None
        start = np.array(experiment.start_of(branch.plan), dtype=float)
        return run if run.start.tobytes() == start.tobytes() else None  # compares bits: -0.0 is not 0.0


@dataclass(frozen=True, init=False)
class Experiment:
    """A problem with its runs, their common start, the limits, the seed and the breakpoints.

    An experiment is a value: it is immutable, compares by content and can be pickled.

    Args:
        problem: a problem, the name of one in the catalogue, or a callable ``fun(x)`` with x of shape (n,).
        runs: for each run a :class:`RunPlan`, the name of an optimizer, an optimizer made with ``@optimizer``, a
            function of the textbook form, or a mapping such as ``{"optimizer": "momentum", "learning_rate": 0.01}``,
            in which ``"start"`` is a start for this run alone.
        start: shape (n,) or a number; None for the start of the problem.
        limits: the limits at which the runs stop.
        seed: the seed of the random numbers.
        breakpoints: the conditions at which the runs pause.
        jac: the gradient of a callable; see :func:`gdviewer.minimize`.
        hess: the Hessian of a callable.

    Raises:
        TypeError: a function among the runs does not have the textbook form.
        ValueError: a name is unknown (the nearest one is suggested), a value is out of range, or a start has the wrong
            shape.
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
        """Execute each run until it stops or reaches a breakpoint, and return the results in the order of the runs.

        Raises:
            ValueError: an optimizer needs something that the problem does not have.
            Exception: any exception raised by a user's function or rule.
        """
        from gdviewer.experiment.minimize import result_of  # not needed to open the window

        records, results = Records(), []
        for plan in self.runs:
            run = self.build(plan, records)
            run.advance(self.limits.max_steps)
            results.append(result_of(run))
        return results

    def to_dict(self) -> dict[str, Any]:
        """Return the experiment as plain JSON types, without loss of precision.

        Numbers that are not finite become strings.

        Raises:
            ValueError: a function or rule can't be stored as source code, or a problem is not in the catalogue; the
                message names it.
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
        """Return the experiment of a dictionary that :meth:`to_dict` has made, without executing user code.

        Raises:
            ValueError: a field is wrong, unknown or missing; the message begins with its path, as in
                ``runs[1].hyperparameters.beta1 must be in [0, 1); got 1.2``.
        """
        from gdviewer.experiment import json_parts, json_plan
        from gdviewer.experiment.json_reader import Fields, items, optional, whole

        stored = Fields(given)
        version = stored.read("format", whole(1))
        if version != FORMAT:
            raise ValueError(
                f"format {version} is newer than format {FORMAT}, which this version reads; install a newer gdviewer"
            )
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
        """Return the start of a run; for a branch, the start of the run that it continues."""
        if plan.branch:
            return self.start_of(plan.branch.plan)
        return self.start if plan.start is None else plan.start

    def build(self, plan: RunPlan, records: Records | None = None) -> Run:
        """Return a run that is ready to be executed.

        Args:
            plan: the plan of the run.
            records: the runs in memory; the run that a branch continues is executed again if it is not among them.
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
        """Return an experiment with the same runs on another problem.

        Branches and changed starts are kept if the new problem has the same name and dimension. Otherwise they are
        removed, and the start becomes that of the new problem.
        """
        if problem.name == self.problem.name and problem.dimension == self.problem.dimension:
            # Other settings may give a network other initial weights.
            default = self.start == tuple(self.problem.start.tolist())
            return replace(self, problem=problem, start=tuple(problem.start.tolist()) if default else self.start)
        runs = tuple(replace(plan, start=None, branch=None) for plan in self.runs)
        return replace(self, problem=problem, runs=runs, start=tuple(problem.start.tolist()))

    def with_run(self, index: int, **changes: object) -> Experiment:
        """Return a copy of the experiment with some fields of one run changed."""
        runs = list(self.runs)
        runs[index] = replace(runs[index], **changes)  # type: ignore[arg-type]
        return replace(self, runs=tuple(runs))

    def with_more(self, *plans: RunPlan) -> Experiment:
        """Return a copy with runs added, up to ``MAX_RUNS`` in total, each in an unused colour."""
        used = {plan.color for plan in self.runs}
        colors = (color for color in range(2 * MAX_RUNS) if color not in used)
        added = [replace(plan, color=next(colors), visible=True) for plan in plans[: MAX_RUNS - len(self.runs)]]
        return replace(self, runs=(*self.runs, *added))


def _start(problem: Problem, start: ArrayLike | None) -> Point:
    if isinstance(start, tuple) and len(start) == problem.dimension:  # not copied: there may be 10⁵ numbers
        return start
    return tuple(start_point(problem, start, "the start").tolist())


def default_runs(problem: Problem) -> tuple[RunPlan, ...]:
    """Return the default runs: gradient descent and Adam, or Adam alone for a network."""
    adam = optimizers.get("adam")
    if is_network(problem):
        return (RunPlan(adam, {"learning_rate": 0.003}),)
    return (
        RunPlan(optimizers.get("gradient_descent"), {"learning_rate": 0.01}, color=0),
        RunPlan(adam, {"learning_rate": 0.1}, color=1),
    )


def default_limits(problem: Problem) -> Limits:
    """Return the default limits; a network has no tolerance, as a move on a batch may be small by chance."""
    return Limits(tolerance=None) if is_network(problem) else Limits()


def default_experiment() -> Experiment:
    """Return the experiment that the window opens with: gradient descent and Adam on Himmelblau's function."""
    problem = problems.get("himmelblau")
    return Experiment(problem, default_runs(problem), tuple(problem.start.tolist()), default_limits(problem))

"""The difference that an edit makes to an experiment, as data: computed once, for all that follow the experiment."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Literal

from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.problems.problem import Problem


@dataclass(frozen=True)
class ProblemDiff:
    """The difference between two problems.

    Attributes:
        kind: another problem; or the same with another formula, other values of its parameters, or other data.
        values: the parameters whose values differ, by name.
        same_space: True where name and dimension are the same, so that points of the one are points of the other.
        continuous: True where it is one of the small changes that dragging a slider makes.
    """

    kind: Literal["another", "formula", "values", "data"]
    values: tuple[str, ...] = ()
    same_space: bool = True
    continuous: bool = False


@dataclass(frozen=True)
class RunDiff:
    """One run of the edited experiment, against the run it was before.

    Attributes:
        before: the index that the run had; None for one that was added.
        goes_on: True where a run made for the plan before can go on, at most with its hyperparameters moved.
        branched: True for an added run that leaves another one.
        fields: the fields of its plan that differ, by name.
        hyperparameters: those that differ, by name.
        options: those that differ, by name.
        continuous: True where it is one of the small changes that dragging a slider makes.
    """

    before: int | None
    goes_on: bool = False
    branched: bool = False
    fields: tuple[str, ...] = ()
    hyperparameters: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    continuous: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of what differs: of hyperparameters or options where only these do, else of fields."""
        if self.fields == ("hyperparameters",):
            return self.hyperparameters
        return self.options if self.fields == ("options",) else self.fields


@dataclass(frozen=True)
class ExperimentDiff:
    """The difference between an experiment and the edited one; false where there is none.

    Attributes:
        runs: a :class:`RunDiff` for each run of the edited experiment.
        removed: the indices of the runs before that are gone.
        problem: the difference between the problems; None where they are equal.
        start, seed, breakpoints: True where these differ.
        limits: the limits that differ, by name.
    """

    runs: tuple[RunDiff, ...] = ()
    removed: tuple[int, ...] = ()
    problem: ProblemDiff | None = None
    start: bool = False
    seed: bool = False
    breakpoints: bool = False
    limits: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.problem or self.rearranged or self.edited or self.fields)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of the experiment that differ, apart from the problem and the runs."""
        return tuple(name for name in ("start", "limits", "seed", "breakpoints") if getattr(self, name))

    @property
    def rearranged(self) -> bool:
        """True where runs were added or removed, or changed places."""
        return bool(self.removed) or any(run.before != i for i, run in enumerate(self.runs))

    @property
    def edited(self) -> tuple[int, ...]:
        """The indices of the runs whose plans differ from those before."""
        return tuple(i for i, run in enumerate(self.runs) if run.fields)

    @property
    def recomputed(self) -> tuple[int, ...]:
        """The indices of the runs whose steps would not be the same if they were executed from the start."""
        return tuple(i for i, run in enumerate(self.runs) if not run.goes_on or run.hyperparameters)

    @property
    def moves_only(self) -> bool:
        """True where it only moves hyperparameters of runs that go on, which leaves their records as they are."""
        same = not (self.problem or self.rearranged or self.fields)
        return same and all(run.goes_on and run.fields in ((), ("hyperparameters",)) for run in self.runs)

    @property
    def subject(self) -> tuple[object, ...]:
        """The one thing that was edited: equal for two edits of the same thing."""
        if self.problem:
            return ("problem", "formula") if self.problem.kind == "formula" else ("problem", *self.problem.values)
        if self.rearranged or len(self.edited) > 1:
            return ("runs",)
        if self.edited:
            return ("run", self.edited[0], *self.runs[self.edited[0]].names)
        return ("experiment", *self.fields, *self.limits)

    @property
    def merges(self) -> bool:
        """True where edits of the same subject that follow each other at once are one, as when a slider is dragged."""
        if self.problem:
            return self.problem.continuous
        if self.rearranged or self.edited:
            return not self.rearranged and len(self.edited) == 1 and self.runs[self.edited[0]].continuous
        return self.fields in (("start",), ("limits",))

    def touches(self, index: int, *names: str) -> bool:
        """Return True where the run at ``index`` is another one, or one of these fields of its plan differs.

        Args:
            names: fields of a plan; any where none are given.
        """
        if not 0 <= index < len(self.runs):
            return self.rearranged
        run = self.runs[index]
        return run.before != index or bool(set(names).intersection(run.fields) if names else run.fields)


def diff(before: Experiment, after: Experiment) -> ExperimentDiff:
    """Return the difference that turns one experiment into another."""
    problem = _problem_diff(before.problem, after.problem) if before.problem != after.problem else None
    matches = _matches(before.runs, after.runs)
    runs = []
    for match, plan in zip(matches, after.runs, strict=True):
        if match is None:
            runs.append(RunDiff(None, branched=plan.branch is not None))
        else:
            old = before.runs[match]
            same_rest = not problem and before.seed == after.seed and _same(before.start_of(old), after.start_of(plan))
            runs.append(_run_diff(match, old, plan, same_rest))
    return ExperimentDiff(
        tuple(runs),
        tuple(i for i in range(len(before.runs)) if i not in matches),
        problem,
        not _same(before.start, after.start),
        before.seed != after.seed,
        before.breakpoints != after.breakpoints,
        _differing(before.limits, after.limits),
    )


def _same(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one is other or one == other  # a network has 10⁵ numbers, mostly the same object


def _matches(before: tuple[RunPlan, ...], after: tuple[RunPlan, ...]) -> list[int | None]:
    """Return the index of each run before: of an equal plan, else of the one in its place where there are as many."""
    found: list[int | None] = [i if before[i : i + 1] == (plan,) else None for i, plan in enumerate(after)]
    for i, plan in enumerate(after):
        if found[i] is None:
            found[i] = next((j for j, old in enumerate(before) if old == plan and j not in found), None)
    if len(before) == len(after):
        for i, match in enumerate(found):
            if match is None and i not in found:
                found[i] = i
    return found


def _run_diff(index: int, old: RunPlan, new: RunPlan, same_rest: bool) -> RunDiff:
    names = _differing(old, new)
    moved = tuple(name for name, value in new.hyperparameters.items() if old.hyperparameters.get(name) != value)
    options = _differing(old.options, new.options)
    goes_on = same_rest and not {"optimizer", "options", "branch"}.intersection(names)
    if names == ("hyperparameters",):
        values = [new.hyperparameters[name] for name in moved]
    elif names == ("options",):
        values = [getattr(new.options, name) for name in options]
    else:
        values = [getattr(new, name) for name in names]
    continuous = bool(names) and "optimizer" not in names and _continuous(values)
    return RunDiff(index, goes_on, fields=names, hyperparameters=moved, options=options, continuous=continuous)


def _problem_diff(old: Problem, new: Problem) -> ProblemDiff:
    values = tuple(name for name in new.values if old.values.get(name) != new.values[name])
    same_space = (old.name, old.dimension) == (new.name, new.dimension)
    if not (values and old.name == new.name and old.parameters.keys() == new.parameters.keys()):
        if not same_space:
            return ProblemDiff("another", same_space=False)
        if old.formula != new.formula:
            return ProblemDiff("formula", continuous=True)
    sized = all(_sized(old.values.get(name), new.values[name]) for name in values)
    continuous = sized or _continuous(new.values[name] for name in values)
    return ProblemDiff("values" if values else "data", values, same_space, continuous)


def _differing(old: Any, new: Any) -> tuple[str, ...]:
    """The fields of a dataclass that differ between two of its objects."""
    return tuple(f.name for f in fields(new) if getattr(old, f.name) != getattr(new, f.name))


def _continuous(values: Iterable[object]) -> bool:
    """Return True for values such as a slider or a dragged point goes through, not one of a few to choose from."""
    return not any(isinstance(value, bool | str) for value in values)


def _sized(old: object, new: object) -> bool:
    """Return True where two texts differ in their numbers only, as those of layers of which one is made larger."""
    return isinstance(new, str) and re.sub(r"\d+", "0", str(old)) == re.sub(r"\d+", "0", new)

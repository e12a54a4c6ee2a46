"""The difference between an experiment and its edited version, as data that all views share."""

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
        kind: "another" problem, or the same problem with another "formula", other "values" or other "data".
        values: the names of the parameters whose values differ.
        same_space: True if name and dimension are equal, so that a point of one problem is a point of the other.
        continuous: True for a small change such as dragging a slider makes.
    """

    kind: Literal["another", "formula", "values", "data"]
    values: tuple[str, ...] = ()
    same_space: bool = True
    continuous: bool = False


@dataclass(frozen=True)
class RunDiff:
    """The difference between a run of the edited experiment and the same run before the edit.

    Attributes:
        before: the index of the run before the edit; None for an added run.
        goes_on: True if the existing run can continue, with changed hyperparameters at most.
        branched: True for an added run that is a branch.
        fields: the names of the fields of the plan that differ.
        hyperparameters: the names of the hyperparameters that differ.
        options: the names of the options that differ.
        continuous: True for a small change such as dragging a slider makes.
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
        """The names of the hyperparameters or options that differ if nothing else does, otherwise of the fields."""
        if self.fields == ("hyperparameters",):
            return self.hyperparameters
        return self.options if self.fields == ("options",) else self.fields


@dataclass(frozen=True)
class ExperimentDiff:
    """The difference between an experiment and its edited version; false if they are equal.

    Attributes:
        runs: a :class:`RunDiff` for each run of the edited experiment.
        removed: the indices, before the edit, of the runs that were removed.
        problem: the difference between the problems; None if they are equal.
        start: True if the starts differ.
        seed: True if the seeds differ.
        breakpoints: True if the breakpoints differ.
        limits: the names of the limits that differ.
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
        """The names of the fields of the experiment that differ, without the problem and the runs."""
        return tuple(name for name in ("start", "limits", "seed", "breakpoints") if getattr(self, name))

    @property
    def rearranged(self) -> bool:
        """True if runs were added, removed or moved."""
        return bool(self.removed) or any(run.before != i for i, run in enumerate(self.runs))

    @property
    def edited(self) -> tuple[int, ...]:
        """The indices of the runs whose plans have changed."""
        return tuple(i for i, run in enumerate(self.runs) if run.fields)

    @property
    def recomputed(self) -> tuple[int, ...]:
        """The indices of the runs whose steps would change if they were executed again from the start."""
        return tuple(i for i, run in enumerate(self.runs) if not run.goes_on or run.hyperparameters)

    @property
    def moves_only(self) -> bool:
        """True if only hyperparameters of runs that continue have changed, so that their traces remain valid."""
        same = not (self.problem or self.rearranged or self.fields)
        return same and all(run.goes_on and run.fields in ((), ("hyperparameters",)) for run in self.runs)

    @property
    def subject(self) -> tuple[object, ...]:
        """The part that was edited; it is equal for two edits of the same part."""
        if self.problem:
            return ("problem", "formula") if self.problem.kind == "formula" else ("problem", *self.problem.values)
        if self.rearranged or len(self.edited) > 1:
            return ("runs",)
        if self.edited:
            return ("run", self.edited[0], *self.runs[self.edited[0]].names)
        return ("experiment", *self.fields, *self.limits)

    @property
    def merges(self) -> bool:
        """True if successive edits of the same subject count as one, as when a slider is dragged."""
        if self.problem:
            return self.problem.continuous
        if self.rearranged or self.edited:
            return not self.rearranged and len(self.edited) == 1 and self.runs[self.edited[0]].continuous
        return self.fields in (("start",), ("limits",))

    def touches(self, index: int, *names: str) -> bool:
        """Return True if there is another run at an index, or if one of these fields of its plan differs.

        Args:
            index: the index of the run.
            names: fields of the plan; all fields if none are given.
        """
        if not 0 <= index < len(self.runs):
            return self.rearranged
        run = self.runs[index]
        return run.before != index or bool(set(names).intersection(run.fields) if names else run.fields)


def diff(before: Experiment, after: Experiment) -> ExperimentDiff:
    """Return the difference between an experiment and its edited version."""
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
    return one is other or one == other  # identity first: a network has 10⁵ numbers, usually the same object


def _matches(before: tuple[RunPlan, ...], after: tuple[RunPlan, ...]) -> list[int | None]:
    """Return the old index of each run: that of an equal plan, else its own index if the number of runs is the same."""
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
    """Return the names of the fields in which two objects of a dataclass differ."""
    return tuple(f.name for f in fields(new) if getattr(old, f.name) != getattr(new, f.name))


def _continuous(values: Iterable[object]) -> bool:
    """Return True for values that a slider or a dragged point passes through, False for choices."""
    return not any(isinstance(value, bool | str) for value in values)


def _sized(old: object, new: object) -> bool:
    """Return True if two texts differ in numbers only, as the texts of layers do when one is resized."""
    return isinstance(new, str) and re.sub(r"\d+", "0", str(old)) == re.sub(r"\d+", "0", new)

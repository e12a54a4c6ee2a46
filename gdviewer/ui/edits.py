"""Undo and redo: the experiment and its runs as they were before each edit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from time import perf_counter
from typing import Any, NamedTuple

from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.experiment import Experiment, RunPlan
from gdviewer.ui.text import tr

GESTURE_SECONDS = 1.0  # edits of one thing that follow each other in less are one
MOST_EDITS = 200
KEPT_BYTES = 2**29  # records of runs that are shown no more; where they take more, the oldest go


class Edited(NamedTuple):
    """What an edit has changed.

    Attributes:
        thing: what it is; two edits of the same thing are equal in it.
        text: what it is, in words.
        merges: whether edits of it that follow each other at once are one, as when a slider is dragged.
    """

    thing: tuple[object, ...]
    text: str
    merges: bool = True


@dataclass
class State:
    """What a session is about at one time.

    Attributes:
        runs: one for each plan; None where its record was dropped to save memory.
    """

    experiment: Experiment
    runs: list[Run | None]
    selected: int


class Edits:
    """The edits done, and those undone that can be done again."""

    def __init__(self) -> None:
        self._done: list[tuple[State, Edited]] = []
        self._undone: list[tuple[State, Edited]] = []
        self._last = -GESTURE_SECONDS

    @property
    def undo_text(self) -> str:
        """What :meth:`undo` would undo; empty where there is nothing."""
        return self._done[-1][1].text if self._done else ""

    @property
    def redo_text(self) -> str:
        """What :meth:`redo` would do again; empty where there is nothing."""
        return self._undone[-1][1].text if self._undone else ""

    def note(self, before: State, after: Experiment) -> bool:
        """Take note of an edit; tells whether it begins, and does not merely go on with the edit before it."""
        edited = difference(before.experiment, after)
        if edited is None:
            return False
        now = perf_counter()
        goes_on = edited.merges and self._done and self._done[-1][1].thing == edited.thing and not self._undone
        begins = not (goes_on and now - self._last < GESTURE_SECONDS)
        self._last = now
        if begins:
            self._undone.clear()
            self._done = [*self._done[1 - MOST_EDITS :], (before, edited)]
            self._drop_records(before.runs)
        return begins

    def undo(self, now: State) -> State | None:
        """The state before the last edit, to be taken in place of ``now``; None where there was no edit."""
        return self._move(self._done, self._undone, now)

    def redo(self, now: State) -> State | None:
        """The state that was undone last, to be taken in place of ``now``; None where there is none."""
        return self._move(self._undone, self._done, now)

    def replace_runs(self, others: Mapping[Run, Run]) -> None:
        """Take runs that were begun again in place of those they were, wherever these come back."""
        for state, _ in (*self._done, *self._undone):
            state.runs = [others.get(run, run) if run else None for run in state.runs]

    def _move(self, source: list[tuple[State, Edited]], target: list[tuple[State, Edited]], now: State) -> State | None:
        if not source:
            return None
        state, edited = source.pop()
        target.append((now, edited))
        self._last = -GESTURE_SECONDS
        return state

    def _drop_records(self, shown: Iterable[Run | None]) -> None:
        """Drop the oldest records where those that are only kept to come back take too much memory."""
        known, room = set(shown), KEPT_BYTES
        for state, _ in reversed(self._done):
            for i, run in enumerate(state.runs):
                if run and run not in known:
                    room -= run.trace.nbytes if run.begun else 0
                    known.add(run)
                if room < 0 and run not in set(shown):
                    state.runs[i] = None


def difference(before: Experiment, after: Experiment) -> Edited | None:
    """What differs between two experiments, as the one thing that a person has edited; None where nothing does."""
    if before.problem is not after.problem:
        return _problem_difference(before, after)
    if before.runs != after.runs:
        return _runs_difference(before.runs, after.runs)
    names = [f.name for f in fields(before) if getattr(before, f.name) != getattr(after, f.name)]
    if names == ["limits"]:
        old, new = vars(before.limits), vars(after.limits)
        limits = [name for name in new if old[name] != new[name]]
        return Edited(("limits", *limits), _words(limits))
    return Edited(("experiment", *names), _words(names), names == ["start"]) if names else None


def _problem_difference(before: Experiment, after: Experiment) -> Edited:
    old, new = before.problem, after.problem
    names = [name for name in new.values if old.values.get(name) != new.values[name]]
    set_only = old.name == new.name and old.parameters.keys() == new.parameters.keys() and names
    if not set_only and (old.name != new.name or old.dimension != new.dimension):
        return Edited(("problem",), tr("{problem} in place of {other}", problem=new.title, other=old.title), False)
    if not set_only and old.formula != new.formula:
        return Edited(("problem", "formula"), tr("formula"))
    what = tr("{what} of {whose}", what=_words(names), whose=new.title) if names else tr("data")
    merges = all(_sized(old.values.get(name), new.values[name]) for name in names)
    return Edited(("problem", *names), what, merges or _continuous(new.values[name] for name in names))


def _runs_difference(before: tuple[RunPlan, ...], after: tuple[RunPlan, ...]) -> Edited:
    added, gone = [p for p in after if p not in before], [p for p in before if p not in after]
    if len(after) > len(before):
        if len(added) == 1 and (branch := added[0].branch):
            return Edited((), tr("continue from step {step}", step=f"{branch.step:,}"), False)
        what = added[0].optimizer.title if len(added) == 1 else tr("{n} runs", n=len(after) - len(before))
        return Edited((), tr("add {what}", what=what), False)
    if len(after) < len(before):
        return Edited((), tr("remove {what}", what=gone[0].optimizer.title if len(gone) == 1 else tr("runs")), False)
    changed = [i for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    if len(changed) > 1:
        return Edited(("runs",), tr("runs"), False)
    old, new = before[changed[0]], after[changed[0]]
    whose = new.optimizer.title
    if old.optimizer is not new.optimizer:
        if old.optimizer.title == whose:
            return Edited((), tr("a new version of {what}", what=whose), False)
        return Edited((), tr("{optimizer} in place of {other}", optimizer=whose, other=old.optimizer.title), False)
    names = [f.name for f in fields(old) if getattr(old, f.name) != getattr(new, f.name)]
    if names == ["visible"]:
        shown = tr("show {what}", what=whose) if new.visible else tr("hide {what}", what=whose)
        return Edited((), shown, False)
    if names == ["hyperparameters"]:
        values = new.hyperparameters
        names = [name for name in values if old.hyperparameters[name] != values[name]]
    elif names == ["options"]:
        values = vars(new.options)
        names = [name for name in values if vars(old.options)[name] != values[name]]
    else:
        values = vars(new)
    what = tr("{what} of {whose}", what=_words(names), whose=whose)
    return Edited(("run", changed[0], *names), what, _continuous(values[name] for name in names))


def _words(names: Iterable[str]) -> str:
    return ", ".join(tr(name.replace("_", " ")) for name in names)


def _continuous(values: Iterable[Any]) -> bool:
    """Whether values are such as a slider or a dragged point goes through, not one of a few to choose from."""
    return not any(isinstance(value, (bool, str)) for value in values)


def _sized(old: Any, new: Any) -> bool:
    """Whether two texts differ in their numbers only, as those of layers of which one is made larger."""
    return isinstance(new, str) and re.sub(r"\d+", "0", str(old)) == re.sub(r"\d+", "0", new)


def goes_on(before: Experiment, old: RunPlan, after: Experiment, new: RunPlan) -> bool:
    """Whether a run made for one plan can go on under another, at most with its hyperparameters moved."""
    return (
        before.problem is after.problem
        and before.seed == after.seed
        and old.optimizer is new.optimizer
        and old.options == new.options
        and old.branch == new.branch
        and before.start_of(old) == after.start_of(new)
    )


def matching_runs(before: Experiment, runs: Sequence[Run], after: Experiment) -> list[Run]:
    """The runs of an edited experiment: those of the one before, where they can go on, and new ones."""
    kept = list(zip(before.runs, runs, strict=True))
    found = []
    for index, plan in enumerate(after.runs):
        pair = next((pair for pair in kept if pair[0] is plan), None)
        if pair is None and index < len(before.runs) and len(before.runs) == len(after.runs):
            pair = next((pair for pair in kept if pair[0] is before.runs[index]), None)
        if pair and goes_on(before, pair[0], after, plan):
            kept.remove(pair)
            take_hyperparameters(pair[1], plan)
            found.append(pair[1])
        else:
            found.append(after.build(plan))
    return found


def take_limits(run: Run, limits: Limits) -> None:
    """Let other limits hold from now on; a run goes on if it was ended by one of those that changed."""
    ended_by = run.stop.reason.limit if run.stop else None
    if ended_by and getattr(run.limits, ended_by) != getattr(limits, ended_by):
        run.resume(limits)
    else:
        run.limits = limits


def shown_again(state: State) -> list[Run]:
    """The runs of a state, ready to go on: those whose record was dropped are begun again, and hyperparameters that
    were moved since are moved back."""
    runs = []
    for plan, run in zip(state.experiment.runs, state.runs, strict=True):
        run = run or state.experiment.build(plan)
        take_hyperparameters(run, plan)
        runs.append(run)
    return runs


def take_hyperparameters(run: Run, plan: RunPlan) -> None:
    """Move the hyperparameters of a run under way to those of its plan."""
    for name, value in plan.hyperparameters.items():
        if run.upcoming[name] != value:
            run.change(name, value)

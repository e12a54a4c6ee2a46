"""Undo and redo: the experiment and its runs before each edit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import NamedTuple

from gdviewer.engine.run.run import Run
from gdviewer.experiment.diff import ExperimentDiff, ProblemDiff
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.text import tr

GESTURE_SECONDS = 1.0  # edits of the same value within this time are one edit
MAX_EDITS = 200
KEPT_BYTES = 2**29  # limit for records of runs that are not shown; the oldest are dropped first


class Edited(NamedTuple):
    """An edit: its subject and its text."""

    subject: tuple[object, ...]
    text: str


@dataclass
class State:
    """The state of a session before or after an edit.

    Attributes:
        experiment: the experiment; selected: the index of the selected run.
        runs: a run for each plan; None if its record was dropped to save memory.
    """

    experiment: Experiment
    runs: list[Run | None]
    selected: int


class UndoHistory:
    """The edits that can be undone and redone."""

    def __init__(self) -> None:
        self._done: list[tuple[State, Edited]] = []
        self._undone: list[tuple[State, Edited]] = []
        self._last = -GESTURE_SECONDS

    @property
    def undo_text(self) -> str:
        """The text of the edit that :meth:`undo` undoes; empty if there is none."""
        return self._done[-1][1].text if self._done else ""

    @property
    def redo_text(self) -> str:
        """The text of the edit that :meth:`redo` repeats; empty if there is none."""
        return self._undone[-1][1].text if self._undone else ""

    def record(self, before: State, after: Experiment, diff: ExperimentDiff) -> bool:
        """Record an edit; return True if it is a new one and does not merge with the previous edit."""
        now = perf_counter()
        merges = diff.merges and self._done and self._done[-1][1].subject == diff.subject and not self._undone
        begins = not (merges and now - self._last < GESTURE_SECONDS)
        self._last = now
        if begins:
            self._undone.clear()
            edited = Edited(diff.subject, edit_text(before.experiment, after, diff))
            self._done = [*self._done[1 - MAX_EDITS :], (before, edited)]
            self._drop_records(before.runs)
        return begins

    def undo(self, now: State) -> State | None:
        """Return the state before the last edit, which replaces ``now``; None if there is no edit."""
        return self._move(self._done, self._undone, now)

    def redo(self, now: State) -> State | None:
        """Return the state that was undone last, which replaces ``now``; None if there is none."""
        return self._move(self._undone, self._done, now)

    def replace_runs(self, others: Mapping[Run, Run]) -> None:
        """Replace runs by others in all states."""
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
        """Drop the oldest records if those of runs that are not shown use too much memory."""
        known, room = set(shown), KEPT_BYTES
        for state, _ in reversed(self._done):
            for i, run in enumerate(state.runs):
                if run and run not in known:
                    room -= run.trace.nbytes if run.begun else 0
                    known.add(run)
                if room < 0 and run not in set(shown):
                    state.runs[i] = None


def edit_text(before: Experiment, after: Experiment, diff: ExperimentDiff) -> str:
    """Return the text of an edit: what the user has changed."""
    if diff.problem:
        return _problem_text(before, after, diff.problem)
    if diff.rearranged or diff.edited:
        return _runs_text(before.runs, after.runs, diff)
    return _words(diff.limits if diff.fields == ("limits",) else diff.fields)


def _problem_text(before: Experiment, after: Experiment, diff: ProblemDiff) -> str:
    old, new = before.problem.title, after.problem.title
    if diff.kind == "another":
        return tr("{problem} instead of {other}", problem=new, other=old)
    if diff.kind == "values":
        return tr("{what} of {whose}", what=_words(diff.values), whose=new)
    return tr("formula") if diff.kind == "formula" else tr("data")


def _runs_text(before: tuple[RunPlan, ...], after: tuple[RunPlan, ...], diff: ExperimentDiff) -> str:
    added = [i for i, run in enumerate(diff.runs) if run.before is None]
    if len(after) > len(before):
        if len(added) == 1 and diff.runs[added[0]].branched and (branch := after[added[0]].branch):
            return tr("continue from step {step}", step=f"{branch.step:,}")
        what = after[added[0]].optimizer.title if len(added) == 1 else tr("{n} runs", n=len(after) - len(before))
        return tr("add {what}", what=what)
    if len(after) < len(before):
        gone = [before[i].optimizer.title for i in diff.removed]
        return tr("remove {what}", what=gone[0] if len(gone) == 1 else tr("runs"))
    if diff.rearranged or len(diff.edited) > 1:
        return tr("runs")
    index = diff.edited[0]
    old, new, run = before[index], after[index], diff.runs[index]
    whose = new.optimizer.title
    if "optimizer" in run.fields:
        if old.optimizer.title == whose:
            return tr("a new version of {what}", what=whose)
        return tr("{optimizer} instead of {other}", optimizer=whose, other=old.optimizer.title)
    if run.fields == ("visible",):
        return tr("show {what}", what=whose) if new.visible else tr("hide {what}", what=whose)
    return tr("{what} of {whose}", what=_words(run.names), whose=whose)


def _words(names: Iterable[str]) -> str:
    return ", ".join(tr(name.replace("_", " ")) for name in names)

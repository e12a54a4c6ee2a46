"""*What if*: edits recompute the runs, and the previous runs are shown as ghosts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

from gdviewer.engine.record.events import Change
from gdviewer.engine.run.run import Run
from gdviewer.engine.worker.worker import Late
from gdviewer.experiment.diff import ExperimentDiff
from gdviewer.experiment.experiment import Experiment, Records
from gdviewer.experiment.plan import RunPlan
from gdviewer.ui.session.carried_runs import move_hyperparameters

PATIENCE_SECONDS = 0.1  # runs that take longer are shown while they are computed


class WhatIf:
    """Computes runs again in the background and shows them when they have as many steps as before.

    Newer edits wait until the runs are computed; then only the last one is computed.

    Attributes:
        on: True if edits recompute the runs.
        ghosts: the runs before the current gesture, with their plans.
        late: the runs that do not have all their steps yet.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self.on = False
        self.ghosts: list[tuple[RunPlan, Run]] = []
        self.late: list[Late] = []
        self._outdated: set[int] = set()  # the indices of the runs edited since
        self._before: tuple[Experiment, list[Run]] | None = None  # the state at the start of the gesture
        self._wanted: Experiment | None = None  # the experiment to be computed next
        self._coming: tuple[list[Run], float] | None = None  # the runs being computed, and since when
        self._goals: dict[int, int] = {}  # the number of steps of each run

    @property
    def pending(self) -> bool:
        """True if runs remain to be computed."""
        return bool(self._wanted or self._coming or self.late)

    @property
    def hidden(self) -> bool:
        """True if runs are being computed that are not shown yet."""
        return self._coming is not None

    def handles(self, diff: ExperimentDiff) -> bool:
        """Return True if an edit recomputes runs and does not add, remove or reorder them."""
        comparable = diff.problem is None or diff.problem.same_space
        return self.on and comparable and not diff.rearranged and bool(diff.recomputed)

    def take(
        self, before: Experiment, after: Experiment, diff: ExperimentDiff, runs: Sequence[Run], begins: bool
    ) -> None:
        """Accept an edit.

        Args:
            before: the experiment before the edit.
            after: the experiment after it.
            diff: their difference.
            runs: the runs that are shown.
            begins: True if the edit begins a new gesture.
        """
        self._outdated.update(diff.recomputed)
        if begins or self._before is None:
            self._before = before, list(runs)
            self.ghosts = []
        for i in diff.recomputed:
            plan, run = self._before[0].runs[i], self._before[1][i]
            if run.begun and run.step and run not in (ghost for _, ghost in self.ghosts):
                self.ghosts.append((plan, run))
        self._wanted = after

    def next_runs(self, runs: list[Run], idle: bool) -> list[Run]:
        """Return the runs to show: ``runs`` while others are computed.

        Args:
            runs: the runs that are shown.
            idle: True if the worker is idle; otherwise it may be using the runs.
        """
        if self._coming:
            coming, since = self._coming
            if (idle and not self._late_now()) or perf_counter() - since > PATIENCE_SECONDS:
                self._coming, runs = None, coming
        if idle:
            self._late_now()
            if self._wanted and not self._coming:
                self._begin(runs)
        return runs

    def flush(self, runs: list[Run]) -> list[Run]:
        """Return the runs of the newest edit, even if they are not computed completely; that continues."""
        if self._coming:
            runs, _ = self._coming
            self._coming = None
        if self._wanted:
            runs = self._begin(runs)
            self._coming = None
        return runs

    def forget(self) -> None:
        """Forget the current gesture, its ghosts and the numbers of steps."""
        self.ghosts, self._before, self._wanted, self._coming = [], None, None, None
        self._outdated.clear()
        self._goals.clear()
        self.late = []

    def keep(self, runs: Sequence[Run]) -> bool:
        """End the gesture if its runs are computed, and forget other runs; return True if there were ghosts."""
        if self._wanted or self._coming:
            return False
        had, self.ghosts, self._before = bool(self.ghosts), [], None
        self.late = [late for late in self.late if late.run in runs]
        self._goals.clear()
        return had

    def _late_now(self) -> list[Late]:
        """Return the runs that are still late; the others get the hyperparameters of their plans."""
        for late in self.late:
            if late.done and late.plan:
                move_hyperparameters(late.run, late.plan)
        self.late = [late for late in self.late if not late.done]
        return self.late

    def _begin(self, runs: list[Run]) -> list[Run]:
        """Build the runs of the newest edit and return them; those that differ are computed."""
        experiment, self._wanted = self._wanted, None
        if experiment is None or self._before is None:
            return runs
        steps = max((run.step for run in runs), default=0)
        for i, run in enumerate(runs):
            # A run that has stopped needs one more step to stop again.
            self._goals[i] = max(self._goals.get(i, 0), steps + 1 if run.stop and not run.at_breakpoint else run.step)
        coming = list(runs)
        for i in sorted(self._outdated):
            late = self._again(experiment, self._before, i)
            self.late = [other for other in self.late if other.run is not coming[i]]
            self.late.append(late)
            coming[i] = late.run
        self._outdated.clear()
        self._coming = coming, perf_counter()
        return coming

    def _again(self, experiment: Experiment, before: tuple[Experiment, list[Run]], i: int) -> Late:
        """Build a run from its start with the edited values; other changes during the run are repeated."""
        plan, (earlier, runs) = experiment.runs[i], before
        old, run = earlier.runs[i], runs[i]
        values = dict(plan.hyperparameters)
        changes: tuple[Change, ...] = ()
        if plan.optimizer == old.optimizer:
            initial, moved = run.hyperparameters_since(run.step + 1)
            kept = {name for name, value in values.items() if value == old.hyperparameters[name]}
            values |= {name: initial[name] for name in kept}
            changes = tuple(change for change in moved if change.name in kept)
        again = experiment.build(replace(plan, hyperparameters=values), self._records)
        return Late(again, self._goals[i], changes, plan)

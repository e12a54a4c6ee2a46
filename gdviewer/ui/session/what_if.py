"""What if: edits recompute the runs so far, and what they were before is shown as a ghost."""

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

PATIENCE_SECONDS = 0.1  # what takes longer is shown as far as it is, and goes on before one's eyes


class WhatIf:
    """Runs that are computed again, unseen, until they have as many steps as before; then they are shown.

    While some are computed, newer edits wait, and the last one is computed next.

    Attributes:
        on: whether edits recompute the runs.
        ghosts: the runs as they were before the edit that goes on, with their plans.
        late: the runs that are short of the steps they are to have.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self.on = False
        self.ghosts: list[tuple[RunPlan, Run]] = []
        self.late: list[Late] = []
        self._outdated: set[int] = set()  # the runs that were edited since those shown, or computed, were made
        self._before: tuple[Experiment, list[Run]] | None = None  # the gesture began with these
        self._wanted: Experiment | None = None  # what runs are to be made for next …
        self._coming: tuple[list[Run], float] | None = None  # … and those that are computed, since when
        self._goals: dict[int, int] = {}  # how many steps each run is to have

    @property
    def pending(self) -> bool:
        """Whether something is still to be computed."""
        return bool(self._wanted or self._coming or self.late)

    @property
    def hidden(self) -> bool:
        """Whether runs are computed that are not shown yet."""
        return self._coming is not None

    def handles(self, diff: ExperimentDiff) -> bool:
        """Whether an edit is one that recomputes runs, each of which stays what it is."""
        comparable = diff.problem is None or diff.problem.same_space
        return self.on and comparable and not diff.rearranged and bool(diff.recomputed)

    def take(
        self, before: Experiment, after: Experiment, diff: ExperimentDiff, runs: Sequence[Run], begins: bool
    ) -> None:
        """Take an edit; ``runs`` are those shown, and ``begins`` tells that it does not go on with the one before."""
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
        """The runs to show from now on, which are ``runs`` while others are computed.

        Args:
            idle: whether the worker is; else nothing it may be at is touched.
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
        """The runs to show so that they are those of the newest edit, computed or not; what is late goes on."""
        if self._coming:
            runs, _ = self._coming
            self._coming = None
        if self._wanted:
            self._begin(runs)
            runs, _ = self._coming
            self._coming = None
        return runs

    def forget(self) -> None:
        """Let go of the edit that goes on, and of its ghosts; how many steps there were, too."""
        self.ghosts, self._before, self._wanted, self._coming = [], None, None, None
        self._outdated.clear()
        self._goals.clear()
        self.late = []

    def keep(self, runs: Sequence[Run]) -> bool:
        """Let go of the edit that went on, if it is over, and of what is not about these runs; tells whether there were
        ghosts."""
        if self._wanted or self._coming:
            return False
        had, self.ghosts, self._before = bool(self.ghosts), [], None
        self.late = [late for late in self.late if late.run in runs]
        self._goals.clear()
        return had

    def _late_now(self) -> list[Late]:
        """Those that are late still; one that is not any more has the hyperparameters of its plan from now on."""
        for late in self.late:
            if late.done and late.plan:
                move_hyperparameters(late.run, late.plan)
        self.late = [late for late in self.late if not late.done]
        return self.late

    def _begin(self, runs: list[Run]) -> None:
        """Make the runs of the newest edit, to be computed in place of those that differ."""
        experiment, self._wanted = self._wanted, None
        steps = max((run.step for run in runs), default=0)
        for i, run in enumerate(runs):
            # One that has ended is given the step that shows it.
            self._goals[i] = max(self._goals.get(i, 0), steps + 1 if run.stop and not run.at_breakpoint else run.step)
        coming = list(runs)
        for i in sorted(self._outdated):
            late = self._again(experiment, i)
            self.late = [other for other in self.late if other.run is not coming[i]]
            self.late.append(late)
            coming[i] = late.run
        self._outdated.clear()
        self._coming = coming, perf_counter()

    def _again(self, experiment: Experiment, i: int) -> Late:
        """A run from its beginning, with what was edited as it is now; what was moved on the way else, is again."""
        plan, (before, runs) = experiment.runs[i], self._before
        old, run = before.runs[i], runs[i]
        values, changes = dict(plan.hyperparameters), ()
        if plan.optimizer == old.optimizer:
            initial, moved = run.hyperparameters_since(run.step + 1)
            kept = {name for name, value in values.items() if value == old.hyperparameters[name]}
            values |= {name: initial[name] for name in kept}
            changes: tuple[Change, ...] = tuple(change for change in moved if change.name in kept)
        again = experiment.build(replace(plan, hyperparameters=values), self._records)
        return Late(again, self._goals[i], changes, plan)

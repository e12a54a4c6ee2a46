"""The session: the state of a window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import STOPPED_BY_USER, Reason
from gdviewer.experiment.diff import ExperimentDiff, diff
from gdviewer.experiment.experiment import Experiment, Records
from gdviewer.experiment.plan import RunPlan
from gdviewer.ui.session.arrow_set import ArrowSet
from gdviewer.ui.session.carried_runs import apply_stop_rules, brought_back, carried_over
from gdviewer.ui.session.cursor import Cursor
from gdviewer.ui.session.pins import Pins
from gdviewer.ui.session.player import Player
from gdviewer.ui.session.undo import State, UndoHistory
from gdviewer.ui.session.user_rules import UserRules
from gdviewer.ui.session.what_if import WhatIf


class Session(QObject):
    """Holds an experiment and its runs, and replaces them when the experiment is edited.

    Views read ``run.trace`` at the cursor in each :attr:`frame`; there is no signal per step. When an edit replaces
    runs or selects another one, ``experiment``, ``runs`` and ``selected`` have their new values in all signals. The
    order of these is problem, experiment, selection, runs, frame.

    Attributes:
        experiment: the experiment; :meth:`edit` replaces it.
        runs: a run for each plan of the experiment.
        selected: the index of the run that the controls edit.
        cursor: the step that the views show.
        player: plays, pauses and steps the runs.
        undo_history: the edits that can be undone and redone.
        what_if: recomputes runs after an edit.
        records: the runs that branches continue.
        user_rules: the optimizers that the user has written.
        arrows: the arrows of all panels.
        pins: the values of rules that are drawn as arrows and curves.

    Signals:
        experiment_changed: the experiment was edited; with the :class:`ExperimentDiff`.
        problem_changed: the problem was replaced; emitted before :attr:`experiment_changed`.
        runs_changed: the list of runs, or a run in it, was replaced.
        selection_changed: another run is selected.
        frame: the views must read the traces again.
    """

    experiment_changed = Signal(object)
    problem_changed = Signal()
    runs_changed = Signal()
    selection_changed = Signal()
    frame = Signal()

    def __init__(self, experiment: Experiment, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.experiment = experiment
        self.records = Records()
        self.runs: list[Run] = [experiment.build(plan, self.records) for plan in experiment.runs]
        self.selected = 0
        self.undo_history = UndoHistory()
        self.what_if = WhatIf(self.records)
        self._unshown: list[ExperimentDiff] = []  # edits whose runs are not computed yet
        self.arrows = ArrowSet(self)
        self.cursor = Cursor(self, self)
        self.player = Player(self, self.cursor, self.what_if, self)
        self.user_rules = UserRules(self, self.player, self)
        self.pins = Pins(self, self.cursor, self.player, self)

    def edit(self, experiment: Experiment) -> None:
        """Replace the experiment; runs continue if they can, else they restart.

        A changed hyperparameter applies from the next step and is marked in the trace. Changed limits apply at once.
        Another problem, start or optimizer, or other options, restart the run. While :attr:`what_if` is on, changed
        runs are computed again up to the same step.
        """
        change = diff(self.experiment, experiment)
        if not change:
            return
        if change.problem is None:
            experiment = replace(experiment, problem=self.experiment.problem)  # the object that the runs have
        state = self._state()
        begins = self.undo_history.record(state, experiment, change)
        if begins:
            self._show_newest_runs()
            state.runs = list(self.runs)
        if self.what_if.handles(change):
            self.what_if.take(self.experiment, experiment, change, self.runs, begins)
            self.experiment = experiment
            if change not in self._unshown:  # announced when the runs are shown
                self._unshown.append(change)
            self._apply_stop_rules()
            self.player.clock.start()
        else:
            self._show_newest_runs()
            self._adopt(experiment, carried_over(self.runs, experiment, change, self.records), change, self.selected)

    def restart_runs(self, experiment: Experiment) -> None:
        """Restart the runs whose rules are other objects in an experiment that is equal to the current one."""
        pairs = list(zip(experiment.runs, self.runs, strict=True))
        stale = [run.optimizer == plan.optimizer and run.optimizer is not plan.optimizer for plan, run in pairs]
        if any(stale):
            runs = [
                experiment.build(plan, self.records) if again else run
                for again, (plan, run) in zip(stale, pairs, strict=True)
            ]
            self._adopt(experiment, runs, diff(self.experiment, experiment), self.selected)

    def change_run(self, index: int, **changes: object) -> None:
        """Edit fields of the plan of one run."""
        self.edit(self.experiment.with_run(index, **changes))

    def set_start(self, start: tuple[float, ...], index: int | None = None) -> None:
        """Set the common start, or that of run ``index`` alone."""
        self.edit(replace(self.experiment, start=start)) if index is None else self.change_run(index, start=start)

    def select(self, index: int) -> None:
        """Select the run that the controls edit."""
        if index != self.selected:
            self.selected = index
            self.selection_changed.emit()

    def undo(self) -> None:
        """Undo the last edit of the experiment and restore its runs.

        A removed run is restored with its record. In a run that continues, a hyperparameter is changed back.
        """
        self._restore(self.undo_history.undo)

    def redo(self) -> None:
        """Repeat the edit that was undone last."""
        self._restore(self.undo_history.redo)

    def set_what_if(self, on: bool) -> None:
        """Set whether edits recompute the runs from their start or apply from the next step."""
        self._show_newest_runs()
        self.what_if.on = on
        self.what_if.keep(self.runs)
        self.runs_changed.emit()
        self.frame.emit()

    @property
    def shown(self) -> list[tuple[RunPlan, Run]]:
        """The runs that are drawn, with their plans; ghosts of *What if* come first."""
        return [*self.what_if.ghosts, *zip(self.experiment.runs, self.runs, strict=True)]

    def _show_newest_runs(self) -> None:
        """Show the runs of the newest edit, even if they are not computed completely."""
        self.show_runs(self.what_if.flush(self.runs))

    def show_runs(self, runs: list[Run]) -> None:
        """Replace the runs by others of the same plans."""
        changed, self.runs = runs is not self.runs, runs
        if changed:
            unshown, self._unshown = self._unshown, []
            for change in unshown:
                self._announce(change)
            self.runs_changed.emit()

    def _announce(self, change: ExperimentDiff) -> None:
        if change.problem:
            self.problem_changed.emit()
        self.experiment_changed.emit(change)

    def _state(self) -> State:
        return State(self.experiment, list(self.runs), self.selected)

    def _restore(self, move: Callable[[State], State | None]) -> None:
        self._show_newest_runs()
        state = move(self._state())
        if state:
            runs = brought_back(state.runs, state.experiment, self.records)
            self._adopt(state.experiment, runs, diff(self.experiment, state.experiment), state.selected)

    def _apply_stop_rules(self) -> None:
        for run in self.runs:
            apply_stop_rules(run, self.experiment)

    def _adopt(self, experiment: Experiment, runs: list[Run], change: ExperimentDiff, selected: int) -> None:
        """Replace the experiment and its runs."""
        self.experiment = experiment
        fresh = [run for run in runs if run not in self.runs]
        for run in self.runs:
            if run not in runs and not run.stop:
                run.halt(STOPPED_BY_USER)
        for run in fresh:
            if run.stop and run.stop.reason is Reason.USER:
                run.resume()
        changed, self.runs = runs != self.runs, runs
        changed |= self.what_if.keep(runs)
        before, self.selected = self.selected, max(0, min(selected, len(runs) - 1))
        self._apply_stop_rules()
        if any(not (run.begun or run.origin) for run in fresh):
            self.cursor.reset()
        if fresh:
            self.player.clock.start()
        self._announce(change)
        if self.selected != before:
            self.selection_changed.emit()
        if changed:
            self.runs_changed.emit()
        if changed or not change.moves_only:
            self.frame.emit()

    def branch_at_cursor(self) -> RunPlan:
        """Return the plan of a run that continues the selected one from the step at the cursor."""
        self._show_newest_runs()
        run = self.runs[self.selected]
        # A run that has not begun branches off where its plan says.
        at = self.cursor.position(run) if run.begun else min(self.cursor.step, run.branch_step)
        plan = self.experiment.runs[self.selected].continued(run, at)
        if plan.branch:
            self.records.add(plan.branch, run)
        return plan

    def reset(self) -> None:
        """Restart all runs, from their start or branch step, with the current hyperparameters."""
        self.player.stop()
        for run in self.runs:
            run.halt(STOPPED_BY_USER)
        self.cursor.reset()
        self.what_if.forget()
        runs = [self.experiment.build(plan, self.records) for plan in self.experiment.runs]
        self.undo_history.replace_runs(dict(zip(self.runs, runs, strict=True)))
        self.player.clock.start()
        self.show_runs(runs)
        self.frame.emit()

    def close(self) -> None:
        """Stop the runs and end all threads."""
        for run in self.runs:
            if not run.stop:
                run.halt(STOPPED_BY_USER)
        self.player.close()
        self.pins.close_threads()
        self.user_rules.close()

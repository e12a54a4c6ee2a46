"""The experiment of the window, its runs, and what an edit does to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import STOPPED_BY_USER, Reason
from gdviewer.experiment.experiment import Experiment, RunPlan
from gdviewer.ui.edits import Edits, State, matching_runs, shown_again, take_limits
from gdviewer.ui.what_if import WhatIf


class Document(QObject):
    """Holds the experiment and its runs, and takes edits of it.

    Signals:
        experiment_changed: the experiment was replaced by :meth:`edit`.
        runs_changed: the list of runs, or one of them, is another object now.
        frame: look at the traces again.
    """

    experiment_changed = Signal()
    runs_changed = Signal()
    frame = Signal()

    def __init__(self, experiment: Experiment, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.experiment = experiment
        self.runs: list[Run] = [experiment.build(plan) for plan in experiment.runs]
        self.selected = 0
        self.edits = Edits()
        self.what_if = WhatIf()
        self._untold = False  # whether views have yet to be told of an edit

    def take_up(self, anew: bool) -> None:
        """There are runs now that want to be stepped; ``anew`` tells that some of them begin at their start."""
        raise NotImplementedError

    def edit(self, experiment: Experiment) -> None:
        """Replace the experiment; runs go on where they can, and begin again where they can't.

        A hyperparameter moves in the run under way and is marked in its trace; other limits hold from now on; another
        problem, start, optimizer, or other options make a new run. With :attr:`what_if` on, what is not the same any
        more is computed again as far as it was.
        """
        state = self._state()
        begins = self.edits.note(state, experiment)
        if begins:
            self.take_newest_runs()
            state.runs = list(self.runs)
        if self.what_if.handles(self.experiment, experiment):
            self.what_if.take(self.experiment, experiment, self.runs, begins)
            self.experiment, self._untold = experiment, True  # views are told when the runs are there to be shown
            self._take_rules()
            self.take_up(anew=False)
        else:
            self.take_newest_runs()
            self._adopt(experiment, matching_runs(self.experiment, self.runs, experiment))

    def change_run(self, index: int, **changes: object) -> None:
        """Edit fields of one run's plan."""
        self.edit(self.experiment.with_run(index, **changes))

    def set_start(self, start: tuple[float, ...], index: int | None = None) -> None:
        """Move the common start, or that of run ``index`` alone."""
        if index is None:
            self.edit(replace(self.experiment, start=start))
        else:
            self.change_run(index, start=start)

    def select(self, index: int) -> None:
        """Choose the run that the controls edit."""
        if index != self.selected:
            self.selected = index
            self.experiment_changed.emit()

    def undo(self) -> None:
        """Take back the last edit: the experiment and its runs are what they were before.

        A run that is gone comes back with its record; in one that is there still, a hyperparameter is moved back.
        """
        self._take_back(self.edits.undo)

    def redo(self) -> None:
        """Do again what was undone."""
        self._take_back(self.edits.redo)

    def set_what_if(self, on: bool) -> None:
        """Whether edits recompute the runs so far; without, they hold from now on."""
        self.take_newest_runs()
        self.what_if.on = on
        self.what_if.keep(self.runs)
        self.runs_changed.emit()
        self.frame.emit()

    @property
    def shown(self) -> list[tuple[RunPlan, Run]]:
        """The runs as they are drawn, with their plans: those there were before what is tried out come first."""
        return [*self.what_if.ghosts, *zip(self.experiment.runs, self.runs, strict=True)]

    def take_newest_runs(self) -> None:
        """Show the runs that are still computed for the newest edit, as far as they are."""
        self.show_runs(self.what_if.flush(self.runs))

    def show_runs(self, runs: list[Run]) -> None:
        """Show runs that were computed again in place of those there are."""
        changed, self.runs = runs is not self.runs, runs
        if changed and self._untold:
            self._untold = False
            self.experiment_changed.emit()
        if changed:
            self.runs_changed.emit()

    def begin_again(self) -> None:
        """Begin all runs again, at their start or where they leave another."""
        self.what_if.forget()
        before, self.runs = self.runs, [self.experiment.build(plan) for plan in self.experiment.runs]
        self.edits.replace_runs(dict(zip(before, self.runs, strict=True)))

    def _state(self) -> State:
        return State(self.experiment, list(self.runs), self.selected)

    def _take_back(self, move: Callable[[State], State | None]) -> None:
        self.take_newest_runs()
        state = move(self._state())
        if state:
            self.selected = state.selected
            self._adopt(state.experiment, shown_again(state))

    def _take_rules(self) -> None:
        """Let the experiment's limits and breakpoints hold for the runs there are."""
        for run in self.runs:
            take_limits(run, self.experiment.limits)
            run.breakpoints = self.experiment.breakpoints

    def _adopt(self, experiment: Experiment, runs: list[Run]) -> None:
        """Take an experiment and its runs in place of those there are."""
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
        self.selected = max(0, min(self.selected, len(runs) - 1))
        self._take_rules()
        if fresh:
            self.take_up(anew=any(not (run.begun or run.origin) for run in fresh))
        self.experiment_changed.emit()
        if changed:
            self.runs_changed.emit()
        self.frame.emit()

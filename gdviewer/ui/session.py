"""The subject of a window: the experiment, its runs, edits of them, the clock that drives them, and the cursor."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

from PySide6.QtCore import QCoreApplication, QEventLoop, QObject, Signal
from PySide6.QtGui import QGuiApplication

from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import STOPPED_BY_USER, Reason
from gdviewer.engine.worker.watchdog import Watchdog
from gdviewer.engine.worker.worker import Worker
from gdviewer.experiment.diff import ExperimentDiff, diff
from gdviewer.experiment.experiment import Experiment, Records
from gdviewer.experiment.plan import RunPlan
from gdviewer.ui.arrows import ArrowSet
from gdviewer.ui.carried_runs import apply_stop_rules, brought_back, carried_over
from gdviewer.ui.clock import FRAME_MS, Clock
from gdviewer.ui.edits import Edits, State
from gdviewer.ui.own_rules import OwnRules
from gdviewer.ui.pace import Pace
from gdviewer.ui.what_if import WhatIf

BURST_SECONDS = 4e-3, 12e-3  # a burst takes what drawing leaves of the frame, between these
WHAT_IF_SECONDS = 25e-3  # a burst that computes runs again: most are done within it …
POLL_MS = 3  # … and are shown as soon as they are


class Session(QObject):
    """Holds the experiment and its runs, takes edits of it, and steps the runs, a burst a frame.

    Views show ``(run.trace, position)`` at each :attr:`frame`; nothing is signalled per step. Where an edit replaces
    runs or selects another one, ``experiment``, ``runs`` and ``selected`` are the new ones in all signals; these come
    in the order problem, experiment, selection, runs, frame.

    Attributes:
        experiment, runs: the experiment, which :meth:`edit` replaces, and a run for each of its plans.
        selected: the index of the run that the controls edit.
        edits: the edits that can be undone.
        records: the runs that branches continue.
        what_if: the runs that are computed again because of an edit.
        clock, pace: when frames are due, and how many steps.
        own_rules: the user's rules.
        arrows: the arrows of panels that the plots draw.

    Signals:
        experiment_changed: the experiment was edited; with the :class:`ExperimentDiff`.
        problem_changed: the problem is another one; emitted before :attr:`experiment_changed`.
        runs_changed: the list of runs, or one of them, is another object now.
        selection_changed: another run is selected.
        frame: look at the traces again.
        playing_changed: started or paused.
        cursor_moved: another step is looked at.
        breakpoint_hit: the runs were paused by one, and which run it was that hit it.
    """

    experiment_changed = Signal(object)
    problem_changed = Signal()
    runs_changed = Signal()
    selection_changed = Signal()
    frame = Signal()
    playing_changed = Signal(bool)
    cursor_moved = Signal()
    breakpoint_hit = Signal(int)

    def __init__(self, experiment: Experiment, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.experiment = experiment
        self.records = Records()
        self.runs: list[Run] = [experiment.build(plan, self.records) for plan in experiment.runs]
        self.selected = 0
        self.edits = Edits()
        self.what_if = WhatIf(self.records)
        self._unshown: list[ExperimentDiff] = []  # edits whose runs are not there to be shown yet
        self.playing = False
        self.pace = Pace()
        self.arrows = ArrowSet(self)
        self._cursor: int | None = None
        self.own_rules = OwnRules(self, self)
        self._worker = Worker()
        self._watchdog = Watchdog(self._worker)
        self._watching = False  # whether a breakpoint is yet to be hit since the runs were last set going
        self._was_idle = True
        self.clock = Clock(self)
        self.clock.ticked.connect(self._tick)
        # The burst begins when what was drawn has been painted: two threads at once would only wait for each other.
        self.clock.painted.connect(self._grant)

    def edit(self, experiment: Experiment) -> None:
        """Replace the experiment; runs go on where they can, and begin again where they can't.

        A hyperparameter moves in the run under way and is marked in its trace; other limits hold from now on; another
        problem, start, optimizer, or other options make a new run. With :attr:`what_if` on, what is not the same any
        more is computed again as far as it was.
        """
        change = diff(self.experiment, experiment)
        if not change:
            return
        if change.problem is None:
            experiment = replace(experiment, problem=self.experiment.problem)  # the very one that the runs have
        state = self._state()
        begins = self.edits.note(state, experiment, change)
        if begins:
            self._show_newest_runs()
            state.runs = list(self.runs)
        if self.what_if.handles(change):
            self.what_if.take(self.experiment, experiment, change, self.runs, begins)
            self.experiment = experiment
            if change not in self._unshown:  # views look when the runs are there to be shown
                self._unshown.append(change)
            self._apply_stop_rules()
            self.clock.start()
        else:
            self._show_newest_runs()
            self._adopt(experiment, carried_over(self.runs, experiment, change, self.records), change, self.selected)

    def begin_again(self, experiment: Experiment) -> None:
        """Begin the runs again whose rules are other objects in an experiment that is equal to the one there is."""
        pairs = list(zip(experiment.runs, self.runs, strict=True))
        stale = [run.optimizer == plan.optimizer and run.optimizer is not plan.optimizer for plan, run in pairs]
        if any(stale):
            runs = [
                experiment.build(plan, self.records) if again else run
                for again, (plan, run) in zip(stale, pairs, strict=True)
            ]
            self._adopt(experiment, runs, diff(self.experiment, experiment), self.selected)

    def change_run(self, index: int, **changes: object) -> None:
        """Edit fields of one run's plan."""
        self.edit(self.experiment.with_run(index, **changes))

    def set_start(self, start: tuple[float, ...], index: int | None = None) -> None:
        """Move the common start, or that of run ``index`` alone."""
        self.edit(replace(self.experiment, start=start)) if index is None else self.change_run(index, start=start)

    def select(self, index: int) -> None:
        """Choose the run that the controls edit."""
        if index != self.selected:
            self.selected = index
            self.selection_changed.emit()

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
        self._show_newest_runs()
        self.what_if.on = on
        self.what_if.keep(self.runs)
        self.runs_changed.emit()
        self.frame.emit()

    @property
    def shown(self) -> list[tuple[RunPlan, Run]]:
        """The runs as they are drawn, with their plans: those there were before what is tried out come first."""
        return [*self.what_if.ghosts, *zip(self.experiment.runs, self.runs, strict=True)]

    def _show_newest_runs(self) -> None:
        """Show the runs that are still computed for the newest edit, as far as they are."""
        self._show_runs(self.what_if.flush(self.runs))

    def _show_runs(self, runs: list[Run]) -> None:
        """Show runs that were made again in place of those there are."""
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

    def _take_back(self, move: Callable[[State], State | None]) -> None:
        self._show_newest_runs()
        state = move(self._state())
        if state:
            runs = brought_back(state.runs, state.experiment, self.records)
            self._adopt(state.experiment, runs, diff(self.experiment, state.experiment), state.selected)

    def _apply_stop_rules(self) -> None:
        for run in self.runs:
            apply_stop_rules(run, self.experiment)

    def _adopt(self, experiment: Experiment, runs: list[Run], change: ExperimentDiff, selected: int) -> None:
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
        before, self.selected = self.selected, max(0, min(selected, len(runs) - 1))
        self._apply_stop_rules()
        if any(not (run.begun or run.origin) for run in fresh):
            self._cursor = None
        if fresh:
            self.clock.start()
        self._announce(change)
        if self.selected != before:
            self.selection_changed.emit()
        if changed:
            self.runs_changed.emit()
        if changed or not change.moves_only:
            self.frame.emit()

    def branch_here(self) -> RunPlan:
        """The plan of a run that goes on as the selected one did after the step at the cursor."""
        self._show_newest_runs()
        run = self.runs[self.selected]
        at = self.position(run) if run.begun else min(self.cursor, run.left)  # or where it will leave another
        plan = self.experiment.runs[self.selected].continued(run, at)
        if plan.branch:
            self.records.add(plan.branch, run)
        return plan

    # The clock

    @property
    def finished(self) -> bool:
        """Whether every run has stopped for good, and not at a breakpoint."""
        return all(run.stop and not run.at_breakpoint for run in self.runs)

    @property
    def busy(self) -> bool:
        """Whether the worker is in a burst, or a run has yet to evaluate its start."""
        unready = any(not (run.begun or run.stop) for run in self.runs)
        return self._worker.busy or self.what_if.pending or unready

    def play(self) -> None:
        """Step the runs on from the newest step; where all have stopped, again from the start.

        Looking back at runs that have stopped, there is nothing to step and a record to keep: then it only goes live.
        """
        if self.finished and not self.is_live:
            self.live()
            return
        if self.finished:
            self.reset()
        self.live()
        self._resume()
        self._set_playing(True)
        self.pace.start()
        self.clock.start()

    def pause(self) -> None:
        """Stop stepping; what the burst under way still does counts."""
        self._set_playing(False)

    def toggle(self) -> None:
        """Play, or pause."""
        self.pause() if self.playing else self.play()

    def step(self, n: int = 1) -> None:
        """``n`` steps of each run, from the newest."""
        self.pause()
        self.live()
        self._resume()
        self.pace.asked += n
        self.clock.start()

    def _resume(self) -> None:
        """Let the runs go on that are at a breakpoint."""
        self._watching = True
        for run in (run for run in self.runs if run.at_breakpoint):
            run.resume()

    def reset(self) -> None:
        """Back to the start, or to where a run left another, with the hyperparameters as they are now."""
        self.pause()
        for run in self.runs:
            run.halt(STOPPED_BY_USER)
        self.pace.asked = 0
        self._cursor = None
        self.what_if.forget()
        runs = [self.experiment.build(plan, self.records) for plan in self.experiment.runs]
        self.edits.replace_runs(dict(zip(self.runs, runs, strict=True)))
        self.clock.start()
        self._show_runs(runs)
        self.frame.emit()

    def finish(self, seconds: float = 30.0) -> None:
        """Run everything to its stop, or until a breakpoint is hit, at most so long; events are processed meanwhile."""
        speed, self.pace.speed = self.pace.speed, math.inf
        self.play()
        end = perf_counter() + seconds
        while (self.playing or self.busy) and perf_counter() < end:
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, FRAME_MS)
        self.pause()
        self.pace.speed = speed
        self.frame.emit()

    def close(self) -> None:
        """End the worker's thread."""
        self.clock.stop()
        self._set_playing(False)
        for run in self.runs:
            if not run.stop:
                run.halt(STOPPED_BY_USER)
        self._worker.close(seconds=0.5)
        self.own_rules.close()

    def _set_playing(self, playing: bool) -> None:
        if playing != self.playing:
            self.playing = playing
            self._was_idle = False  # a frame is still to come: views leave some out, or wait, while the runs are played
            self.playing_changed.emit(playing)

    def _tick(self, elapsed: float) -> None:
        self._watchdog.look(perf_counter())
        self._was_idle = not self._worker.busy  # then the frame below shows all there is
        before = self.runs
        self._show_runs(self.what_if.next_runs(self.runs, self._was_idle))
        if self.what_if.hidden and self.runs is before:  # nothing to draw before they are computed
            self._grant()
            return
        if self.playing:
            self.pace.elapse(elapsed)
            if self.finished:
                self._set_playing(False)
        self.frame.emit()
        self.clock.await_painting()

    def _pause_at_breakpoint(self) -> None:
        """Where a run has hit one, all pause, and that run and the step that did are looked at."""
        hit = {i: run.trace.hits[-1].step for i, run in enumerate(self.runs) if run.at_breakpoint}
        if hit and self._watching:
            self._watching, self.pace.asked = False, 0
            self._set_playing(False)
            step = min(hit.values())
            first = self.selected if hit.get(self.selected) == step else min(hit, key=hit.__getitem__)
            if not QGuiApplication.mouseButtons():  # else a hand may be moving a hyperparameter of the selected run
                self.select(first)
            self.look_at(step)
            self.breakpoint_hit.emit(first)

    def _grant(self) -> None:
        if self._worker.busy:
            return
        self.clock.set_interval(POLL_MS if self.what_if.hidden else FRAME_MS)
        if self.what_if.late:
            self._worker.grant_late(self.what_if.late, WHAT_IF_SECONDS)
            return
        self._pause_at_breakpoint()
        self.pace.count(self.runs)
        steps = self.pace.grant(self.runs, self.playing) if all(run.begun or run.stop for run in self.runs) else 0
        if steps != 0 or self.busy:
            self._worker.grant(self.runs, min(max(self.clock.left, BURST_SECONDS[0]), BURST_SECONDS[1]), steps)
        elif not self.playing and self._was_idle and not self._watchdog.chasing:
            self.clock.stop()

    # The cursor

    @property
    def steps(self) -> int:
        """The number of steps of the longest run."""
        return max((run.step for run in self.runs), default=0)

    @property
    def cursor(self) -> int:
        """The step that is looked at: the newest while live."""
        return self.steps if self._cursor is None else min(self._cursor, self.steps)

    @property
    def is_live(self) -> bool:
        """Whether the cursor is on the newest step, which it follows."""
        return self._cursor is None or self._cursor >= self.steps

    def look_at(self, step: int) -> None:
        """Put the cursor on a step, at which the runs are paused; on the last one it follows the runs again."""
        step = max(0, step)
        self._cursor = None if step >= self.steps else step
        if self._cursor is not None:
            self.pace.asked = 0
            self.pause()
        self.cursor_moved.emit()

    def back(self, n: int = 1) -> None:
        """Look at the step ``n`` before the one looked at."""
        self.look_at(self.cursor - n)

    def forward(self, n: int = 1) -> None:
        """Look at the step ``n`` after the one looked at; from the newest, do ``n`` steps of each run."""
        self.step(n) if self.is_live else self.look_at(self.cursor + n)

    def first(self) -> None:
        """Look at the start."""
        self.look_at(0)

    def live(self) -> None:
        """Look at the newest step, and follow it."""
        if self._cursor is not None:
            self._cursor = None
            self.cursor_moved.emit()

    def position(self, run: Run) -> int:
        """The row of a run's trace that the cursor is on; its last one where it ended earlier."""
        return min(self.cursor, run.step)

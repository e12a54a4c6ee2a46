"""What the window is about: the experiment, its runs, the clock that drives them, and the cursor."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from time import perf_counter

from PySide6.QtCore import QCoreApplication, QEventLoop, QObject, Qt, QTimer, Signal

from gdviewer.engine.run import Run
from gdviewer.engine.stop import Limits, Reason, Stop
from gdviewer.engine.worker import Worker
from gdviewer.experiment.experiment import Experiment, RunPlan
from gdviewer.ui.arrows import Arrow

FRAME_MS = 17  # a frame of a screen of 60 Hz
BURST_SECONDS = 4e-3, 12e-3  # a burst takes what drawing leaves of the frame, between these
BLOCKED_SECONDS = 5.0  # user code that has not come back after this long is given up
SLOW_SECONDS = 0.25  # a block that takes longer ends with the step under way
CHASE_SECONDS = 3.0  # a thread that has not ended so long after it was given up never will


class Session(QObject):
    """Holds the experiment and steps its runs, a burst a frame.

    Views show ``(run.trace, position)`` at each :attr:`frame`; nothing is signalled per step.

    Signals:
        experiment_changed: the experiment was replaced by :meth:`edit`.
        runs_changed: the list of runs, or one of them, is another object now.
        frame: look at the traces again.
        playing_changed: started or paused.
        cursor_moved: another step is looked at.
        arrows_changed: the plots have other arrows to draw.
    """

    experiment_changed = Signal()
    runs_changed = Signal()
    frame = Signal()
    playing_changed = Signal(bool)
    cursor_moved = Signal()
    arrows_changed = Signal()

    def __init__(self, experiment: Experiment, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.experiment = experiment
        self.runs: list[Run] = [experiment.build(plan) for plan in experiment.runs]
        self.selected = 0
        self.playing = False
        self.speed = math.inf
        self._arrows: dict[str, tuple[Arrow, ...]] = {}
        self._cursor: int | None = None
        self._worker = Worker()
        self._watching = False  # whether a breakpoint is yet to be hit since the runs were last set going
        self._steps_due = 0.0
        self._steps_asked = 0
        self._granted: list[tuple[Run, int]] = []  # where each run was when steps asked for were granted
        self._last_tick = 0.0
        self._was_idle = True
        self._seen: object = None  # the step that was under way when the worker was last found busy …
        self._seen_at = 0.0  # … and since when it has been
        self._blocked: tuple[Stop, Run, float] | None = None  # what was given up last, until its thread has ended
        self._timer = QTimer(self, interval=FRAME_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        # The burst begins when what was drawn has been painted: two threads at once would only wait for each other.
        self._painted = QTimer(self, interval=0, singleShot=True)
        self._painted.timeout.connect(self._grant)

    # The experiment

    def edit(self, experiment: Experiment) -> None:
        """Replace the experiment; runs go on where they can, and begin again where they can't.

        A hyperparameter moves in the run under way and is marked in its trace; other limits hold from now on; another
        problem, start, optimizer, or other options make a new run.
        """
        before, self.experiment = self.experiment, experiment
        runs = self._matching_runs(before, experiment)
        fresh = [run for run in runs if run not in self.runs]
        for run in self.runs:
            if run not in runs:
                run.halt(Stop(Reason.USER))
        changed = runs != self.runs
        self.runs = runs
        self.selected = min(self.selected, len(runs) - 1)
        for run in runs:
            run.breakpoints = experiment.breakpoints
            if experiment.limits != before.limits:
                self._apply_limits(run, before.limits, experiment.limits)
        if fresh:
            self._cursor = None
            self.wake()
        self.experiment_changed.emit()
        if changed:
            self.runs_changed.emit()
        self.frame.emit()

    def _matching_runs(self, before: Experiment, after: Experiment) -> list[Run]:
        kept = list(zip(before.runs, self.runs, strict=True))
        runs = []
        for index, plan in enumerate(after.runs):
            found = next((pair for pair in kept if pair[0] is plan), None)
            if found is None and index < len(before.runs) and len(before.runs) == len(after.runs):
                found = next((pair for pair in kept if pair[0] is before.runs[index]), None)
            if found and self._goes_on(before, found[0], after, plan):
                kept.remove(found)
                for name, value in plan.hyperparameters.items():
                    if value != found[0].hyperparameters[name]:
                        found[1].change(name, value)
                runs.append(found[1])
            else:
                runs.append(after.build(plan))
        return runs

    @staticmethod
    def _goes_on(before: Experiment, old: RunPlan, after: Experiment, new: RunPlan) -> bool:
        return (
            before.problem is after.problem
            and before.seed == after.seed
            and old.optimizer is new.optimizer
            and old.options == new.options
            and before.start_of(old) == after.start_of(new)
        )

    @staticmethod
    def _apply_limits(run: Run, before: Limits, limits: Limits) -> None:
        """Other limits hold from now on; a run goes on if it was ended by one of those that changed."""
        ended_by = run.stop.reason.limit if run.stop else None
        if ended_by and getattr(before, ended_by) != getattr(limits, ended_by):
            run.resume(limits)
        else:
            run.limits = limits

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

    # The clock

    def wake(self) -> None:
        """Let the clock run at least until what was asked for has been done."""
        self._last_tick = perf_counter()
        self._timer.start()

    @property
    def finished(self) -> bool:
        """Whether every run has stopped for good, and not at a breakpoint."""
        return all(run.stop and not run.at_breakpoint for run in self.runs)

    @property
    def busy(self) -> bool:
        """Whether the worker is in a burst, or a run has yet to evaluate its start."""
        return self._worker.busy or any(not (run.begun or run.stop) for run in self.runs)

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
        self._steps_due = 1.0
        self.wake()

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
        self._steps_asked += n
        self.wake()

    def _resume(self) -> None:
        """Let the runs go on that are at a breakpoint."""
        self._watching = True
        for run in (run for run in self.runs if run.at_breakpoint):
            run.resume()

    def reset(self) -> None:
        """Back to the start, with the hyperparameters as they are now."""
        self.pause()
        for run in self.runs:
            run.halt(Stop(Reason.USER))
        self._steps_asked = 0
        self._cursor = None
        self.runs = [self.experiment.build(plan) for plan in self.experiment.runs]
        self.wake()
        self.runs_changed.emit()
        self.frame.emit()

    def set_speed(self, steps_per_second: float) -> None:
        """Steps per second of each run; ``math.inf`` for as fast as it goes."""
        self.speed = steps_per_second
        self._steps_due = min(self._steps_due, 1.0)

    def finish(self, seconds: float = 30.0) -> None:
        """Run everything to its stop, or until a breakpoint is hit, at most so long; events are processed meanwhile."""
        speed, self.speed = self.speed, math.inf
        self.play()
        end = perf_counter() + seconds
        while (self.playing or self.busy) and perf_counter() < end:
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, FRAME_MS)
        self.pause()
        self.speed = speed
        self.frame.emit()

    def close(self) -> None:
        """End the worker's thread."""
        self._timer.stop()
        self._painted.stop()
        self._set_playing(False)
        for run in self.runs:
            if not run.stop:
                run.halt(Stop(Reason.USER))
        self._worker.close(seconds=0.5)

    def _set_playing(self, playing: bool) -> None:
        if playing != self.playing:
            self.playing = playing
            self.playing_changed.emit(playing)

    def _tick(self) -> None:
        now = perf_counter()
        elapsed, self._last_tick = now - self._last_tick, now
        if self._worker.busy:
            self._give_up_blocked(now)
        if self._blocked:
            self._chase(now)
        self._was_idle = not self._worker.busy  # then the frame below shows all there is
        if self.playing:
            self._steps_due += min(elapsed, 1.0) * self.speed
            if self.finished:
                self._set_playing(False)
        self.frame.emit()
        self._painted.start()

    def _pause_at_breakpoint(self) -> None:
        """Where a run has hit one, all pause, and the step that did is looked at."""
        steps = [run.trace.hits[-1].step for run in self.runs if run.at_breakpoint]
        if steps and self._watching:
            self._watching, self._steps_asked = False, 0
            self._set_playing(False)
            self.look_at(min(steps))

    def _grant(self) -> None:
        if self._worker.busy:
            return
        self._pause_at_breakpoint()
        self._count_asked()
        steps = self._steps_to_grant()
        if steps != 0 or self.busy:
            self._granted = [(run, run.step) for run in self.runs] if self._steps_asked else []
            left = FRAME_MS / 1000 - (perf_counter() - self._last_tick)
            self._worker.grant(self.runs, min(max(left, BURST_SECONDS[0]), BURST_SECONDS[1]), steps)
        elif not self.playing and self._was_idle and not self._blocked:
            self._timer.stop()

    def _count_asked(self) -> None:
        """Take what the last burst has done off the steps that were asked for; it may have lacked the time for all."""
        if all(run.stop for run in self.runs):
            self._steps_asked = 0
        done = max((run.step - before for run, before in self._granted), default=0)
        self._steps_asked = max(0, self._steps_asked - done)
        self._granted = []

    def _steps_to_grant(self) -> int | None:
        if self._steps_asked:
            return self._steps_asked
        if not self.playing:
            return 0
        if math.isinf(self._steps_due):
            self._steps_due = 0.0
            return None
        steps = int(self._steps_due)
        self._steps_due -= steps
        return steps

    def _give_up_blocked(self, now: float) -> None:
        """Give up a run whose function or rule does not come back; one that is merely slow is let go on."""
        run = self._worker.run
        if run is None or (run.problem.broadcasts and (run.optimizer.built_in or not run.begun)):
            return  # none of the user's code is in it
        if now - (run.busy_since or now) > SLOW_SECONDS:
            run.cut()
        if (run, run.busy_since, run.step_under_way) != self._seen:
            self._seen, self._seen_at = (run, run.busy_since, run.step_under_way), now
        patience = SLOW_SECONDS if run.stop else BLOCKED_SECONDS  # nobody waits for one that was replaced or reset
        if now - self._seen_at > patience:
            text = f"TimeoutError: it has not returned for {patience:g} seconds"
            place = self._worker.place
            if place:
                text += f" ({place.text})"
            self._blocked = Stop(Reason.ERROR, values={"error": text, "place": place}), run, now
            run.halt(self._blocked[0])
            self._worker.abandon()

    def _chase(self, now: float) -> None:
        """Go on telling a thread that was given up to end; after a while, tell that it does not."""
        stop, run, since = self._blocked or (None, None, now)
        if not self._worker.chase():
            self._blocked = None
        elif stop and now - since > CHASE_SECONDS:
            text = f"{stop.values['error']}. It waits, or catches every exception: its thread goes on beside the others"
            run.halt(replace(stop, values={**stop.values, "error": text}))
            self._blocked = None

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
        """Whether the cursor follows the newest step."""
        return self._cursor is None

    def look_at(self, step: int) -> None:
        """Put the cursor on a step, at which the runs are paused; on the last one it follows the runs again."""
        step = max(0, step)
        self._cursor = None if step >= self.steps else step
        if self._cursor is not None:
            self._steps_asked = 0
            self.pause()
        self.cursor_moved.emit()

    def back(self, n: int = 1) -> None:
        """Look at the step ``n`` before the one looked at."""
        self.look_at(self.cursor - n)

    def forward(self, n: int = 1) -> None:
        """Look at the step ``n`` after the one looked at; from the newest, do ``n`` steps of each run."""
        if self.is_live:
            self.step(n)
        else:
            self.look_at(self.cursor + n)

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

    # Arrows

    @property
    def arrows(self) -> tuple[Arrow, ...]:
        """What the plots draw over the runs."""
        return tuple(arrow for arrows in self._arrows.values() for arrow in arrows)

    def show_arrows(self, owner: str, arrows: Iterable[Arrow]) -> None:
        """Have the plots draw these arrows in place of those that ``owner`` had drawn before; none to remove them."""
        before = self._arrows.pop(owner, ())
        if shown := tuple(arrows):
            self._arrows[owner] = shown
        if before or shown:
            self.arrows_changed.emit()

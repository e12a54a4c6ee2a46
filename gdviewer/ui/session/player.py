"""The player: executes steps of the runs, a burst in each frame."""

from __future__ import annotations

import math
from time import perf_counter
from typing import Protocol

from PySide6.QtCore import QCoreApplication, QEventLoop, QObject, Signal, SignalInstance
from PySide6.QtGui import QGuiApplication

from gdviewer.engine.run.run import Run
from gdviewer.engine.worker.watchdog import Watchdog
from gdviewer.engine.worker.worker import Worker
from gdviewer.ui.session.clock import FRAME_MS, Clock
from gdviewer.ui.session.cursor import Cursor
from gdviewer.ui.session.pace import Pace
from gdviewer.ui.session.what_if import WhatIf

BURST_SECONDS = 4e-3, 12e-3  # a burst takes the part of the frame that drawing leaves, between these limits
WHAT_IF_SECONDS = 25e-3  # of a burst that recomputes runs: most are complete within it …
POLL_MS = 3  # … and are shown as soon as they are


class Playable(Protocol):
    """The part of a session that the player uses."""

    runs: list[Run]
    selected: int

    @property
    def frame(self) -> SignalInstance:
        """Emitted when the views must read the traces again."""

    def show_runs(self, runs: list[Run]) -> None:
        """Show other runs in place of the present ones."""

    def reset(self) -> None:
        """Return all runs to their start."""

    def select(self, index: int) -> None:
        """Choose the run that the controls edit."""


class Player(QObject):
    """Plays, pauses and steps the runs of a session.

    Args:
        owner: holds the runs.
        cursor: the player pauses when it is moved back.
        what_if: holds runs to be recomputed; they come before new steps.

    Attributes:
        playing: True while the runs are played.
        pace: the speed, and the steps that were asked for.
        clock: emits the frames.

    Signals:
        playing_changed: the runs are played, or paused.
        breakpoint_hit: a breakpoint paused the runs; with the index of the run that hit it.
    """

    playing_changed = Signal(bool)
    breakpoint_hit = Signal(int)

    def __init__(self, owner: Playable, cursor: Cursor, what_if: WhatIf, parent: QObject) -> None:
        super().__init__(parent)
        self._owner, self._cursor, self._what_if = owner, cursor, what_if
        self.playing = False
        self.pace = Pace()
        self._worker = Worker()
        self._watchdog = Watchdog(self._worker)
        self._watching = False  # True from a start until a breakpoint is hit
        self._was_idle = True
        self.clock = Clock(self)
        self.clock.ticked.connect(self._tick)
        # The burst begins after Qt has painted the frame: two threads at once would mostly wait for each other.
        self.clock.painted.connect(self._grant)
        cursor.moved.connect(self._follow_cursor)

    @property
    def finished(self) -> bool:
        """True if every run has stopped, and not at a breakpoint."""
        return all(run.stop and not run.at_breakpoint for run in self._owner.runs)

    @property
    def busy(self) -> bool:
        """True if the worker is in a burst, or a run has yet to evaluate its start."""
        unready = any(not (run.begun or run.stop) for run in self._owner.runs)
        return self._worker.busy or self._what_if.pending or unready

    def play(self) -> None:
        """Continue the runs from the newest step; if all have stopped, play them again from the start.

        If the runs have stopped and the cursor is on an earlier step, only move to the newest step: there is nothing
        to execute, and the record is kept.
        """
        if self.finished and not self._cursor.is_live:
            self._cursor.follow()
            return
        if self.finished:
            self._owner.reset()
        self._cursor.follow()
        self._resume()
        self._set_playing(True)
        self.pace.start()
        self.clock.start()

    def pause(self) -> None:
        """Stop playing; the steps of the present burst count."""
        self._set_playing(False)

    def toggle(self) -> None:
        """Play, or pause."""
        self.pause() if self.playing else self.play()

    def step(self, n: int = 1) -> None:
        """Execute ``n`` steps of each run, from the newest step."""
        self.pause()
        self._cursor.follow()
        self._resume()
        self.pace.asked += n
        self.clock.start()

    def forward(self, n: int = 1) -> None:
        """Move the cursor ``n`` steps forward; from the newest step, execute ``n`` steps."""
        self.step(n) if self._cursor.is_live else self._cursor.look_at(self._cursor.step + n)

    def stop(self) -> None:
        """Pause, and drop the steps that were asked for."""
        self.pace.asked = 0
        self.pause()

    def finish(self, seconds: float = 30.0) -> None:
        """Play until all runs have stopped or a breakpoint is hit, at most ``seconds``; events are processed."""
        speed, self.pace.speed = self.pace.speed, math.inf
        self.play()
        end = perf_counter() + seconds
        while (self.playing or self.busy) and perf_counter() < end:
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        self.pause()
        self.pace.speed = speed
        self._owner.frame.emit()

    def close(self) -> None:
        """Stop the frames, pause, and end the worker's thread; wait for it at most half a second."""
        self.clock.stop()
        self._set_playing(False)
        self._worker.close(seconds=0.5)

    def _follow_cursor(self) -> None:
        if not self._cursor.is_live:
            self.stop()

    def _resume(self) -> None:
        """Let the runs that are at a breakpoint continue."""
        self._watching = True
        for run in (run for run in self._owner.runs if run.at_breakpoint):
            run.resume()

    def _set_playing(self, playing: bool) -> None:
        if playing != self.playing:
            self.playing = playing
            self._was_idle = False  # one more frame follows: while playing, views skip some frames or wait
            self.playing_changed.emit(playing)

    def _tick(self, elapsed: float) -> None:
        self._watchdog.look(perf_counter())
        self._was_idle = not self._worker.busy  # then the frame below shows everything
        before = self._owner.runs
        self._owner.show_runs(self._what_if.next_runs(self._owner.runs, self._was_idle))
        if self._what_if.hidden and self._owner.runs is before:  # nothing to draw until they are computed
            self._grant()
            return
        if self.playing:
            self.pace.elapse(elapsed)
            if self.finished:
                self._set_playing(False)
        self._owner.frame.emit()
        self.clock.await_painting()

    def _pause_at_breakpoint(self) -> None:
        """If a run has hit a breakpoint, pause all runs and show that run and that step."""
        owner = self._owner
        hit = {i: run.trace.hits[-1].step for i, run in enumerate(owner.runs) if run.at_breakpoint}
        if hit and self._watching:
            self._watching = False
            self.stop()
            step = min(hit.values())
            first = owner.selected if hit.get(owner.selected) == step else min(hit, key=hit.__getitem__)
            if not QGuiApplication.mouseButtons():  # else the user may be dragging a slider of the selected run
                owner.select(first)
            self._cursor.look_at(step)
            self.breakpoint_hit.emit(first)

    def _grant(self) -> None:
        if self._worker.busy:
            return
        self.clock.set_interval(POLL_MS if self._what_if.hidden else FRAME_MS)
        if self._what_if.late:
            self._worker.grant_late(self._what_if.late, WHAT_IF_SECONDS)
            return
        self._pause_at_breakpoint()
        runs = self._owner.runs
        self.pace.count(runs)
        steps = self.pace.grant(runs, self.playing) if all(run.begun or run.stop for run in runs) else 0
        if steps != 0 or self.busy:
            self._worker.grant(runs, min(max(self.clock.left, BURST_SECONDS[0]), BURST_SECONDS[1]), steps)
        elif not self.playing and self._was_idle and not self._watchdog.chasing:
            self.clock.stop()

"""The step at the cursor, from inside: the lines of the rule, in the order in which they ran, with their values."""

from __future__ import annotations

from html import escape
from time import perf_counter
from typing import Any

import numpy as np
from PySide6.QtCore import QSettings, Qt, QTimer, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Reason
from gdviewer.experiment.diff import ExperimentDiff
from gdviewer.inspection.rows import ReportRow
from gdviewer.inspection.step_report import Reporter, StepReport
from gdviewer.text import hit_text, number_text, stop_text, tr
from gdviewer.ui.inspector.example_box import ExampleBox
from gdviewer.ui.inspector.pin_bar import PinBar
from gdviewer.ui.inspector.table import ArrayTable
from gdviewer.ui.inspector.tree import LinesView
from gdviewer.ui.session.arrow_set import Arrow
from gdviewer.ui.session.pins import Pin
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.background import Latest
from gdviewer.ui.widgets.keys import keys_by_tab
from gdviewer.ui.widgets.theme import look

_PLAYING_SECONDS = 0.1  # from one step shown to the next, while the runs are played or made anew, …
_RESTS = 9.0  # … and at least so many times as long as it took to tell the last one: it takes time from the runs
_FEW_TRIALS = 8  # so many are told beside their points; of more, only the one taken


class StepPanel(QWidget):
    """Shows the step of the selected run that led to the row at the cursor, or the one that leads on from there.

    A step is executed again in the background, the latest one asked for, and only while the panel is seen.

    Signals:
        followed: another row of the training data, from 0, is followed through a step, and the runs rest.

    Attributes:
        story: what is shown; None where there is no step.
    """

    followed = Signal(int)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._followed: int | None = None
        self.story: StepReport | None = None
        self._asked: Any = None
        self._rested = 0.0
        self._failed: Run | None = None
        self._teller = Reporter()
        self._soon = QTimer(self, singleShot=True)
        self._soon.timeout.connect(self._want)
        self._latest = Latest(self)
        self.title = QLabel()
        font = self.title.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        font.setBold(True)
        self.title.setFont(font)
        self.math = self._switch(tr("Math"), tr("Show the lines as mathematics, made from the source."))
        self.code = self._switch(tr("Code"), tr("Show the lines as they are written."))
        self.following = self._switch(
            tr("Next"),
            tr("Show the step that leads on from here; after the last one, the one to come, or the one not taken."),
        )
        group = QButtonGroup(self)
        group.addButton(self.math)
        group.addButton(self.code)
        self.example = ExampleBox()
        self.about = QLabel(wordWrap=True)
        self.about.setProperty("role", "muted")
        self.notes = QLabel(wordWrap=True)
        self.faults = QLabel(wordWrap=True)
        self.faults.setProperty("role", "error")
        for label in (self.notes, self.faults):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.lines = LinesView(self._is_pinned)
        self.lines.setToolTip(
            tr(
                "↓ ↑: from line to line. Enter: open or fold a call, a loop or a branch. P: pin the value. "
                "← and → go through the steps all the while."
            )
        )
        self.bar = PinBar(session.pins)
        self._lay_out()
        self._choose_notation(QSettings().value("notation") == "code")
        self._connect()

    def _connect(self) -> None:
        session = self._session
        self.code.toggled.connect(self._choose_notation)
        self.following.toggled.connect(self._want)
        self.example.valueChanged.connect(self._want)
        self.lines.looked_at.connect(self._point_out)
        self.lines.table_wanted.connect(self.show_table)
        self.lines.pin_wanted.connect(self.pin)
        self._session.pins.changed.connect(self._show_pins)
        self._latest.done.connect(self._show)
        self._latest.failed.connect(self._tell_failure)
        session.cursor.moved.connect(self._want)
        session.experiment_changed.connect(self._take_edit)
        session.selection_changed.connect(self._want)
        session.runs_changed.connect(self._want)
        session.player.playing_changed.connect(self._want)
        session.frame.connect(self._follow)
        look().changed.connect(self._restyle)

    def _lay_out(self) -> None:
        head = QHBoxLayout(spacing=4)
        head.addWidget(self.title, 1)
        for button in (self.following, self.math, self.code):
            head.addWidget(button)
        layout = QVBoxLayout(self, spacing=4)
        layout.setContentsMargins(8, 8, 8, 6)
        layout.addLayout(head)
        for widget in (self.about, self.example, self.notes, self.faults):
            layout.addWidget(widget)
        layout.addWidget(self.lines, 1)
        layout.addWidget(self.bar)

    def _switch(self, text: str, tip: str) -> QToolButton:
        button = QToolButton(text=text, checkable=True)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        keys_by_tab(button)
        return button

    # What is shown

    @property
    def run(self) -> Run | None:
        """The run whose step is shown."""
        runs, selected = self._session.runs, self._session.selected
        return runs[selected] if 0 <= selected < len(runs) else None

    def _take_edit(self, change: ExperimentDiff) -> None:
        if change.touches(self._session.selected):
            self._want()

    def _follow(self) -> None:
        if not self._session.player.playing or perf_counter() >= self._rested:
            self._want()

    def _want(self, *_: object) -> None:
        """Ask for the step at the cursor, unless it is the one that was asked for last."""
        if not self.isVisible():
            return
        run = self.run
        if run is None or (run.stop and not run.begun):
            self._show_nothing(run)
        if run is None or not run.begun:
            return  # what is shown stays until the new run has begun, which is soon
        left = self._rested - perf_counter()
        if self._asked and self._asked[0] is not run and left > 0:
            self._soon.start(round(1000 * left))  # runs may be made anew at each frame, while a hand moves a slider
            return
        row = self._session.cursor.position(run)
        failed = row == run.step and _is_past_its_end(run)
        if failed and self._failed is not run:  # the step that failed is what there is to see, once
            self._failed = run
            self.following.setChecked(True)
        elif not failed and self._failed is run:
            self._failed = None
            self.following.setChecked(False)
        self.following.setEnabled(row > 0)
        coming = row == 0 or self.following.isChecked()
        step = row + 1 if coming else row
        example = self.example.place
        wanted = (run, step, step > run.step and tuple(run.upcoming.items()), run.stop, example)
        if step > run.step and self._session.player.playing:
            return  # it is being taken
        if wanted == self._asked:
            return
        self._asked, self._rested = wanted, perf_counter() + _PLAYING_SECONDS
        self._latest.request(lambda: self._teller.tell(run, step, example))

    def _show(self, story: StepReport) -> None:
        if not self.isVisible():
            return
        self.story = story
        self._rested = perf_counter() + max(_PLAYING_SECONDS, _RESTS * story.seconds)
        run, step, taken = story.run, story.step, story.after is not None
        self.title.setText(tr("Step {n}", n=f"{step:,}"))
        self.title.setToolTip(
            tr("It leads from the point after step {before} to the one after step {step}.", before=step - 1, step=step)
            if step > 1 else tr("It leads away from the start.")
        )  # fmt: skip
        losses = tr("loss {before}", before=number_text(story.before))
        if taken:
            losses += f" → {number_text(story.after)}"
        told = [story.rule.title, losses]
        failed = not taken and run.stop is not None and run.stop.reason is Reason.ERROR
        if failed:
            told.append(tr("not taken: it failed"))
        elif not taken:
            ended = run.stop and not run.at_breakpoint  # it goes on from there
            told.append(tr("not taken: {why}", why=stop_text(run.stop)[0]) if ended else tr("the next one"))
        elif step == run.step and run.stop and not run.at_breakpoint:
            told.append(tr("its last step"))
        dot = f'<span style="color: {self._color_of(run)}">●</span> '
        self.about.setText(dot + " &nbsp; · &nbsp; ".join(map(escape, told)))
        hits = [hit_text(hit) for hit in run.trace.hits if hit.step == step]
        faults = story.faults
        if failed and not faults and not any(row.error for top in story.rows for row in top.walk()):
            faults = [stop_text(run.stop)[0]]  # no line of the rule failed, but what came after
        self._say([*hits, *story.notes], faults)
        self.example.take(story.batch)
        self.lines.take(story.rows)
        if story.followed != self._followed and not self._session.player.playing:
            self._followed = story.followed
            if story.followed is not None:
                self.followed.emit(story.followed)

    def _show_nothing(self, run: Run | None) -> None:
        self._asked, self.story = None, None
        self._latest.cancel()
        self.title.setText(tr("No step"))
        self.title.setToolTip("")
        self.about.setText(escape(run.optimizer.title) if run else "")
        stopped = stop_text(run.stop)[0] if run and run.stop else ""
        missing = tr("The run has not begun.") if run else tr("There is no run to look into. Add one under Runs.")
        self._say([stopped or missing], [])
        self.example.take(0)
        self.lines.take([])
        self.following.setEnabled(False)

    def _tell_failure(self, error: BaseException) -> None:
        self.story = None
        self._say([], [f"{type(error).__name__}: {error}"])
        self.lines.take([])

    def _say(self, notes: list[str], faults: list[str]) -> None:
        for label, texts in ((self.notes, notes), (self.faults, faults)):
            label.setText("\n".join(texts))
            label.setVisible(bool(texts))

    def _choose_notation(self, code: bool) -> None:
        self.code.setChecked(code)
        self.math.setChecked(not code)
        QSettings().setValue("notation", "code" if code else "math")
        self.lines.cell.code = code
        self.lines.relay()
        self._point_out(self.lines.current)

    def _color_of(self, run: Run) -> str:
        plans = dict(zip(self._session.runs, self._session.experiment.runs, strict=True))
        return look().theme.run_color(plans[run].color if run in plans else 0).name()

    # On the plots

    def _point_out(self, row: ReportRow | None) -> None:
        """Draw what a line made, and the trials of the step, over the plots."""
        story = self.story
        plans = dict(zip(self._session.runs, self._session.experiment.runs, strict=True))
        if story is None or not self.isVisible() or story.run not in plans or not plans[story.run].visible:
            self._session.arrows.show("step", ())
            return
        theme = look().theme
        few = len(story.trials) <= _FEW_TRIALS
        asked = row.points_asked if row else ()
        arrows = []
        for trial in story.trials:
            meant = trial.point.tobytes() in asked
            color = theme.accent if meant else theme.text if trial.taken else theme.muted
            label = trial.text if few or trial.taken or (meant and len(asked) <= _FEW_TRIALS) else ""
            arrows.append(Arrow(trial.point, np.zeros_like(trial.point), color, label))
        if row is not None and row.leads is not None:
            name = row.name if self.lines.cell.code else row.symbol
            normalised = not (row.is_place or self._session.pins.true_length)
            arrows.append(Arrow(story.start, row.leads, theme.line_color(row.color), name, normalised=normalised))
        self._session.arrows.show("step", arrows)

    def pin(self, row: ReportRow) -> None:
        """Keep a line's value in sight, or no longer."""
        if self.story is None or not row.can_be_pinned:
            return
        rule = self.story.rule.name
        self._session.pins.toggle(Pin(rule, row.name, row.symbol, row.vector is not None, row.is_place, row.color))

    def _is_pinned(self, row: ReportRow) -> bool:
        return row.can_be_pinned and self.story is not None and self._session.pins.holds(self.story.rule, row.name)

    def _show_pins(self) -> None:
        self.lines.viewport().update()
        self._point_out(self.lines.current)

    def show_table(self, row: ReportRow) -> ArrayTable:
        """Show a line's value as a table."""
        name = row.name if self.lines.cell.code else row.symbol
        title = tr("{name} in step {n}", name=name or tr("Value"), n=f"{self.story.step:,}" if self.story else "")
        table = ArrayTable(title, row.amount, self)
        table.show()
        return table

    def _restyle(self) -> None:
        self.lines.restyle()
        self._point_out(self.lines.current)

    def showEvent(self, event: object) -> None:
        super().showEvent(event)
        self._asked = None
        self._want()

    def hideEvent(self, event: object) -> None:
        super().hideEvent(event)
        self._session.arrows.show("step", ())

    def close_threads(self) -> None:
        """End the threads that execute steps."""
        self._latest.close()


def _is_past_its_end(run: Run) -> bool:
    """Whether a run was stopped by a step that was not taken and is to be seen: an error, or a breakpoint hit in it."""
    if run.at_breakpoint:
        return run.trace.hits[-1].step > run.step
    return run.stop is not None and run.stop.reason is Reason.ERROR

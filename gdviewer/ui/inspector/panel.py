"""The step panel: the executed lines of the rule at the cursor, with their values."""

from __future__ import annotations

from html import escape
from time import perf_counter
from typing import Any

import numpy as np
from PySide6.QtCore import QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
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

_MIN_SECONDS = 0.1  # between two reports while the runs are played or restarted …
_RESTS = 9.0  # … and at least this multiple of the time of the last one, so that the runs are not slowed down
_FEW_TRIALS = 8  # trial points that are all labelled; of more, only the accepted one is


class StepPanel(QWidget):
    """Shows the step of the selected run to the cursor, or the next one.

    The step is executed again in the background, while the panel is visible.

    Signals:
        followed: another row of the training data, counted from 0, is followed while the runs are paused.

    Attributes:
        report: the report that is shown; None if there is no step.
        title, about, notes, faults: labels; lines: the lines of the step; bar: the pins.
        math, code, following: the switches; example: the choice of the followed example.
    """

    followed = Signal(int)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._followed: int | None = None
        self.report: StepReport | None = None
        self._asked: Any = None
        self._rested = 0.0
        self._failed: Run | None = None
        self._reporter = Reporter()
        self._soon = QTimer(self, singleShot=True)
        self._soon.timeout.connect(self._request)
        self._latest = Latest(self)
        self.title = QLabel()
        font = self.title.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        font.setBold(True)
        self.title.setFont(font)
        self.math = self._switch(tr("Math"), tr("Show the lines in mathematical notation."))
        self.code = self._switch(tr("Code"), tr("Show the source of the lines."))
        self.following = self._switch(
            tr("Next"),
            tr("Show the step after the cursor; at the newest step, the next one, even if it was not applied."),
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
                "↓ ↑: go from line to line. Enter: open or fold a call, a loop or a branch. P: pin the value. "
                "← →: go from step to step."
            )
        )
        self.bar = PinBar(session.pins)
        self._lay_out()
        self._choose_notation(QSettings().value("notation") == "code")
        self._connect()

    def _connect(self) -> None:
        session = self._session
        self.code.toggled.connect(self._choose_notation)
        self.following.toggled.connect(self._request)
        self.example.valueChanged.connect(self._request)
        self.lines.row_selected.connect(self._draw_arrows)
        self.lines.table_requested.connect(self.show_table)
        self.lines.pin_requested.connect(self.pin)
        self._session.pins.changed.connect(self._show_pins)
        self._latest.done.connect(self._show)
        self._latest.failed.connect(self._show_failure)
        session.cursor.moved.connect(self._request)
        session.experiment_changed.connect(self._take_edit)
        session.selection_changed.connect(self._request)
        session.runs_changed.connect(self._request)
        session.player.playing_changed.connect(self._request)
        session.frame.connect(self._follow)
        look().changed.connect(self._restyle)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.title, 1)
        for button in (self.following, self.math, self.code):
            head.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setSpacing(4)
        layout.setContentsMargins(8, 8, 8, 6)
        layout.addLayout(head)
        for widget in (self.about, self.example, self.notes, self.faults):
            layout.addWidget(widget)
        layout.addWidget(self.lines, 1)
        layout.addWidget(self.bar)

    def _switch(self, text: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setCheckable(True)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        keys_by_tab(button)
        return button

    # The report

    @property
    def run(self) -> Run | None:
        """The selected run; None if there is none."""
        runs, selected = self._session.runs, self._session.selected
        return runs[selected] if 0 <= selected < len(runs) else None

    def _take_edit(self, change: ExperimentDiff) -> None:
        if change.touches(self._session.selected):
            self._request()

    def _follow(self) -> None:
        if not self._session.player.playing or perf_counter() >= self._rested:
            self._request()

    def _request(self, *_: object) -> None:
        """Request the report of the step at the cursor, unless it is the last requested one."""
        if not self.isVisible():
            return
        run = self.run
        if run is None or (run.stop and not run.begun):
            self._show_nothing(run)
        if run is None or not run.begun:
            return  # the last report stays until the new run has begun
        left = self._rested - perf_counter()
        if self._asked and self._asked[0] is not run and left > 0:
            self._soon.start(round(1000 * left))  # runs may restart at each frame while a slider is moved
            return
        row = self._session.cursor.position(run)
        failed = row == run.step and _has_unapplied_step(run)
        if failed and self._failed is not run:  # show the failed step once
            self._failed = run
            self.following.setChecked(True)
        elif not failed and self._failed is run:
            self._failed = None
            self.following.setChecked(False)
        self.following.setEnabled(row > 0)
        is_next = row == 0 or self.following.isChecked()
        step = row + 1 if is_next else row
        example = self.example.index
        request = (run, step, step > run.step and tuple(run.upcoming.items()), run.stop, example)
        if step > run.step and self._session.player.playing:
            return  # it is being executed
        if request == self._asked:
            return
        self._asked, self._rested = request, perf_counter() + _MIN_SECONDS
        self._latest.request(lambda: self._reporter.report(run, step, example))

    def _show(self, report: StepReport) -> None:
        if not self.isVisible():
            return
        self.report = report
        self._rested = perf_counter() + max(_MIN_SECONDS, _RESTS * report.seconds)
        run, step, taken = report.run, report.step, report.after is not None
        self.title.setText(tr("Step {n}", n=f"{step:,}"))
        self.title.setToolTip(
            tr("From the point after step {before} to the point after step {step}.", before=step - 1, step=step)
            if step > 1 else tr("The step from the start.")
        )  # fmt: skip
        losses = tr("loss {before}", before=number_text(report.before))
        if report.after is not None:
            losses += f" → {number_text(report.after)}"
        texts = [report.rule.title, losses]
        failed = not taken and run.stop is not None and run.stop.reason is Reason.ERROR
        if failed:
            texts.append(tr("not executed: error"))
        elif not taken:
            stopped = run.stop and not run.at_breakpoint
            texts.append(
                tr("not applied: {why}", why=stop_text(run.stop)[0]) if run.stop and stopped else tr("next step")
            )
        elif step == run.step and run.stop and not run.at_breakpoint:
            texts.append(tr("last step"))
        dot = f'<span style="color: {self._color_of(run)}">●</span> '
        self.about.setText(dot + " &nbsp; · &nbsp; ".join(map(escape, texts)))
        hits = [hit_text(hit) for hit in run.trace.hits if hit.step == step]
        faults = report.faults
        if failed and run.stop and not faults and not any(row.error for top in report.rows for row in top.walk()):
            faults = [stop_text(run.stop)[0]]  # the error came after the lines of the rule
        self._show_texts([*hits, *report.notes], faults)
        self.example.set_count(report.batch)
        self.lines.show_rows(report.rows)
        if report.followed != self._followed and not self._session.player.playing:
            self._followed = report.followed
            if report.followed is not None:
                self.followed.emit(report.followed)

    def _show_nothing(self, run: Run | None) -> None:
        self._asked, self.report = None, None
        self._latest.cancel()
        self.title.setText(tr("No step"))
        self.title.setToolTip("")
        self.about.setText(escape(run.optimizer.title) if run else "")
        stopped = stop_text(run.stop)[0] if run and run.stop else ""
        missing = tr("The run has not begun.") if run else tr("There is no run. Add one under Runs.")
        self._show_texts([stopped or missing], [])
        self.example.set_count(0)
        self.lines.show_rows([])
        self.following.setEnabled(False)

    def _show_failure(self, error: BaseException) -> None:
        self.report = None
        self._show_texts([], [f"{type(error).__name__}: {error}"])
        self.lines.show_rows([])

    def _show_texts(self, notes: list[str], faults: list[str]) -> None:
        for label, texts in ((self.notes, notes), (self.faults, faults)):
            label.setText("\n".join(texts))
            label.setVisible(bool(texts))

    def _choose_notation(self, code: bool) -> None:
        self.code.setChecked(code)
        self.math.setChecked(not code)
        QSettings().setValue("notation", "code" if code else "math")
        self.lines.cell.code = code
        self.lines.lay_out_again()
        self._draw_arrows(self.lines.current)

    def _color_of(self, run: Run) -> str:
        plans = dict(zip(self._session.runs, self._session.experiment.runs, strict=True))
        return look().theme.run_color(plans[run].color if run in plans else 0).name()

    # On the plots

    def _draw_arrows(self, row: ReportRow | None) -> None:
        """Draw the value of a line and the trial points of the step on the plots."""
        report = self.report
        plans = dict(zip(self._session.runs, self._session.experiment.runs, strict=True))
        if report is None or not self.isVisible() or report.run not in plans or not plans[report.run].visible:
            self._session.arrows.show("step", ())
            return
        theme = look().theme
        few = len(report.trials) <= _FEW_TRIALS
        asked = row.points_asked if row else ()
        arrows = []
        for trial in report.trials:
            meant = trial.point.tobytes() in asked
            color = theme.accent if meant else theme.text if trial.taken else theme.muted
            label = trial.text if few or trial.taken or (meant and len(asked) <= _FEW_TRIALS) else ""
            arrows.append(Arrow(trial.point, np.zeros_like(trial.point), color, label))
        if row is not None and row.leads is not None:
            name = row.name if self.lines.cell.code else row.symbol
            normalised = not (row.is_point or self._session.pins.true_length)
            arrows.append(Arrow(report.start, row.leads, theme.line_color(row.color), name, normalised=normalised))
        self._session.arrows.show("step", arrows)

    def pin(self, row: ReportRow) -> None:
        """Pin the value of a line, or unpin it."""
        if self.report is None or not row.can_be_pinned:
            return
        rule = self.report.rule.name
        self._session.pins.toggle(Pin(rule, row.name, row.symbol, row.vector is not None, row.is_point, row.color))

    def _is_pinned(self, row: ReportRow) -> bool:
        return row.can_be_pinned and self.report is not None and self._session.pins.holds(self.report.rule, row.name)

    def _show_pins(self) -> None:
        self.lines.viewport().update()
        self._draw_arrows(self.lines.current)

    def show_table(self, row: ReportRow) -> ArrayTable:
        """Show the value of a line as a table."""
        name = row.name if self.lines.cell.code else row.symbol
        title = tr("{name} in step {n}", name=name or tr("Value"), n=f"{self.report.step:,}" if self.report else "")
        table = ArrayTable(title, row.amount, self)
        table.show()
        return table

    def _restyle(self) -> None:
        self.lines.restyle()
        self._draw_arrows(self.lines.current)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._asked = None
        self._request()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._session.arrows.show("step", ())

    def close_threads(self) -> None:
        """End the thread that executes steps."""
        self._latest.close()


def _has_unapplied_step(run: Run) -> bool:
    """Return True if a run was stopped by a step that was not applied: by an error, or by a breakpoint in it."""
    if run.at_breakpoint:
        return run.trace.hits[-1].step > run.step
    return run.stop is not None and run.stop.reason is Reason.ERROR

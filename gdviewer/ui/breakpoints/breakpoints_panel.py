"""The panel of the breakpoints: kinds, user-defined conditions, and the last hit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gdviewer.engine.breakpoints.breakpoint import Breakpoint, names_of
from gdviewer.engine.breakpoints.condition import EXAMPLE, condition
from gdviewer.engine.breakpoints.kinds import EXPRESSION, KINDS, BreakpointKind
from gdviewer.engine.record.events import Hit
from gdviewer.engine.rules.parameter import Choice, Parameter
from gdviewer.engine.run.run import Run
from gdviewer.experiment.diff import ExperimentDiff
from gdviewer.text import hit_text, tr
from gdviewer.ui.session.session import Session
from gdviewer.ui.session.titles import plan_title
from gdviewer.ui.widgets.keys import keys_by_tab
from gdviewer.ui.widgets.number_field import EntryField, NumberField

_VALUE_WIDTH = 96


class BreakpointsPanel(QWidget):
    """A check box for each kind of breakpoint with its value, and rows for conditions.

    Attributes:
        rows: the row of each kind but conditions, by name.
        conditions: the rows of the conditions, including invalid ones.
        hit_by, last: the run that hit the last breakpoint, and the text; go: the button that shows it.
        add: the button that adds a condition.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._seen: dict[Run, int] = {}
        self._last: tuple[Run, Hit] | None = None
        self.hit_by = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.hit_by.setProperty("role", "heading")
        self.last = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.last.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.go = QToolButton()
        self.go.setText(tr("Go there"))
        self.go.setToolTip(tr("Move the cursor to the step of this hit."))
        self.go.clicked.connect(self.go_there)
        self.rows = {name: _Row(name, kind) for name, kind in KINDS.items() if name != EXPRESSION}
        self.conditions: list[_Condition] = []
        self._conditions = QVBoxLayout()
        self._conditions.setSpacing(4)
        title = QLabel(tr("Your conditions"))
        title.setProperty("role", "heading")
        self.add = QToolButton()
        self.add.setText(tr("Add a condition"))
        self.add.setToolTip(
            tr(
                "Pause when a condition becomes true, such as {example}. It can use t, loss, x, gradient, move, the "
                "state of the optimizer and its hyperparameters, and the values of the step before, as in "
                "previous.loss.",
                example=EXAMPLE,
            )
        )
        self.add.clicked.connect(self.add_condition)
        keys_by_tab(self.go, self.add)
        layout = QVBoxLayout(self)
        layout.setSpacing(6)
        heading = QHBoxLayout()
        heading.setSpacing(4)
        heading.addWidget(self.hit_by, 1)
        heading.addWidget(self.go)
        layout.addLayout(heading)
        layout.addWidget(self.last)
        for row in self.rows.values():
            layout.addWidget(row)
            row.changed.connect(self._edit)
        layout.addWidget(title)
        layout.addLayout(self._conditions)
        layout.addWidget(self.add, alignment=Qt.AlignmentFlag.AlignLeft)
        layout.addStretch(1)
        session.experiment_changed.connect(self._take_edit)
        session.runs_changed.connect(self._forget)
        session.frame.connect(self._show_hit)
        session.player.playing_changed.connect(self._show_hit)
        self._match()
        self._show_hit()

    def add_condition(self) -> None:
        """Add an empty row for a condition."""
        self._append(None).entry.setFocus()

    def go_there(self) -> None:
        """Move the cursor to the last hit and select its run."""
        if self._last:
            run, hit = self._last
            self._session.select(self._session.runs.index(run))
            self._session.cursor.look_at(hit.step)

    def _append(self, shown: Breakpoint | None) -> _Condition:
        row = _Condition(shown, self._known_names)
        row.changed.connect(self._edit)
        row.removed.connect(lambda: self._remove(row))
        self._conditions.addWidget(row)
        self.conditions.append(row)
        return row

    def _remove(self, row: _Condition) -> None:
        self.conditions.remove(row)
        self._conditions.removeWidget(row)
        row.hide()
        row.deleteLater()
        if row.breakpoint:
            self._edit()

    def _known_names(self) -> set[str]:
        return {name for plan in self._session.experiment.runs for name in names_of(plan.optimizer)}

    def _edit(self) -> None:
        edited = [row.breakpoint for name, row in self.rows.items() if row.breakpoint != Breakpoint(name, None, False)]
        breakpoints = (*edited, *(row.breakpoint for row in self.conditions if row.breakpoint))
        experiment = self._session.experiment
        if breakpoints != experiment.breakpoints:
            self._session.edit(replace(experiment, breakpoints=breakpoints))

    def _take_edit(self, change: ExperimentDiff) -> None:
        if change.breakpoints:
            self._match()
        elif change.removed or not all(run.goes_on for run in change.runs):
            self._show_unwatched()
        if change.edited:
            self._forget()  # the run of the last hit may have another title, or be removed

    def _match(self) -> None:
        current = self._session.experiment.breakpoints
        for name, row in self.rows.items():
            row.show_breakpoint(next((b for b in current if b.kind == name), Breakpoint(name, None, False)))
        conditions = [b for b in current if b.kind == EXPRESSION]
        if conditions != [row.breakpoint for row in self.conditions if row.breakpoint]:
            for old in self.conditions:
                old.hide()
                old.deleteLater()
            self.conditions.clear()
            for shown in conditions:
                self._append(shown)
        self._show_unwatched()

    # Hits

    def _forget(self) -> None:
        runs = self._session.runs
        self._seen = {run: n for run, n in self._seen.items() if run in runs}
        if self._last and self._last[0] not in runs:
            self._last = None
        self._show_hit()

    def _show_hit(self, *_: object) -> None:
        for run in self._session.runs:
            # the hits up to the branch step belong to the run that it continues
            hits = [hit for hit in run.trace.hits if hit.step > run.branch_step] if run.begun else []
            if len(hits) > self._seen.get(run, 0):
                self._seen[run] = len(hits)
                first = next(hit for hit in hits if hit.step == hits[-1].step)
                self._last = run, first
        title = text = ""
        if self._last:
            run, hit = self._last
            title = plan_title(self._session.experiment.runs[self._session.runs.index(run)])
            text = hit_text(hit)
        for label, shown in ((self.hit_by, title), (self.last, text)):
            if label.text() != shown:
                label.setText(shown)
        for widget in (self.hit_by, self.last, self.go):
            widget.setVisible(bool(text))
        if any(run.unwatched for run in self._session.runs):
            self._show_unwatched()

    def _show_unwatched(self) -> None:
        """Show below each condition the runs that it does not watch, and the reason."""
        plans = self._session.experiment.runs
        for row in self.conditions:
            if row.breakpoint is None:
                continue
            asked = condition(row.breakpoint.value)
            lacking = [asked.unknown(names_of(plan.optimizer)) for plan in plans]
            watched = dict.fromkeys(p.optimizer.title for p, lacks in zip(plans, lacking, strict=True) if not lacks)
            lines = []
            if any(lacking):
                names = ", ".join(dict.fromkeys(name for lacks in lacking for name in lacks))
                only = ", ".join(watched)
                lines.append(
                    tr("{names}: only runs of {only} are watched", names=names, only=only)
                    if only
                    else tr("{names}: no run has this", names=names)
                )
            for plan, lacks, run in zip(plans, lacking, self._session.runs, strict=True):
                if not lacks and row.breakpoint in run.unwatched:
                    why = tr(run.unwatched[row.breakpoint])
                    lines.append(tr("{run} is not watched: {why}", run=plan.optimizer.title, why=why))
            row.show_note("\n".join(dict.fromkeys(lines)))


class _Row(QWidget):
    """A kind of breakpoint: its check box, and its value if it has one.

    Attributes:
        breakpoint: the breakpoint that is shown.

    Signals:
        changed: the check box or the value has changed.
    """

    changed = Signal()

    def __init__(self, name: str, kind: BreakpointKind) -> None:
        super().__init__()
        self.breakpoint = Breakpoint(name, None, False)
        title, tip = tr(kind.title), tr(kind.meaning)
        layout = QGridLayout(self)
        layout.setHorizontalSpacing(8)
        layout.setVerticalSpacing(1)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setColumnStretch(0, 1)
        self.field: NumberField | None = None
        self.words: QComboBox | None = None
        self.switch: QCheckBox
        if isinstance(kind.parameter, Parameter):
            self.field = NumberField(name, kind.parameter, optional=True, title=title)
            self.field.slider.hide()
            self.field.entry.setFixedWidth(_VALUE_WIDTH)
            self.field.show_value(None)
            self.switch = cast(QCheckBox, self.field.switch)  # an optional field has one
            layout.addWidget(self.field, 0, 0)
            self.field.changed.connect(self._use)
            tip = f"{tip}\n{self.field.toolTip().partition(chr(10))[2]}"
            self.field.entry.setToolTip(tip)
        else:
            self.switch = QCheckBox(title)
            self.switch.setAccessibleName(title)
            keys_by_tab(self.switch)
            layout.addWidget(self.switch, 0, 0)
            self.switch.toggled.connect(self._use)
        if isinstance(kind.parameter, Choice):
            self.words = QComboBox()
            self.words.addItems(kind.parameter.words)
            self.words.setFixedWidth(_VALUE_WIDTH)
            self.words.setAccessibleName(f"{title}: {tr(kind.parameter.meaning)}")
            self.words.setToolTip(f"{title}: {tr(kind.parameter.meaning)}")
            self.words.currentTextChanged.connect(self._use)
            layout.addWidget(self.words, 0, 1)
        for widget in (self, self.switch):
            widget.setToolTip(tip)

    def show_breakpoint(self, shown: Breakpoint) -> None:
        """Show a breakpoint without a signal."""
        if shown == self.breakpoint:
            return
        self.breakpoint = shown
        for widget in (self.switch, self.words):
            if widget:
                widget.blockSignals(True)
        if self.field:
            self.field.show_value(shown.value)
            if not shown.enabled:
                self.field.show_value(None)
        else:
            self.switch.setChecked(shown.enabled)
        if self.words:
            self.words.setCurrentText(shown.value)
        for widget in (self.switch, self.words):
            if widget:
                widget.blockSignals(False)

    def _use(self, *_: object) -> None:
        if self.field:
            off = self.field.value is None
            value = self.breakpoint.value if off else self.field.value
            self.breakpoint = replace(self.breakpoint, value=value, enabled=not off)
        else:
            value = self.words.currentText() if self.words else None
            self.breakpoint = replace(self.breakpoint, value=value, enabled=self.switch.isChecked())
        self.changed.emit()


class _Condition(QWidget):
    """A user-defined condition, which is checked while it is typed.

    Attributes:
        breakpoint: the last valid condition; None if there is none yet.

    Signals:
        changed: the check box or the condition has changed.
        removed: the condition is to be removed.
    """

    changed = Signal()
    removed = Signal()

    def __init__(self, shown: Breakpoint | None, known_names: Callable[[], set[str]]) -> None:
        super().__init__()
        self._known_names = known_names
        self.breakpoint = shown
        self.switch = QCheckBox()
        self.switch.setChecked(shown is None or shown.enabled)
        self.switch.setToolTip(tr("Use this condition."))
        self.switch.setAccessibleName(tr("Use this condition"))
        self.entry = EntryField()
        self.entry.setPlaceholderText(EXAMPLE)
        self.entry.setAccessibleName(tr("Condition"))
        self.entry.setToolTip(tr("Pause when this becomes true; Enter applies it."))
        self.remove = QToolButton(autoRaise=True)
        self.remove.setText("✕")
        self.remove.setToolTip(tr("Remove this condition."))
        self.remove.setAccessibleName(tr("Remove this condition"))
        self.note = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.note.hide()
        self.note.setProperty("role", "muted")
        keys_by_tab(self.switch, self.remove)
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(self.switch)
        line.addWidget(self.entry, 1)
        line.addWidget(self.remove)
        layout = QVBoxLayout(self)
        layout.setSpacing(1)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(line)
        layout.addWidget(self.entry.message)
        layout.addWidget(self.note)
        self.entry.show_text(shown.value if shown else "")
        self.switch.toggled.connect(self._switch)
        self.entry.textEdited.connect(self._check)
        self.entry.entered.connect(self._use)
        self.remove.clicked.connect(self.removed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.entry.hasFocus():  # keep the message below it visible
            QTimer.singleShot(0, self, self._scroll_into_view)

    def _scroll_into_view(self) -> None:
        area = self.parentWidget()
        while area and not isinstance(area, QScrollArea):
            area = area.parentWidget()
        if isinstance(area, QScrollArea):
            area.ensureWidgetVisible(self, 0, 8)

    def show_note(self, text: str) -> None:
        """Show a text on runs that are not watched; an empty text hides it."""
        if self.note.text() != text:
            self.note.setText(text)
            self.note.setVisible(bool(text))

    def _check(self) -> None:
        """Show the error of the typed condition."""
        try:
            condition(self.entry.text()).check(self._known_names())
        except ValueError as error:
            self.entry.explain(str(error))
        else:
            self.entry.explain("")

    def _use(self, text: str) -> None:
        self._check()
        if not self.entry.message.text():
            self.entry.take(text.strip())
            self.breakpoint = Breakpoint(EXPRESSION, text, self.switch.isChecked())
            self.changed.emit()

    def _switch(self, on: bool) -> None:
        if self.breakpoint:
            self.breakpoint = replace(self.breakpoint, enabled=on)
            self.changed.emit()

"""Run, step, reset and speed."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QLabel, QSizePolicy, QSlider, QToolBar, QWidget

from gdviewer.ui.keys import keys_by_tab
from gdviewer.ui.session import Session
from gdviewer.ui.text import tr

FASTEST = 1e5  # from here on the slider says "as fast as it goes"
_TICKS = 100


class Transport(QToolBar):
    """The tool bar that drives the runs."""

    def __init__(self, session: Session) -> None:
        super().__init__(tr("Run"))
        self.setObjectName("transport")
        self.setMovable(False)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self._session = session
        self.run = self._action(tr("▶  Run"), tr("Run or pause all runs"), "Space", session.toggle)
        self.widgetForAction(self.run).setObjectName("primary")
        self.step = self._action(tr("Step"), tr("One step of each run"), "Right", session.step)
        self.reset = self._action(tr("Reset"), tr("Back to the start"), "R", session.reset)
        self.speed = QSlider(Qt.Orientation.Horizontal, minimum=0, maximum=_TICKS, pageStep=10)
        self.speed.setMinimumWidth(120)
        self.speed.setMaximumWidth(240)
        self.speed.setAccessibleName(tr("Speed"))
        self.speed.setToolTip(tr("Speed: from one step a second to as fast as it goes."))
        self.speed_text = QLabel()
        label = QLabel(tr("Speed"))
        label.setBuddy(self.speed)
        label.setContentsMargins(16, 0, 6, 0)
        self.speed_text.setContentsMargins(6, 0, 12, 0)
        self.speed_text.setMinimumWidth(self.fontMetrics().horizontalAdvance(tr("as fast as it goes")) + 24)
        self.where = QLabel(alignment=Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.where.setContentsMargins(0, 0, 10, 0)
        # Of fixed size, so that a number that changes each frame does not lay the whole window out anew.
        metrics = self.fontMetrics()
        widest = tr("looking at step {step} of {steps}", step="1,000,000,000", steps="1,000,000,000")
        self.where.setFixedSize(metrics.horizontalAdvance(widest) + 16, metrics.height() + 8)
        spring = QWidget()
        spring.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        for widget in (label, self.speed, self.speed_text, spring, self.where):
            self.addWidget(widget)
        keys_by_tab(self.speed)
        self.speed.valueChanged.connect(self._set_speed)
        session.playing_changed.connect(self._show_playing)
        session.frame.connect(self._show_where)
        session.cursor_moved.connect(self._show_where)
        self.speed.setValue(32)
        self._show_where()

    def _action(self, text: str, tip: str, key: str, call) -> QAction:
        action = QAction(text, self, triggered=lambda: call(), shortcut=QKeySequence(key))
        action.setToolTip(f"{tip} ({QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)})")
        self.addAction(action)
        button = self.widgetForAction(action)
        button.setAccessibleName(tip)
        keys_by_tab(button)
        return action

    def _set_speed(self, tick: int) -> None:
        speed = FASTEST ** (tick / _TICKS)
        fastest = tick == _TICKS
        self._session.set_speed(math.inf if fastest else speed)
        exact = f"{speed:,.0f}" if speed >= 10 else f"{speed:.2g}"
        self.speed_text.setText(tr("as fast as it goes") if fastest else tr("{n} steps/s", n=exact))

    def _show_playing(self, playing: bool) -> None:
        self.run.setText(tr("❚❚  Pause") if playing else tr("▶  Run"))

    def _show_where(self) -> None:
        session = self._session
        where = tr("step {step}", step=f"{session.cursor:,}")
        if not session.is_live:
            where = tr("looking at step {step} of {steps}", step=f"{session.cursor:,}", steps=f"{session.steps:,}")
        if self.where.text() != where:
            self.where.setText(where)

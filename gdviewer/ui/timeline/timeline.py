"""The tool bar at the bottom: run, step, move the cursor, and set the speed."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import cast

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QColor, QIcon, QKeySequence, QPainter, QPixmap, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QLabel, QSlider, QToolBar, QToolButton

from gdviewer.problems.kinds import is_network
from gdviewer.text import tr
from gdviewer.ui.session.session import Session
from gdviewer.ui.timeline.scrubber import Scrubber
from gdviewer.ui.widgets.keys import keys_by_tab
from gdviewer.ui.widgets.number_field import EntryField
from gdviewer.ui.widgets.theme import look

FASTEST = 1e5  # steps per second; the last tick of the slider is full speed
_TICKS = 100
_DEFAULT_SPEED = 32  # ticks; slow enough to watch a descent
_WIDEST = "88,888,888"  # more steps than a record can have
_ICON = 12  # size of an icon in pixels
_FRAMES_PER_DRAW = 3  # while the runs are played


class Timeline(QToolBar):
    """Controls the runs and the cursor.

    Attributes:
        run, reset, first, back, forward, newest: the actions of the buttons.
        leaps: the actions without a button: ten and a hundred steps back and forward.
        scrubber: the line of all steps with its marks.
        entry: the step at the cursor; a typed number moves the cursor.
        total: the number of steps; speed, speed_text: the speed.
        badge: shows whether the cursor follows the newest step or is on an earlier one.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(tr("Timeline"))
        self.setObjectName("timeline")
        self.setMovable(False)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.setIconSize(QSize(_ICON, _ICON))
        self._session = session
        self._frame = 0
        self.run = self._button(tr("▶  Run"), tr("Run or pause all runs"), "Space", session.player.toggle)
        self.widgetForAction(self.run).setObjectName("primary")
        self.reset = self._button(tr("Reset"), tr("Restart all runs and drop their records"), "R", session.reset)
        self.run.setAutoRepeat(False)
        self.reset.setAutoRepeat(False)
        self.first = self._button(tr("Go to the start"), tr("Go to the start"), "Home", session.cursor.first)
        self.back = self._button(tr("Step back"), tr("Go to the previous step"), "Left", session.cursor.back)
        self.forward = self._button(
            tr("Step"),
            tr("Go to the next step; at the newest step, execute one step of each run"),
            "Right",
            session.player.forward,
        )
        self.newest = self._button(
            tr("Go to the newest step"), tr("Go to the newest step"), "End", session.cursor.follow
        )
        self.leaps = [
            self._action(text.format(n=n), text.format(n=n), f"{modifier}+{key}", partial(call, n))
            for n, modifier in ((10, "Shift"), (100, "Ctrl"))
            for text, key, call in (
                (tr("{n} steps back"), "Left", session.cursor.back),
                (tr("{n} steps forward"), "Right", session.player.forward),
            )
        ]
        self.scrubber = Scrubber(session)
        self.entry = EntryField()
        self.entry.setAccessibleName(tr("Step at the cursor"))
        self.entry.setToolTip(tr("The step at the cursor: type a number and press Enter to go to another step."))
        self.entry.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.entry.message.setProperty("role", "bubble")
        self.entry.message.setParent(self)  # moved to the window when it is shown
        self.total = QLabel()
        self.total.setToolTip(tr("Steps of the longest run"))
        self.badge = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self.speed = _speed_slider()
        self.speed_text = QLabel()
        self.speed_text.setToolTip(self.speed.toolTip())
        for widget in (self.badge, self.scrubber, self.entry, self.total, self.speed):
            self.addWidget(widget)
        self._speed_text_action = self.addWidget(self.speed_text)  # hidden in a narrow window
        keys_by_tab(self.speed)
        self.speed.valueChanged.connect(self._set_speed)
        self.entry.entered.connect(self._jump)
        session.player.playing_changed.connect(self._show_playing)
        session.frame.connect(self._take_frame)
        session.cursor.moved.connect(self._follow_cursor)
        look().changed.connect(self._restyle)
        session.problem_changed.connect(self._match_speed)
        self._training = False
        self._chosen_speed = _DEFAULT_SPEED
        self.speed.setValue(_DEFAULT_SPEED)
        self._match_speed()
        self._restyle()

    def _action(self, text: str, tip: str, key: str, call: Callable[[], object]) -> QAction:
        action = QAction(text, self, shortcut=QKeySequence(key))
        action.triggered.connect(lambda: call())
        action.setToolTip(f"{tip} ({QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)})")
        return action

    def _button(self, text: str, tip: str, key: str, call: Callable[[], object]) -> QAction:
        action = self._action(text, tip, key, call)
        self.addAction(action)
        button = self.widgetForAction(action)
        button.setAccessibleName(tip)
        keys_by_tab(button)
        return action

    def change_speed(self, ticks: int) -> None:
        """Move the slider of the speed by a number of ticks; it has 100."""
        self.speed.setValue(self.speed.value() + ticks)

    def _set_speed(self, tick: int) -> None:
        speed = FASTEST ** (tick / _TICKS)
        fastest = tick == _TICKS
        self._session.player.pace.set_speed(math.inf if fastest else speed)
        exact = f"{speed:,.0f}" if speed >= 10 else f"{speed:.2g}"
        self.speed_text.setText(tr("full speed") if fastest else tr("{n} steps/s", n=exact))

    def _match_speed(self) -> None:
        """Train a network at full speed; restore the speed for other problems."""
        training = is_network(self._session.experiment.problem)
        if training != self._training:
            self._training = training
            if training:
                self._chosen_speed = self.speed.value()
            self.speed.setValue(_TICKS if training else self._chosen_speed)

    def _jump(self, text: str) -> None:
        """Move the cursor to a typed step; an error is shown above the entry, and the text stays."""
        word, steps = text.strip().replace(",", "").replace("−", "-"), self._session.cursor.newest
        try:
            step = int(word)
        except ValueError:
            self._explain(tr("{word} is not the number of a step", word=text.strip() or tr("nothing")))
            return
        if not 0 <= step <= steps:
            self._explain(tr("there is no step {step}; the steps are 0 to {steps}", step=word, steps=f"{steps:,}"))
            return
        self.entry.take(f"{step:,}")
        self.entry.clearFocus()  # the arrow keys step again
        self._session.cursor.look_at(step)

    def _explain(self, message: str) -> None:
        if self.entry.message.parentWidget() is not self.window():
            self.entry.message.setParent(self.window())
        self.entry.explain(message)
        self._place_message()

    def _place_message(self) -> None:
        """Place the message above the entry, on top of other widgets, so that nothing moves."""
        bubble = self.entry.message
        bubble.setWordWrap(False)
        bubble.adjustSize()
        corner = self.entry.mapTo(self.window(), QPoint(self.entry.width(), -4))
        bubble.move(max(4, corner.x() - bubble.width()), corner.y() - bubble.height())
        bubble.raise_()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
        if self.entry.message.isVisible():
            self._place_message()

    def _show_playing(self, playing: bool) -> None:
        self.run.setText(tr("❚❚  Pause") if playing else tr("▶  Run"))

    def _take_frame(self) -> None:
        self._frame += 1
        if not self._session.player.playing or self._frame % _FRAMES_PER_DRAW == 0:
            self._show_cursor()
            self.scrubber.update()

    def _follow_cursor(self) -> None:
        self.entry.take(f"{self._session.cursor.step:,}")  # the cursor was moved elsewhere: replace a typed text
        self._show_cursor()

    def _show_cursor(self) -> None:
        session = self._session
        if not self.entry.isModified():
            self.entry.show_text(f"{session.cursor.step:,}")
        total = tr("of {steps}", steps=f"{session.cursor.newest:,}")
        if self.total.text() != total:
            self.total.setText(total)
        role = "live" if session.cursor.is_live else "review"
        if self.badge.property("role") != role:
            live = session.cursor.is_live
            self.badge.setText(tr("LIVE") if live else tr("REVIEW"))
            self.badge.setToolTip(
                tr("The cursor follows the newest step.") if live
                else tr("An earlier step is shown; the runs do not change. Run or End returns to the newest.")
            )  # fmt: skip
            self.badge.setProperty("role", role)
            self.badge.style().unpolish(self.badge)
            self.badge.style().polish(self.badge)

    def _restyle(self) -> None:
        """Use the colours and the font of the theme; widths are fixed, so that changing numbers move nothing."""
        color = QColor(look().theme.text)
        for action, signs in ((self.first, "|<"), (self.back, "<"), (self.forward, ">"), (self.newest, ">|")):
            action.setIcon(_icon(signs, color))
            action.setIconVisibleInMenu(False)
            cast(QToolButton, self.widgetForAction(action)).setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        metrics = self.fontMetrics()
        self.entry.setFixedWidth(metrics.horizontalAdvance(_WIDEST) + 14)
        self.total.setFixedWidth(metrics.horizontalAdvance(tr("of {steps}", steps=_WIDEST)) + 4)
        words = tr("full speed"), tr("{n} steps/s", n="99,999")
        self.speed_text.setFixedWidth(max(map(metrics.horizontalAdvance, words)) + 6)
        _fix_width(self.badge, tr("LIVE"), tr("REVIEW"))
        button = self.widgetForAction(self.run)
        button.setMinimumWidth(metrics.horizontalAdvance(tr("❚❚  Pause")) + 30)
        self._fit()
        self._show_cursor()

    def _fit(self) -> None:
        """Hide the text of the speed if the other widgets would not fit beside it."""
        parts = [self.widgetForAction(action) for action in self.actions() if action is not self._speed_text_action]
        layout, margins = self.layout(), self.contentsMargins()
        gaps = (layout.spacing() if layout else 0) * len(parts) + margins.left() + margins.right()
        needed = sum(max(part.minimumSizeHint().width(), part.minimumWidth()) for part in parts) + gaps
        self._speed_text_action.setVisible(needed + self.speed_text.width() <= self.width())


def _speed_slider() -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, _TICKS)
    slider.setPageStep(10)
    slider.setMinimumWidth(60)
    slider.setMaximumWidth(110)
    slider.setAccessibleName(tr("Speed"))
    slider.setToolTip(tr("Speed: from one step per second to full speed (keys + and −)."))
    return slider


def _fix_width(label: QLabel, *texts: str) -> None:
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    label.setFixedWidth(max(label.fontMetrics().horizontalAdvance(text) for text in texts) + 20)


def _icon(signs: str, color: QColor) -> QIcon:
    """Return an icon of triangles (``<``, ``>``) and bars (``|``); few fonts have these characters."""
    scale = 3  # the largest device pixel ratio
    pixmap = QPixmap(_ICON * scale, _ICON * scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.scale(scale, scale)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    bar = "|" in signs
    left, right = (3.5, 11.0) if bar else (2.0, 10.0)
    if "<" not in signs:
        painter.translate(_ICON, 0)
        painter.scale(-1, 1)
    painter.drawPolygon(QPolygonF([QPointF(right, 1), QPointF(right, 11), QPointF(left, 6)]))
    if bar:
        painter.drawRect(QRectF(1, 1, 2, 10))
    painter.end()
    pixmap.setDevicePixelRatio(scale)
    return QIcon(pixmap)

"""The bar at the bottom: run, step, go back and forth in time, and the speed."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QColor, QIcon, QKeySequence, QPainter, QPixmap, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QLabel, QSlider, QToolBar

from gdviewer.problems.kinds import is_network
from gdviewer.text import tr
from gdviewer.ui.session.session import Session
from gdviewer.ui.timeline.scrubber import Scrubber
from gdviewer.ui.widgets.keys import keys_by_tab
from gdviewer.ui.widgets.number_field import EntryField
from gdviewer.ui.widgets.theme import look

FASTEST = 1e5  # from here on the slider says "full speed"
_TICKS = 100
_USUAL = 32  # ticks: so slow that a descent can be watched
_WIDEST = "88,888,888"  # more steps than the record of a run has room for
_ICON = 12  # pixels of an icon
_FRAMES_PER_DRAW = 3  # while the runs are played


class Timeline(QToolBar):
    """Drives the runs, and moves the cursor that all views share.

    Attributes:
        run, reset, first, back, forward, newest: the actions of its buttons.
        leaps: those that have a key but no button: ten and a hundred steps, back and forward.
        scrubber: all steps, with what happened on the way.
        entry: the number of the step looked at; typing another goes there.
        badge: says whether the newest step is followed or an earlier one looked at.
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
        self.reset = self._button(tr("Reset"), tr("Back to the start, and drop the record"), "R", session.reset)
        self.run.setAutoRepeat(False)
        self.reset.setAutoRepeat(False)
        self.first = self._button(tr("Look at the start"), tr("Look at the start"), "Home", session.cursor.first)
        self.back = self._button(tr("Step back"), tr("Look at the step before"), "Left", session.cursor.back)
        self.forward = self._button(
            tr("Step"),
            tr("Look at the next step; from the newest, one step of each run"),
            "Right",
            session.player.forward,
        )
        self.newest = self._button(
            tr("Look at the newest"), tr("Look at the newest step"), "End", session.cursor.follow
        )
        self.leaps = [
            self._action(text.format(n=n), text.format(n=n), f"{modifier}+{key}", lambda call=call, n=n: call(n))
            for n, modifier in ((10, "Shift"), (100, "Ctrl"))
            for text, key, call in (
                (tr("{n} steps back"), "Left", session.cursor.back),
                (tr("{n} steps forward"), "Right", session.player.forward),
            )
        ]
        self.scrubber = Scrubber(session)
        self.entry = EntryField()
        self.entry.setAccessibleName(tr("Step looked at"))
        self.entry.setToolTip(tr("The step looked at: type the number of another, and Enter goes there."))
        self.entry.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.entry.message.setProperty("role", "bubble")
        self.entry.message.setParent(self)  # of the window, when there is something to tell
        self.total = QLabel()
        self.total.setToolTip(tr("Steps of the longest run"))
        self.badge = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self.speed = QSlider(Qt.Orientation.Horizontal, minimum=0, maximum=_TICKS, pageStep=10)
        self.speed.setMinimumWidth(60)
        self.speed.setMaximumWidth(110)
        self.speed.setAccessibleName(tr("Speed"))
        self.speed.setToolTip(tr("Speed: from one step a second to as fast as it goes (keys + and −)."))
        self.speed_text = QLabel()
        self.speed_text.setToolTip(self.speed.toolTip())
        for widget in (self.badge, self.scrubber, self.entry, self.total, self.speed):
            self.addWidget(widget)
        self._words = self.addWidget(self.speed_text)  # they go where there is no room; the tool tip tells them too
        keys_by_tab(self.speed)
        self.speed.valueChanged.connect(self._set_speed)
        self.entry.entered.connect(self._jump)
        session.player.playing_changed.connect(self._show_playing)
        session.frame.connect(self._take_frame)
        session.cursor.moved.connect(self._follow_cursor)
        look().changed.connect(self._restyle)
        session.problem_changed.connect(self._match_speed)
        self._training = False
        self._usual_speed = _USUAL
        self.speed.setValue(_USUAL)
        self._match_speed()
        self._restyle()

    def _action(self, text: str, tip: str, key: str, call: Callable[[], None]) -> QAction:
        action = QAction(text, self, triggered=lambda: call(), shortcut=QKeySequence(key))
        action.setToolTip(f"{tip} ({QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)})")
        return action

    def _button(self, text: str, tip: str, key: str, call: Callable[[], None]) -> QAction:
        action = self._action(text, tip, key, call)
        self.addAction(action)
        button = self.widgetForAction(action)
        button.setAccessibleName(tip)
        keys_by_tab(button)
        return action

    def change_speed(self, ticks: int) -> None:
        """Move the slider of the speed, of 100 ticks."""
        self.speed.setValue(self.speed.value() + ticks)

    def _set_speed(self, tick: int) -> None:
        speed = FASTEST ** (tick / _TICKS)
        fastest = tick == _TICKS
        self._session.player.pace.set_speed(math.inf if fastest else speed)
        exact = f"{speed:,.0f}" if speed >= 10 else f"{speed:.2g}"
        self.speed_text.setText(tr("full speed") if fastest else tr("{n} steps/s", n=exact))

    def _match_speed(self) -> None:
        """Train a network as fast as it goes; other descents are to be watched, at the speed they had before."""
        training = is_network(self._session.experiment.problem)
        if training != self._training:
            self._training = training
            if training:
                self._usual_speed = self.speed.value()
            self.speed.setValue(_TICKS if training else self._usual_speed)

    def _jump(self, text: str) -> None:
        """Look at a step that was typed; what can't be one is told above the field, and stays in it."""
        word, steps = text.strip().replace(",", "").replace("−", "-"), self._session.cursor.newest
        try:
            step = int(word)
        except ValueError:
            self._explain(tr("{word} is not the number of a step", word=text.strip() or tr("nothing")))
            return
        if not 0 <= step <= steps:
            self._explain(tr("{step} is not one of the steps so far, 0 to {steps}", step=word, steps=f"{steps:,}"))
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
        """Put the message right above the field, over what is there, so that nothing moves."""
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
            self._show_where()
            self.scrubber.update()

    def _follow_cursor(self) -> None:
        self.entry.take(f"{self._session.cursor.step:,}")  # whatever was typed: the cursor was moved in another way
        self._show_where()

    def _show_where(self) -> None:
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
                tr("The newest step is shown, and followed.") if live
                else tr("An earlier step is shown; nothing of the runs changes. Run or End goes back to the newest.")
            )  # fmt: skip
            self.badge.setProperty("role", role)
            self.badge.style().unpolish(self.badge)
            self.badge.style().polish(self.badge)

    def _restyle(self) -> None:
        """Take the theme's colours and font; of fixed widths, so that numbers that change move nothing."""
        color = QColor(look().theme.text)
        for action, signs in ((self.first, "|<"), (self.back, "<"), (self.forward, ">"), (self.newest, ">|")):
            action.setIcon(_icon(signs, color))
            action.setIconVisibleInMenu(False)
            self.widgetForAction(action).setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        metrics = self.fontMetrics()
        self.entry.setFixedWidth(metrics.horizontalAdvance(_WIDEST) + 14)
        self.total.setFixedWidth(metrics.horizontalAdvance(tr("of {steps}", steps=_WIDEST)) + 4)
        words = tr("full speed"), tr("{n} steps/s", n="99,999")
        self.speed_text.setFixedWidth(max(map(metrics.horizontalAdvance, words)) + 6)
        _fix_width(self.badge, tr("LIVE"), tr("REVIEW"))
        button = self.widgetForAction(self.run)
        button.setMinimumWidth(metrics.horizontalAdvance(tr("❚❚  Pause")) + 30)
        self._fit()
        self._show_where()

    def _fit(self) -> None:
        """Leave the words on the speed out where all else would not fit beside them."""
        parts = [self.widgetForAction(action) for action in self.actions() if action is not self._words]
        room = self.layout().spacing() * len(parts) + self.contentsMargins().left() + self.contentsMargins().right()
        least = sum(max(part.minimumSizeHint().width(), part.minimumWidth()) for part in parts) + room
        self._words.setVisible(least + self.speed_text.width() <= self.width())


def _fix_width(label: QLabel, *texts: str) -> None:
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    label.setFixedWidth(max(label.fontMetrics().horizontalAdvance(text) for text in texts) + 20)


def _icon(signs: str, color: QColor) -> QIcon:
    """Triangles and bars: ``<`` and ``>`` point, ``|`` is a bar; drawn, as few fonts have them."""
    scale = 3  # for screens of up to so many pixels a point
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

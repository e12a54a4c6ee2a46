"""The line of all steps, along which the cursor is dragged, with marks of events."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gdviewer.text import tr
from gdviewer.ui.session.session import Session
from gdviewer.ui.timeline.marks import CHANGE, HIT, Mark, Marks
from gdviewer.ui.widgets.theme import look

_MARGIN = 8  # left and right of the line, for marks at its ends
_EVENTS, _TRACK, _RISES, _HEIGHT = 8, 18, 23, 32  # middle of events, of the line; top of rises; height, in pixels
_THICKNESS = 6  # of the line
_NEAR = 5  # pixels from a mark within which a click selects it
_STILL = 3  # pixels by which the mouse may move in a click
_MAX_TEXTS = 6  # marks in a tool tip


class Scrubber(QWidget):
    """The steps from the start to the newest one; a press or drag moves the cursor, a click on a mark to its step.

    It is repainted when the cursor moves. For new steps its owner calls :meth:`update`.

    Attributes:
        marks: the marks.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._pressed: float | None = None  # the position of a press, until the mouse is dragged away
        self.marks = Marks(session)
        self.setAccessibleName(tr("Timeline of the steps"))
        self.setToolTip(self._legend())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # after a click the arrow keys step
        for signal in (session.cursor.moved, session.runs_changed, look().changed):
            signal.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(360, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(90, _HEIGHT)

    def x_of(self, step: float) -> float:
        """Return the position of a step in pixels from the left."""
        return _MARGIN + self._length * step / max(self._session.cursor.newest, 1)

    def step_at(self, x: float) -> float:
        """Return the step at a position; it may be fractional."""
        share = (x - _MARGIN) / self._length
        return min(max(share, 0.0), 1.0) * self._session.cursor.newest

    def marks_at(self, x: float) -> list[Mark]:
        """Return the marks at a position, events first."""
        return self.marks.near(self.step_at(x), self.step_at(_MARGIN + _NEAR))

    def text_at(self, x: float) -> str:
        """Return the tool tip at a position."""
        texts = [mark.text for mark in self.marks_at(x)[:_MAX_TEXTS]]
        return "\n".join(texts or [tr("step {step}", step=f"{round(self.step_at(x)):,}")]) + "\n\n" + self._legend()

    @property
    def _length(self) -> float:
        return max(self.width() - 2 * _MARGIN, 1)

    def _legend(self) -> str:
        marks = tr("■ end of a run   ▲ hyperparameter changed   ● breakpoint   red below: the loss rose")
        return tr("Drag to go to a step; click a mark to go exactly to its step.") + "\n" + marks

    # The mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            x = self._pressed = event.position().x()
            marks = self.marks_at(x)
            self._session.cursor.look_at(marks[0].step if marks else round(self.step_at(x)))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if self._pressed is not None and abs(x - self._pressed) < _STILL:
            return
        self._pressed = None
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._session.cursor.look_at(round(self.step_at(x)))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            x = event.pos().x()
            around = QRectF(x - _NEAR, 0, 2 * _NEAR, self.height()).toRect()
            QToolTip.showText(event.globalPos() + QPoint(0, 8), self.text_at(x), self, around)
            return True
        return super().event(event)

    # The picture

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, session = look().theme, self._session
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        color = QColor(theme.accent if session.cursor.is_live else theme.review)
        cursor = self.x_of(session.cursor.step)
        line = QRectF(_MARGIN, _TRACK - _THICKNESS / 2, self._length, _THICKNESS)
        painter.setBrush(QColor(theme.line))
        painter.drawRoundedRect(line, 3, 3)
        painter.setBrush(color)
        painter.drawRoundedRect(QRectF(line.topLeft(), QPointF(cursor, line.bottom())), 3, 3)
        self._paint_rises(painter, QColor(theme.error))
        painter.setPen(QColor(theme.window))
        drawn = set()
        for mark in self.marks.events():
            at = round(self.x_of(mark.step)), mark.kind, mark.plan.color
            if at not in drawn:
                drawn.add(at)
                painter.setBrush(QColor(theme.error) if mark.kind == HIT else theme.run_color(mark.plan.color))
                _paint_event(painter, self.x_of(mark.step), mark.kind)
        painter.setBrush(color)
        painter.drawRoundedRect(QRectF(cursor - 3.5, _TRACK - 8, 7, 16), 3, 3)

    def _paint_rises(self, painter: QPainter, color: QColor) -> None:
        """Paint the rises below the line, darker where more steps of a pixel rise, at a cost per pixel."""
        rises, steps = self.marks.rises(), self._session.cursor.newest
        columns = int(self._length) + 1
        edges = (np.arange(columns + 1) - 0.5) * steps / self._length
        count = sum((np.diff(np.searchsorted(found, edges)) for _, found in rises), np.zeros(columns, dtype=int))
        if not count.any():
            return
        share = count / (len(rises) * max(1.0, steps / self._length))
        pixels = np.empty((1, columns, 4), dtype=np.uint8)
        pixels[..., :3] = color.red(), color.green(), color.blue()
        pixels[..., 3] = np.where(count > 0, 90 + 165 * np.minimum(share, 1.0), 0)
        image = QImage(pixels.data, columns, 1, 4 * columns, QImage.Format.Format_RGBA8888)
        painter.drawImage(QRectF(_MARGIN - 0.5, _RISES, columns, _HEIGHT - _RISES - 1), image)


def _paint_event(painter: QPainter, x: float, kind: str) -> None:
    y = _EVENTS - 2
    if kind == HIT:
        painter.drawEllipse(QPointF(x, y), 4.5, 4.5)
    elif kind == CHANGE:
        painter.drawPolygon(QPolygonF([QPointF(x - 5, y + 4), QPointF(x + 5, y + 4), QPointF(x, y - 5)]))
    else:
        painter.drawRect(QRectF(x - 4, y - 4, 8, 8))

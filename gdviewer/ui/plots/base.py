"""What the plots have in common."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.graphicsItems.ScatterPlotItem import Symbols
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPen, QTransform
from PySide6.QtWidgets import QGraphicsEllipseItem, QGraphicsPathItem, QWidget

from gdviewer.engine.run.run import Run, shares_past
from gdviewer.text import tr
from gdviewer.ui.plots.axis import Axis
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.theme import Theme, look


def line_pen(color: QColor | str, width: float) -> QPen:
    """A pen whose width is in pixels, whatever the zoom."""
    pen = QPen(QColor(color), width)
    pen.setCosmetic(True)
    return pen


GHOST, LEFT = 0.4, 0.6  # how opaque runs are drawn that were before what is tried out, and that another run shares_past


def pale(color: QColor, theme: Theme) -> QColor:
    """A run's colour for what comes after the step looked at; opaque, as lines that overlap themselves must be."""
    here, ground = color.getRgbF()[:3], QColor(theme.plot).getRgbF()[:3]
    return QColor.fromRgbF(*(0.45 * a + 0.55 * b for a, b in zip(here, ground, strict=True)))


class Drawing:
    """What draws one run in one plot.

    Args:
        present: those of the items that show where the run is, and so are not drawn of a ghost.

    Attributes:
        items: the graphics items, which the plot adds and removes.
        color: the index of the run's colour they were made in.
        ghost: whether it shows a run as it was before what is tried out.
    """

    def __init__(self, *items: pg.GraphicsItem | QGraphicsEllipseItem, present: Sequence[object] = ()) -> None:
        self.items = items
        self.present = present
        self.color = -1
        self.ghost = False

    def set_visible(self, visible: bool) -> None:
        """Show or hide all of it."""
        for item in self.items:
            item.setVisible(visible)

    def restart(self) -> bool:
        """Forget the run that was drawn, so as to draw another in its place; tells whether it can do that."""
        return False

    def fade(self, opacity: float) -> None:
        """Draw all of it paler, or with 1 as it is."""
        for item in self.items:
            item.setOpacity(opacity)


class Plot(pg.PlotWidget):
    """A plot with themed axes that draws the session's runs.

    Signals:
        hovered: a line of text on what is under the mouse; empty where there is nothing.
    """

    hovered = Signal(str)
    picture: str = ""  # the kind of problem it is for; empty for all
    frames_per_draw = 1  # while the runs are played, it is drawn at every so many frames

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent, enableMenu=False, axisItems={"left": Axis("left"), "bottom": Axis("bottom")})
        self.session = session
        self._frame = 0
        self._stale = True
        self._drawings: dict[Run, Drawing] = {}
        self._known = set(session.runs)  # those that are drawn, ghosts too
        self.setMinimumSize(240, 130)
        self.getPlotItem().hideButtons()
        self.getPlotItem().layout.setContentsMargins(4, 10, 12, 2)  # room for a tick's number at the very edge
        self.setToolTip(tr("Wheel: zoom. Drag: move. Ctrl+0: show all."))
        self.scene().sigMouseMoved.connect(self._hover)
        self.scene().sigPrepareForPaint.connect(self._recompute_if_stale)
        session.runs_changed.connect(self.forget_old_runs)
        session.frame.connect(self._take_frame)
        session.cursor.moved.connect(self.follow_cursor)
        look().changed.connect(self.restyle)

    @property
    def theme(self) -> Theme:
        """The theme in force."""
        return look().theme

    @property
    def active(self) -> bool:
        """Whether the problem is of the kind this plot draws."""
        return self.picture in ("", self.session.experiment.problem.picture)

    def restyle(self) -> None:
        """Take the theme's colours."""
        theme = self.theme
        self.setBackground(theme.plot)
        font = self.font()
        for name in ("left", "bottom"):
            axis = self.getAxis(name)
            axis.enableAutoSIPrefix(False)
            axis.setPen(line_pen(theme.line, 1))
            axis.setTextPen(QColor(theme.text))
            axis.setTickFont(font)
            axis.label.setFont(font)
            axis.label.setDefaultTextColor(QColor(theme.text))
        self.forget_runs()
        self._draw_if_shown()

    def draw(self) -> None:
        """Draw what the traces hold now."""

    def follow_cursor(self) -> None:
        """Draw what another step looked at changes; the traces are as before."""
        self._draw_if_shown()

    def make_drawing(self, run: Run, color: QColor) -> Drawing:
        """The items that draw a run."""
        raise NotImplementedError

    def drawing_of(self, run: Run, color: int) -> Drawing:
        """The items that draw a run, made on first use, and anew in another colour."""
        drawing = self._drawings.get(run)
        ghost = run not in self.session.runs
        if drawing is None or (drawing.color, drawing.ghost) != (color, ghost):
            if drawing:
                self._forget(run)
            drawing = self._drawings[run] = self._spare_drawing(color, ghost) or self._add(run, color, ghost)
        drawing.fade(GHOST if ghost else LEFT if self._left(run) else 1.0)
        return drawing

    def _add(self, run: Run, color: int, ghost: bool) -> Drawing:
        drawing = self.make_drawing(run, self.theme.run_color(color))
        drawing.color, drawing.ghost = color, ghost
        for item in drawing.items:
            if not (ghost and item in drawing.present):
                self.addItem(item, ignoreBounds=True)
        return drawing

    def _spare_drawing(self, color: int, ghost: bool) -> Drawing | None:
        """What drew a run that is no more, to draw the one in its place: items that come and go are dear."""
        for run in [run for run in self._drawings if run not in self._known]:
            drawing = self._drawings[run]
            if (drawing.color, drawing.ghost) == (color, ghost) and drawing.restart():
                return self._drawings.pop(run)
        return None

    def first_of(self, run: Run) -> int:
        """The row from which a run is drawn: of one that shares_past another that is drawn too, where it does."""
        return run.branch_step if run.origin and any(shares_past(run, other) for other in self._visible()) else 0

    def _left(self, run: Run) -> bool:
        """Whether another run that is drawn shares_past this one, so that it is what might have been."""
        return any(other.origin and other.begun and shares_past(other, run) for other in self._visible())

    def _visible(self) -> list[Run]:
        return [run for plan, run in zip(self.session.experiment.runs, self.session.runs, strict=True) if plan.visible]

    def forget_runs(self) -> None:
        """Drop what draws the runs; it is made anew when they are drawn."""
        for run in list(self._drawings):
            self._forget(run)

    def forget_old_runs(self) -> None:
        """Drop what draws runs that are no more; while the hand moves, keep it for those that come in their place."""
        self._known = {run for _, run in self.session.shown}
        if not self.session.what_if.ghosts:
            self._drop_spare()

    def _drop_spare(self) -> None:
        for run in [run for run in self._drawings if run not in self._known]:
            self._forget(run)

    def _forget(self, run: Run) -> None:
        for item in self._drawings.pop(run).items:
            self.removeItem(item)

    @property
    def computing(self) -> bool:
        """Whether what it draws of the problem is still to come."""
        return False

    def close_threads(self) -> None:
        """End the threads that compute for it."""

    def show_all(self) -> None:
        """Show the whole of what there is to see."""
        raise NotImplementedError

    def outdate(self) -> None:
        """Have what is computed for the visible region computed again, right before the next painting."""
        self._stale = True
        self.viewport().update()

    def recompute(self) -> None:
        """Compute what is drawn of the problem in the visible region."""

    def describe(self, x: float, y: float) -> str:
        """What to tell about a point under the mouse."""
        return ""

    def _recompute_if_stale(self) -> None:
        if self._stale and self.active:
            self._stale = False
            self.recompute()

    def _take_frame(self) -> None:
        self._frame += 1
        resting = not (self.session.player.playing or self.session.what_if.pending)
        if resting or self._frame % self.frames_per_draw == 0:
            self._draw_if_shown()

    def _draw_if_shown(self) -> None:
        if self.isVisible() and self.active:
            self.draw()
            self._drop_spare()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)
        self._draw_if_shown()

    def _hover(self, position: QPointF) -> None:
        box = self.getPlotItem().vb
        if box.sceneBoundingRect().contains(position):
            point = box.mapSceneToView(position)
            self.hovered.emit(self.describe(point.x(), point.y()))
        else:
            self.hovered.emit("")

    def leaveEvent(self, event: object) -> None:
        super().leaveEvent(event)
        self.hovered.emit("")


class Head(QGraphicsEllipseItem):
    """The dot where a run is: of the same size at every zoom, and moved for next to nothing."""

    def __init__(self, color: QColor, rim: str, width: float) -> None:
        radius = 3.5 + width
        super().__init__(-radius, -radius, 2 * radius, 2 * radius)
        self.setFlag(QGraphicsEllipseItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self.setBrush(color)
        self.setPen(line_pen(rim, 1.5))
        self.setZValue(50)


class Ring(Head):
    """A small ring where a run shares_past another."""

    def __init__(self, color: QColor, rim: str, width: float) -> None:
        super().__init__(color, rim, width)
        self.setBrush(Qt.BrushStyle.NoBrush)
        self.setPen(line_pen(color, width))
        self.setToolTip(tr("Here this run shares_past the other."))

    def mark(self, shown: bool, x: float, y: float) -> None:
        """Show it at a point, if that is one, or hide it."""
        shown = bool(shown and np.isfinite(x) and np.isfinite(y))
        self.setVisible(shown)
        if shown:
            self.setPos(x, y)


class Stars:
    """Stars at the known minima: of the same size at every zoom, and painted by Qt alone."""

    def __init__(self, plot: Plot) -> None:
        self._plot = plot
        self._items: list[QGraphicsPathItem] = []

    def show(self, points: NDArray[np.float64], off: Sequence[float] = ()) -> None:
        """Show stars at points (k, 2), in the theme's colours; hollow where ``off``, a distance, is not zero."""
        for item in self._items:
            self._plot.removeItem(item)
        self._items = [QGraphicsPathItem(Symbols["star"]) for _ in points]
        for item, point in zip(self._items, points, strict=True):
            item.setFlag(QGraphicsPathItem.GraphicsItemFlag.ItemIgnoresTransformations)
            item.setTransform(QTransform.fromScale(14, 14))
            item.setBrush(QColor(self._plot.theme.text))
            item.setPen(line_pen(self._plot.theme.plot, 1))
            item.setToolTip(tr("Known minimum"))
            item.setPos(*point)
            item.setZValue(20)
            self._plot.addItem(item, ignoreBounds=True)
        for item, distance in zip(self._items, off, strict=False):
            if distance:
                item.setBrush(Qt.BrushStyle.NoBrush)
                item.setPen(line_pen(self._plot.theme.text, 1))
                item.setToolTip(tr("Known minimum, {distance} off the plane", distance=f"{distance:.3g}"))


class Curve(pg.PlotCurveItem):
    """A curve that stays fast though it is wide and smooth: drawn line by line, not as one outline."""

    def __init__(self, width: float, color: QColor) -> None:
        super().__init__(pen=line_pen(color, width), antialias=True, skipFiniteCheck=False)
        self.setSegmentedLineMode("on")

    def boundingRect(self) -> QRectF:
        """The curve's extent and a few pixels; pyqtgraph's own asks for it in a tenth of all drawing time."""
        if self._boundingRect is None:
            x, y = self.getData()
            box = self.getViewBox()
            if x is None or not len(x) or box is None:
                return QRectF()
            left, right, bottom, top = np.fmin.reduce(x), np.fmax.reduce(x), np.fmin.reduce(y), np.fmax.reduce(y)
            if not np.isfinite([left, right, bottom, top]).all():
                return super().boundingRect()
            width, height = (4 * size for size in box.viewPixelSize())
            rect = QRectF(left - width, bottom - height, right - left + 2 * width, top - bottom + 2 * height)
            self._boundingRect = rect
        return self._boundingRect

"""Problems of two dimensions, or on a plane: heat image, contour lines, and the paths over them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QLinearGradient, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QWidget

from gdviewer.engine.run.run import Run
from gdviewer.experiment.plan import Point
from gdviewer.problems.problem import Problem
from gdviewer.text import number_text, tr
from gdviewer.ui.plots.arrows import Ends
from gdviewer.ui.plots.base import Curve, Drawing, Head, Ring, Stars, line_pen, pale
from gdviewer.ui.plots.landscape import GRID, Landscape, compute_landscape
from gdviewer.ui.plots.problem_plot import ProblemPlot
from gdviewer.ui.plots.thinning import Array, GrowingArray, Nearest, PathThinner, distance_to_line, visible
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.theme import Theme, look


class Path(Drawing):
    """The items that draw a run: its thinned path up to the cursor, paler after it, and its head.

    Attributes:
        stride: number of steps between two stored points of the trace.
        projected: for a plot of a plane, the projections of the points on it: a, b, a, b, …
    """

    def __init__(self, color: QColor, theme: Theme, resolution: float) -> None:
        self.curve = Curve(theme.width, color)
        self.curve.setZValue(30)
        self.future = Curve(theme.width, pale(color, theme))
        self.future.setZValue(29)
        self.head = Head(color, theme.plot, theme.width)
        self.ring = Ring(color, theme.plot, theme.width)
        self._resolution = resolution
        self.stride = 1
        self.restart()
        super().__init__(self.curve, self.future, self.head, self.ring, present=(self.future, self.head))

    def restart(self) -> bool:
        self.thinner = PathThinner(self._resolution)
        self.nearest = Nearest()
        self.projected = GrowingArray()
        self.rows = np.empty(0, dtype=np.int64)  # the rows to draw,
        self.points = np.empty((0, 2))  # their positions,
        self.chosen: object = None  # and the view and the trace for which they were chosen
        return True


class Backdrop(pg.GraphicsObject):
    """The landscape under the paths, painted once for a view and kept as a picture."""

    def __init__(self) -> None:
        super().__init__()
        self._landscape: Landscape | None = None
        self._image = QImage()
        self._pen = line_pen("#000000", 0.9)
        self._picture = QPixmap()
        self._painted_for: object = None
        self.setZValue(-100)

    def show(self, landscape: Landscape, theme: Theme) -> None:
        """Show a landscape in the colours of a theme."""
        self.prepareGeometryChange()
        shades = landscape.shades()
        colors = theme.heat_colors()[np.nan_to_num(shades * 255).astype(np.uint8)]
        background = QColor(theme.plot)
        colors[np.isnan(shades)] = (background.red(), background.green(), background.blue(), 255)
        self._pixels = np.ascontiguousarray(colors)
        rows, columns = shades.shape
        self._image = QImage(self._pixels.data, columns, rows, 4 * columns, QImage.Format.Format_RGBA8888)
        color = QColor(theme.contour)
        color.setAlphaF(0.55)
        self._pen.setColor(color)
        self._landscape, self._painted_for = landscape, None
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self.prepareGeometryChange()
        self._landscape = None
        self.update()

    def boundingRect(self) -> QRectF:
        if self._landscape is None:
            return QRectF()
        rect = self._landscape.rect
        rows, columns = self._landscape.heights.shape
        cell = QPointF(rect.width() / (columns - 1) / 2, rect.height() / (rows - 1) / 2)
        return QRectF(rect.topLeft() - cell, rect.bottomRight() + cell)

    def paint(self, painter: QPainter, *_: object) -> None:
        view = self.getViewWidget()
        if self._landscape is None or view is None:
            return
        transform = painter.worldTransform()
        ratio = view.devicePixelRatioF()
        device = transform.mapRect(self.boundingRect()).toAlignedRect().intersected(view.viewport().rect())
        key = (transform, ratio, device.getRect())
        if key != self._painted_for:
            self._picture = QPixmap(device.size() * ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(Qt.GlobalColor.transparent)
            inner = QPainter(self._picture)
            inner.translate(-QPointF(device.topLeft()))
            inner.setWorldTransform(transform, combine=True)
            inner.setRenderHints(QPainter.RenderHint.SmoothPixmapTransform | QPainter.RenderHint.Antialiasing)
            inner.drawImage(self.boundingRect(), self._image)
            inner.setPen(self._pen)
            inner.drawPath(self._landscape.lines)
            inner.end()
            self._painted_for = key
        painter.save()
        painter.resetTransform()
        painter.drawPixmap(device.topLeft(), self._picture)
        painter.restore()


class ColorScale(QWidget):
    """The colours of the heat image and the losses they stand for."""

    def __init__(self) -> None:
        super().__init__()
        self._landscape: Landscape | None = None
        self.setToolTip(tr("Loss at the contour lines; the darkest or bluest is the lowest."))
        self.setAccessibleName(tr("Colour scale of the loss"))
        look().changed.connect(self._resize)
        self._resize()

    def show_landscape(self, landscape: Landscape) -> None:
        """Show the levels of a landscape."""
        self._landscape = landscape
        self.update()

    def _resize(self) -> None:
        self.setFixedWidth(QFontMetrics(self.font()).horizontalAdvance("−0.00e+00") + 26)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = look().theme
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.plot))
        metrics = self.fontMetrics()
        painter.setPen(QColor(theme.text))
        painter.drawText(QRectF(4, 4, self.width() - 8, metrics.height()), Qt.AlignmentFlag.AlignLeft, tr("loss"))
        if self._landscape is None or not len(self._landscape.levels):
            return
        top, bottom = 12 + metrics.height(), self.height() - 34
        bar = QRectF(4, top, 12, bottom - top)
        gradient = QLinearGradient(bar.bottomLeft(), bar.topLeft())
        colors = theme.heat_colors()
        for i in range(0, 256, 15):
            gradient.setColorAt(i / 255, QColor(*colors[i]))
        painter.fillRect(bar, gradient)
        painter.setPen(line_pen(theme.line, 1))
        painter.drawRect(bar)
        painter.setPen(QColor(theme.text))
        levels = self._landscape.levels
        closest = (np.diff(levels) / np.maximum(np.abs(levels[1:]), np.abs(levels[:-1]))).min()
        digits = int(np.clip(np.ceil(-np.log10(max(closest, 1e-9))), 3, 7))  # as many as distinguish two levels
        every = max(1, int(np.ceil(len(levels) * metrics.height() * 1.6 / max(bar.height(), 1))))
        for i in range(0, len(levels), every):
            y = bar.bottom() - bar.height() * i / (len(levels) - 1)
            box = QRectF(bar.right() + 6, y - metrics.height() / 2, self.width(), metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, f"{levels[i]:.{digits}g}")


class LandscapePlot(ProblemPlot[Path]):
    """The landscape of a problem in two dimensions, and the runs on it."""

    picture = "landscape"
    sizes: tuple[int, ...] = (8, 24, 64, 128, GRID)

    def __init__(self, session: Session, scale: ColorScale) -> None:
        super().__init__(session)
        self._scale = scale
        self.landscape: Landscape | None = None
        self.backdrop = Backdrop()
        self.addItem(self.backdrop, ignoreBounds=True)
        self.setAspectLocked(True)
        self.getPlotItem().vb.sigRangeChanged.connect(lambda: self.outdate())
        self.restyle()

    def restyle(self) -> None:
        if self.active:
            self.label_axes()
        super().restyle()
        if self.landscape:
            self.backdrop.show(self.landscape, self.theme)

    def adopt(self, before: Problem | None, problem: Problem) -> None:
        if before is None or before.axis_names != problem.axis_names:  # a new label means a new layout of the axis
            self.label_axes()
        super().adopt(before, problem)

    def label_axes(self) -> None:
        """Name the axes."""
        for side, name in zip(("bottom", "left"), self.surface.axis_names, strict=True):
            self.setLabel(side, name)

    def position_of(self, start: Point) -> tuple[float, float]:
        x, y = start
        return x, y

    def start_at(self, x: float, y: float, start: Point) -> Point:
        return x, y

    def ends_of(self, at: Array, vector: Array) -> Ends:
        (x, y), (across, up) = at.tolist(), vector.tolist()
        return x, y, across, up

    def points_of(self, path: Path, run: Run) -> Array:
        """Return the positions of a run's stored points in the plot, shape (k, 2)."""
        rows = run.trace.rows
        if rows.stride != path.stride:  # fewer rows are stored than before
            path.restart()
            path.stride = rows.stride
        return self.project(path, rows.x)

    def project(self, path: Path, x: Array) -> Array:
        """Return the positions of a path's points, shape (k, n), in the plot, shape (k, 2)."""
        return x

    def project_point(self, x: Array) -> Array:
        """Return the position of a point, shape (n,), in the plot, shape (1, 2)."""
        return x[None]

    def show_all(self) -> None:
        (left, right), (bottom, top) = self.surface.domain
        self.setRange(QRectF(left, bottom, right - left, top - bottom), padding=0)

    def describe_point(self, x: float, y: float) -> str:
        height = self.height_at(x, y)
        loss = number_text(height) if np.isfinite(height) else tr("not defined")
        across, up = self.surface.axis_names
        return tr(
            "{across} = {x}   {up} = {y}   f = {loss}", across=across, up=up, x=f"{x:.5g}", y=f"{y:.5g}", loss=loss
        )

    def height_at(self, x: float, y: float) -> float:
        """Return the loss at a position of the plot: exact, or from the picture if the function may be slow."""
        if self.surface.broadcasts:
            return float(self.surface.values_on_grid(np.array([[x, y]]))[0])
        return self.landscape.height_at(x, y) if self.landscape else np.nan

    def draw(self) -> None:
        box = self.getPlotItem().vb
        (low, high), pixel = np.array(box.viewRange()).T, np.array(box.viewPixelSize())
        for plan, run in self.session.shown:
            if not run.begun:
                continue
            path = self.drawing_of(run, plan.color)
            last = run.step  # read once: the trace may grow meanwhile
            position = min(self.session.cursor.step, last)
            x = self.points_of(path, run)
            stride = path.stride
            x = x[: last // stride + 1]
            rows = path.thinner.update(x)
            begin = min(self.first_step(run), last)
            first = min(-(-begin // stride), len(x) - 1)
            rows = np.concatenate([[first], rows[rows > first]])
            chosen = (len(rows), first, rows[-1], len(self._drawings), *low, *high)
            if chosen != path.chosen:
                most = max(150, 1200 // len(self._drawings))
                path.rows = rows[visible(x[rows], low, high, pixel, most)]
                path.points, path.chosen = x[path.rows], chosen
            split = int(np.searchsorted(path.rows * stride, position))
            current, end, branch = (
                self._position_at(run, x, stride, step) for step in (position, last, min(run.branch_step, position))
            )
            path.set_visible(plan.visible)
            path.ring.mark(plan.visible and 0 < run.branch_step <= position, *branch[0])
            path.curve.setData(*np.concatenate([path.points[:split], current]).T)
            path.future.setVisible(plan.visible and position < last)
            if position < last:
                joint = current if position >= begin else current[:0]  # earlier steps belong to the other run
                path.future.setData(*np.concatenate([joint, path.points[split:], end]).T)
            path.head.setPos(*current[0])

    def _position_at(self, run: Run, points: Array, stride: int, step: int) -> Array:
        """Return the position of a run after a step, shape (1, 2); ``points`` are those of every ``stride``-th step."""
        if step % stride == 0:
            return points[step // stride : step // stride + 1]
        return self.project_point(run.nearest_point(step)[1])

    def distance_to(self, drawing: Path, run: Run, at: tuple[float, float], pixel: tuple[float, float]) -> float:
        points = np.concatenate([drawing.points, self.project_point(run.trace.last)])
        return distance_to_line((points - at) / pixel)

    def nearest_step(self, drawing: Path, run: Run, at: tuple[float, float], pixel: tuple[float, float]) -> int:
        x = self.points_of(drawing, run)
        return drawing.nearest.find((x[:, 0], x[:, 1]), at, pixel)[0] * drawing.stride

    def make_drawing(self, run: Run, color: QColor) -> Path:
        (left, right), (bottom, top) = self.surface.domain
        return Path(color, self.theme, max(right - left, top - bottom) / 1e5)

    def show_minima(self, stars: Stars) -> None:
        stars.show(self.surface.minima)

    def picture_of(self, problem: Problem) -> Callable[[int], Landscape]:
        rect = self.getPlotItem().vb.viewRect()
        return lambda size: compute_landscape(problem, rect, size)

    def show_picture(self, picture: Landscape) -> None:
        self.landscape = picture
        self.backdrop.show(picture, self.theme)
        self._scale.show_landscape(picture)


class LandscapeView(QWidget):
    """The landscape with its colour scale."""

    def __init__(self, session: Session, plot: type[LandscapePlot] = LandscapePlot) -> None:
        super().__init__()
        scale = ColorScale()
        self.plot = plot(session, scale)
        layout = QHBoxLayout(self)
        layout.setSpacing(0)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot, 1)
        layout.addWidget(scale)

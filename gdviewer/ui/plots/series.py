"""The curves of one run over the steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter

from gdviewer.engine.record.trace import Trace, norms
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Reason
from gdviewer.ui.plots.base import Curve, Drawing, Ring, line_pen
from gdviewer.ui.plots.thinning import Array, GrowingArray, Pyramid
from gdviewer.ui.widgets.theme import Theme

Column = Callable[[Trace], tuple[int, Array]]  # returns the number of steps between two values, and the values
_STYLES = Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine


class Norms:
    """Norms of the vectors in the stored rows, each computed once."""

    def __init__(self, vectors: Column) -> None:
        self._vectors = vectors
        self.restart()

    def restart(self) -> None:
        """Prepare for another trace."""
        self._stride, self._values = 0, GrowingArray()

    def __call__(self, trace: Trace) -> tuple[int, Array]:
        stride, vectors = self._vectors(trace)
        if stride != self._stride:
            self._stride, self._values = stride, GrowingArray()
        self._values.extend(norms(vectors[len(self._values) :]))
        return stride, self._values.values


class Series:
    """One curve: the source of its values, and the item that draws them.

    Attributes:
        stride: number of steps between two values when the curve was drawn last.
    """

    def __init__(self, column: Column, curve: pg.PlotCurveItem, label: pg.TextItem | None) -> None:
        self.column, self.curve, self.label = column, curve, label
        self.stride, self._pyramid = 1, Pyramid()
        self._width = curve.opts["pen"].widthF()
        self._fine = False

    def restart(self) -> None:
        """Prepare for another trace."""
        self.stride, self._pyramid = 1, Pyramid()
        if isinstance(self.column, Norms):
            self.column.restart()

    def envelope(self, trace: Trace, begin: int, end: int, by_decade: bool) -> tuple[Array, Array]:
        """Return the steps and values that draw steps ``begin … end``; with ``by_decade``, each decade gets as many."""
        stride, column = self.column(trace)
        if stride != self.stride:  # fewer rows are stored than before
            self.stride, self._pyramid = stride, Pyramid()
        self._pyramid.update(column)
        rows, values = self._rows(column, -(-begin // stride), end // stride, by_decade)
        return rows * stride, values

    def _rows(self, column: Array, first: int, last: int, by_decade: bool) -> tuple[Array, Array]:
        last = min(last, len(column) - 1)
        if last < first:
            return np.empty(0), np.empty(0)
        if not by_decade or last < 1000:
            return self._pyramid.envelope(column, first, last)
        edges = [first, *(10**k for k in range(1, 10) if first < 10**k < last), last + 1]
        parts = [self._pyramid.envelope(column, a, b - 1) for a, b in pairwise(edges) if b > a]
        steps, values = zip(*parts, strict=True)
        return np.concatenate(steps), np.concatenate(values)

    @property
    def is_dense(self) -> bool:
        """True if the values come from the record of the run."""
        return True

    def show_fine(self, fine: bool) -> None:
        """Draw with thin lines without antialiasing, which is fast: for a band of minima and maxima."""
        if fine != self._fine:
            self._fine = fine
            pen = self.curve.opts["pen"]
            pen.setWidthF(1.0 if fine else self._width)
            self.curve.setData(antialias=not fine)
            self.curve.setPen(pen)


@dataclass(frozen=True)
class SomeSteps:
    """Source of a curve that is known at some steps only: ``curve`` returns these steps and the values."""

    curve: Callable[[], tuple[Array, Array]]


class _Sampled(Series):
    """A curve with values at some steps only."""

    def __init__(self, source: SomeSteps, curve: pg.PlotCurveItem, label: pg.TextItem | None) -> None:
        super().__init__(lambda trace: (1, trace.loss[:0]), curve, label)
        self._source = source

    def envelope(self, trace: Trace, begin: int, end: int, by_decade: bool) -> tuple[Array, Array]:
        steps, values = self._source.curve()
        seen = slice(max(0, np.searchsorted(steps, begin) - 1), np.searchsorted(steps, end) + 1)
        return steps[seen], values[seen]

    @property
    def is_dense(self) -> bool:
        return False


class RunCurves(Drawing):
    """All curves of one run, and marks at the steps where hyperparameters were changed."""

    def __init__(
        self, columns: Sequence[Column | SomeSteps], names: Sequence[str], color: QColor, theme: Theme, labelled: bool
    ) -> None:
        self.series: list[Series] = []
        for index, (column, name) in enumerate(zip(columns, names, strict=True)):
            curve = Curve(max(1.0, theme.width * 0.75), color)
            if len(columns) > 1:
                curve.opts["pen"].setStyle(_STYLES[index % len(_STYLES)])
            label = pg.TextItem(name, color=color, anchor=(1, 1)) if labelled else None
            if isinstance(column, SomeSteps):
                self.series.append(_Sampled(column, curve, label))
            else:
                self.series.append(Series(column, curve, label))
        self.marks = pg.ScatterPlotItem(symbol="t", size=10, pxMode=True, brush=color, pen=line_pen(theme.plot, 1))
        self.marks.setZValue(40)
        labels = [series.label for series in self.series if series.label]
        self.ring = Ring(color, theme.plot, theme.width)
        items = (*(series.curve for series in self.series), *labels, self.marks, self.ring)
        super().__init__(*items, present=(*labels, self.marks))
        self._seen, self._lowest = 0, 0.0

    def restart(self) -> bool:
        for series in self.series:
            series.restart()
        self._seen, self._lowest = 0, 0.0
        return True

    def lowest(self, run: Run) -> float:
        """Return the lowest loss of a run so far, at most 0; always 0 for a run that diverged."""
        if run.stop and run.stop.reason is Reason.DIVERGED:
            return 0.0
        fresh = run.trace.loss[self._seen :]
        if len(fresh):
            self._seen += len(fresh)
            self._lowest = min(self._lowest, float(np.nanmin(fresh))) if not np.isnan(fresh).all() else self._lowest
        return self._lowest


class Veil(pg.UIGraphicsItem):
    """A pale layer over all that is drawn to the right of a position."""

    def __init__(self) -> None:
        super().__init__()
        self._begin, self._color = 0.0, QColor()
        self.setZValue(45)

    def set_color(self, background: str) -> None:
        """Set the colour to that of the plot's background."""
        self._color = QColor(background)
        self._color.setAlphaF(0.65)
        self.update()

    def begin(self, x: float) -> None:
        """Set the position where the layer begins, in the coordinates of the axis."""
        if x != self._begin:
            self._begin = x
            self.update()

    def paint(self, painter: QPainter, *_: object) -> None:
        rect = self.boundingRect()
        rect.setLeft(max(rect.left(), self._begin))
        if rect.width() > 0:
            painter.fillRect(rect, self._color)

"""Landscapes: heights on a grid, and contour lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import pyqtgraph as pg
from contourpy import LineType, contour_generator
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainterPath

from gdviewer.problems.problem import Problem

Array = NDArray[np.float64]
GRID = 256
LEVELS = 20


@dataclass(frozen=True)
class Landscape:
    """Heights of a problem over a rectangle, and its contour lines.

    Attributes:
        rect: left, bottom, width and height in the problem's coordinates.
        heights: the loss on the grid, shape (rows, columns); NaN where it is not defined.
        levels: the heights of the contour lines, ascending.
        logarithmic: True if the levels are spaced by a constant ratio above ``base`` instead of evenly.
        base: the height from which ratios are computed.
        lines: the contour lines in the problem's coordinates.
    """

    rect: QRectF
    heights: Array
    levels: Array
    logarithmic: bool
    base: float
    lines: QPainterPath

    def shades(self) -> Array:
        """Return the heights on the colour scale, 0 … 1 evenly over the levels; NaN where not defined."""
        scaled = _scale(self.heights, self.base, self.logarithmic)
        low, high = _scale(self.levels[[0, -1]], self.base, self.logarithmic) if len(self.levels) else (0.0, 1.0)
        with np.errstate(invalid="ignore"):
            return np.clip((scaled - low) / max(high - low, 1e-300), 0, 1)

    def height_at(self, x: float, y: float) -> float:
        """Return the loss at the nearest point of the grid; NaN outside."""
        column = round((x - self.rect.left()) / max(self.rect.width(), 1e-300) * (self.heights.shape[1] - 1))
        row = round((y - self.rect.top()) / max(self.rect.height(), 1e-300) * (self.heights.shape[0] - 1))
        inside = 0 <= row < self.heights.shape[0] and 0 <= column < self.heights.shape[1]
        return float(self.heights[row, column]) if inside else np.nan


def compute_landscape(problem: Problem, rect: QRectF, size: int = GRID, levels: int = LEVELS) -> Landscape:
    """Evaluate a problem of two dimensions on a grid of ``size`` × ``size`` and trace its contour lines.

    Levels are spaced evenly. If only few heights are low, as at the bottom of a steep bowl, the levels are spaced by a
    constant ratio above the lowest known height.

    Args:
        problem: a problem of two dimensions.
        rect: the region, in the problem's coordinates.
        size: number of points of the grid along each axis.
        levels: number of contour lines.
    """
    x = np.linspace(rect.left(), rect.right(), size)
    y = np.linspace(rect.top(), rect.bottom(), size)
    grid = np.empty((2, size, size))  # coordinates first in memory, as formulas take them
    grid[0], grid[1] = x[:, None], y[None, :]
    heights = np.ascontiguousarray(problem.values_on_grid(grid.T))
    heights[~np.isfinite(heights)] = np.nan
    finite = heights[np.isfinite(heights)]
    if not finite.size:
        return Landscape(rect, heights, np.empty(0), False, 0.0, QPainterPath())
    known = problem.minima
    lowest = float(finite.min())
    base = min(lowest, float(problem.value(known[0]))) if len(known) else lowest
    heights_of_levels, logarithmic = _levels(finite, base, levels)
    return Landscape(
        rect, heights, heights_of_levels, logarithmic, base, _contours(x, y, heights, heights_of_levels)
    )  # fmt: skip


def _levels(finite: Array, base: float, count: int) -> tuple[Array, bool]:
    # By rank, not with np.quantile, which loads numpy.ma: the first frame would be later.
    ranks = (np.array([0.002, 0.5, 0.995]) * (finite.size - 1)).round().astype(int)
    low, middle, high = np.partition(finite, ranks, axis=None)[ranks] - base
    if high <= 0:
        return np.empty(0), False
    if middle < 0.3 * high or low < 0.01 * high:
        floor = max(low, high * 1e-6)
        return base + np.geomspace(floor, high, count), True
    return base + np.linspace(low, high, count), False


def _contours(x: Array, y: Array, heights: Array, levels: Array) -> QPainterPath:
    path = QPainterPath()
    if not len(levels):
        return path
    generator = contour_generator(x, y, np.ma.masked_invalid(heights), line_type=LineType.ChunkCombinedOffset)
    points, connect = [], []
    for level in levels:
        (line,), (offsets,) = cast("tuple[list[Array | None], list[NDArray[np.uint32] | None]]", generator.lines(level))
        if line is not None and offsets is not None:
            joined = np.ones(len(line), dtype=np.int32)
            joined[offsets[1:] - 1] = 0
            points.append(line)
            connect.append(joined)
    if not points:
        return path
    every = np.concatenate(points)
    joined_path: QPainterPath = pg.arrayToQPath(every[:, 0], every[:, 1], connect=np.concatenate(connect))
    return joined_path


def _scale(heights: Array, base: float, logarithmic: bool) -> Array:
    if not logarithmic:
        return heights
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(heights - base)

"""Predictions of a network over a plane of two inputs or along one input; for any thread, without widgets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from contourpy import LineType, contour_generator
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from gdviewer.problems.networks.network import Network
from gdviewer.ui.network.colors import class_color
from gdviewer.ui.widgets.theme import Theme

_Chunks = tuple[list[NDArray[np.float64] | None], list[NDArray[np.uint32] | None]]  # points and offsets of lines
View = tuple[tuple[float, float], tuple[float, float]]  # (left, right), (bottom, top)

_CURVE_POINTS = 400
_MAX_WORK = 4e6, 1.2e8  # multiplications for a picture: while the runs are played, and at rest
_SIZES = (32, 96), (48, 220)  # smallest and largest number of cells along a side: the same two cases
_MAX_OPACITY = 0.48  # of the colour of a class with probability 1


@dataclass(frozen=True, eq=False)
class Axes:
    """The inputs on the axes; the other inputs are constant.

    Attributes:
        shown: the indices of one or two inputs.
        others: the constant value of each input, shape (k,): its mean over the training data.
    """

    shown: tuple[int, ...]
    others: NDArray[np.float64]

    def inputs(self, *coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return rows of all inputs, shape (rows, k), from the ``coordinates`` on each axis, shape (rows,)."""
        rows = np.tile(self.others, (len(coordinates[0]), 1))
        for column, values in zip(self.shown, coordinates, strict=True):
            rows[:, column] = values
        return rows


@dataclass(frozen=True, eq=False)
class DecisionRegions:
    """The predictions of a network over a rectangle.

    Attributes:
        view: the rectangle.
        predictions: at the centre of each cell, shape (rows, columns, classes or outputs), from the bottom row.
        lines: the points of the decision boundaries, shape (k, 2).
        joined: 1 for each point that is joined to the next one, else 0; shape (k,).
    """

    view: View
    predictions: NDArray[np.float64]
    lines: NDArray[np.float64]
    joined: NDArray[np.int32]


def decision_regions(network: Network, x: NDArray[np.float64], axes: Axes, view: View, fine: bool) -> DecisionRegions:
    """Return the predictions of the network at ``x`` over a rectangle; with ``fine`` on a finer grid."""
    low, high = _SIZES[fine]
    size = int(np.clip((_MAX_WORK[fine] / network.dimension) ** 0.5, low, high))
    across, up = (low + (high - low) * (np.arange(size) + 0.5) / size for low, high in view)
    grid = np.meshgrid(across, up)
    z = network.outputs(x, axes.inputs(*(side.ravel() for side in grid))).reshape(size, size, -1)
    with np.errstate(all="ignore"):
        predictions = network.loss.prediction(z)
    lines = _borders(across, up, z) if network.train.classes else (np.empty((0, 2)), np.empty(0, dtype=np.int32))
    return DecisionRegions(view, predictions, *lines)


def curve(
    network: Network, x: NDArray[np.float64], axes: Axes, view: View
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return values of one input, shape (k,), and the predictions at ``x``, shape (k, classes or outputs)."""
    values = np.linspace(*view[0], _CURVE_POINTS)
    return values, network.predict(x, axes.inputs(values))


def _borders(
    across: NDArray[np.float64], up: NDArray[np.float64], z: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return the lines on which the output of a class equals the largest other one, as in ``DecisionRegions``."""
    scores = np.concatenate([-z, z], axis=-1) if z.shape[-1] == 1 else z
    scores = np.where(np.isfinite(scores), scores, 0.0)
    points, joined = [np.empty((0, 2))], [np.empty(0, dtype=np.int32)]
    ordered = np.sort(scores, axis=-1)[..., -2:]
    for number in range(1, scores.shape[-1]):  # two classes share one border
        score = scores[..., number]
        lead = score - np.where(score == ordered[..., 1], ordered[..., 0], ordered[..., 1])
        if not lead.min() < 0 < lead.max():
            continue
        contours = contour_generator(across, up, lead, line_type=LineType.ChunkCombinedOffset).lines(0.0)
        (line,), (offsets,) = cast("_Chunks", contours)
        if line is not None and offsets is not None:
            ends = np.ones(len(line), dtype=np.int32)
            ends[offsets[1:] - 1] = 0
            points.append(line)
            joined.append(ends)
    return np.concatenate(points), np.concatenate(joined)


def class_shades(predictions: NDArray[np.float64], theme: Theme) -> NDArray[np.uint8]:
    """Return the colours, shape (…, 3), of probabilities, shape (…, classes).

    It is the colour of the likeliest class, paler for a smaller probability.
    """
    classes = predictions.shape[-1]
    colors = np.array([_rgb(class_color(theme, i)) for i in range(classes)], dtype=float)
    background = np.array(_rgb(QColor(theme.plot)), dtype=float)
    likeliest = np.nan_to_num(predictions).argmax(axis=-1)
    sure = np.nan_to_num(predictions.max(axis=-1), nan=1 / classes)
    opacity = _MAX_OPACITY * (0.12 + 0.88 * (sure - 1 / classes) / (1 - 1 / classes))[..., None]
    shades: NDArray[np.uint8] = np.round(opacity * colors[likeliest] + (1 - opacity) * background).astype(np.uint8)
    return shades


def _rgb(color: QColor) -> tuple[int, int, int]:
    return color.red(), color.green(), color.blue()


def height_shades(heights: NDArray[np.float64], span: tuple[float, float], theme: Theme) -> NDArray[np.uint8]:
    """Return the colours, shape (…, 3), of heights, shape (…), in the theme's colour map over ``span``."""
    low, high = span
    share = np.nan_to_num((np.clip(heights, low, high) - low) / ((high - low) or 1.0))
    return theme.heat_colors()[np.round(255 * share).astype(int), :3]

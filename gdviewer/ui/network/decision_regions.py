"""What a network says all over a plane of two inputs, or along one: computed in any thread, no widgets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from contourpy import LineType, contour_generator
from PySide6.QtGui import QColor

from gdviewer.problems.networks.network import Network
from gdviewer.ui.network.colors import class_color
from gdviewer.ui.widgets.theme import Theme

View = tuple[tuple[float, float], tuple[float, float]]  # left and right, low and high

_CURVE = 400
_WORK = 4e6, 1.2e8  # multiplications that a picture may take: while the runs are played, and at rest
_SIZES = (32, 96), (48, 220)
_STRONGEST = 0.48  # how much of a class's colour there is where it is certain


@dataclass(frozen=True, eq=False)
class Axes:
    """Which inputs are shown; the others have one value each.

    Attributes:
        shown: the numbers of one input or two.
        others: the value of each input, (k,): the mean of the data trained on.
    """

    shown: tuple[int, ...]
    others: np.ndarray

    def inputs(self, *places: np.ndarray) -> np.ndarray:
        """Rows of all inputs, (rows, k), with those that are shown at ``places``, (rows,) each."""
        rows = np.tile(self.others, (len(places[0]), 1))
        for column, values in zip(self.shown, places, strict=True):
            rows[:, column] = values
        return rows


@dataclass(frozen=True, eq=False)
class DecisionRegions:
    """What a network says over a rectangle.

    Attributes:
        view: the rectangle.
        predictions: in the middle of each of its cells, (rows, columns, classes or outputs), rows from below.
        lines: where another class is decided for, as points (k, 2); joined: whether each is joined to the next.
    """

    view: View
    predictions: np.ndarray
    lines: np.ndarray
    joined: np.ndarray


def ground(network: Network, x: np.ndarray, axes: Axes, view: View, fine: bool) -> DecisionRegions:
    """Evaluate the network at ``x`` over a rectangle; ``fine`` on as many places as can be seen."""
    least, most = _SIZES[fine]
    size = int(np.clip((_WORK[fine] / network.dimension) ** 0.5, least, most))
    across, up = (low + (high - low) * (np.arange(size) + 0.5) / size for low, high in view)
    grid = np.meshgrid(across, up)
    z = network.outputs(x, axes.inputs(*(side.ravel() for side in grid))).reshape(size, size, -1)
    with np.errstate(all="ignore"):
        predictions = network.loss.prediction(z)
    lines = _borders(across, up, z) if network.train.classes else (np.empty((0, 2)), np.empty(0, dtype=np.int32))
    return DecisionRegions(view, predictions, *lines)


def curve(network: Network, x: np.ndarray, axes: Axes, view: View) -> tuple[np.ndarray, np.ndarray]:
    """Places along the one input, (k,), and what the network at ``x`` says there, (k, classes or outputs)."""
    places = np.linspace(*view[0], _CURVE)
    return places, network.predict(x, axes.inputs(places))


def _borders(across: np.ndarray, up: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each class's output is as large as the largest of the others."""
    scores = np.concatenate([-z, z], axis=-1) if z.shape[-1] == 1 else z
    scores = np.where(np.isfinite(scores), scores, 0.0)
    points, joined = [np.empty((0, 2))], [np.empty(0, dtype=np.int32)]
    ordered = np.sort(scores, axis=-1)[..., -2:]
    for number in range(1, scores.shape[-1]):  # of two classes, one border is enough
        own = scores[..., number]
        lead = own - np.where(own == ordered[..., 1], ordered[..., 0], ordered[..., 1])
        if not lead.min() < 0 < lead.max():
            continue
        (line,), (offsets,) = contour_generator(across, up, lead, line_type=LineType.ChunkCombinedOffset).lines(0.0)
        if line is not None:
            ends = np.ones(len(line), dtype=np.int32)
            ends[offsets[1:] - 1] = 0
            points.append(line)
            joined.append(ends)
    return np.concatenate(points), np.concatenate(joined)


def class_shades(predictions: np.ndarray, theme: Theme) -> np.ndarray:
    """Probabilities (…, classes) as colours (…, 3): that of the likeliest class, the paler the less certain."""
    classes = predictions.shape[-1]
    colors = np.array([class_color(theme, i).getRgb()[:3] for i in range(classes)], dtype=float)
    paper = np.array(QColor(theme.plot).getRgb()[:3], dtype=float)
    likeliest = np.nan_to_num(predictions).argmax(axis=-1)
    sure = np.nan_to_num(predictions.max(axis=-1), nan=1 / classes)
    share = _STRONGEST * (0.12 + 0.88 * (sure - 1 / classes) / (1 - 1 / classes))[..., None]
    return np.round(share * colors[likeliest] + (1 - share) * paper).astype(np.uint8)


def height_shades(heights: np.ndarray, span: tuple[float, float], theme: Theme) -> np.ndarray:
    """Heights (…) as colours (…, 3) of the theme's ramp, from the lowest of ``span`` to the highest."""
    low, high = span
    share = np.nan_to_num((np.clip(heights, low, high) - low) / ((high - low) or 1.0))
    return theme.heat_colors()[np.round(255 * share).astype(int), :3]

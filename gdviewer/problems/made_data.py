"""Samples made by seeded generators, each with something to show."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.data import Data, data

Made = tuple[Array, Array]  # inputs (rows, k) and targets (rows,), before the last input is given another unit


def _line(rng: np.random.Generator, count: int, scatter: float) -> Made:
    x = rng.uniform(0, 10, (count, 1))
    return x, 12 - 0.9 * x[:, 0] + scatter * rng.standard_normal(count)


def _outliers(rng: np.random.Generator, count: int, scatter: float) -> Made:
    """A tenth of the rows lie far above the line, all at its far end."""
    x, y = _line(rng, count, scatter)
    astray = np.argsort(x[:, 0])[-max(1, count // 10) :]
    y[astray] += rng.uniform(15, 25, len(astray))
    return x, y


def _several(features: int) -> Callable[[np.random.Generator, int, float], Made]:
    weights = np.array([1.5, -0.8, 0.5])[:features]

    def made(rng: np.random.Generator, count: int, scatter: float) -> Made:
        x = rng.uniform(0, 10, (count, features))
        return x, 4 + (x * weights).sum(axis=1) + scatter * rng.standard_normal(count)

    return made


def _sine(rng: np.random.Generator, count: int, scatter: float) -> Made:
    x = np.sort(rng.uniform(0, 6, (count, 1)), axis=0)
    return x, 3 * np.sin(x[:, 0]) + scatter * rng.standard_normal(count)


def _cubic(rng: np.random.Generator, count: int, scatter: float) -> Made:
    x = np.sort(rng.uniform(-2, 2, (count, 1)), axis=0)
    return x, x[:, 0] ** 3 - 2 * x[:, 0] + 1 + scatter * rng.standard_normal(count)


def _pass_or_fail(rng: np.random.Generator, count: int, scatter: float) -> Made:
    x = rng.uniform(0, 10, (count, 1))
    return x, (x[:, 0] + scatter * rng.logistic(size=count) > 5).astype(float)


def _blobs(rng: np.random.Generator, count: int, scatter: float) -> Made:
    y = (np.arange(count) % 2).astype(float)
    centres = np.array([[3.5, 4.0], [5.5, 6.5]])
    return centres[y.astype(int)] + 1.8 * scatter * rng.standard_normal((count, 2)), y


def _apart(rng: np.random.Generator, count: int, scatter: float) -> Made:
    """No point of either class is nearer than 1 to the line between them."""
    y = (np.arange(count) % 2).astype(float)
    across = (2 * y - 1) * (1 + np.abs(scatter * rng.standard_normal(count)))
    along = rng.uniform(-3, 3, count)
    return np.column_stack([5 + across * 0.8 - along * 0.6, 5 + across * 0.6 + along * 0.8]), y


GENERATORS: dict[str, Callable[[np.random.Generator, int, float], Made]] = {
    "line": _line,
    "outliers": _outliers,
    "two_features": _several(2),
    "three_features": _several(3),
    "sine": _sine,
    "cubic": _cubic,
    "pass_or_fail": _pass_or_fail,
    "two_classes": _blobs,
    "separable": _apart,
}
_NAMES = {"pass_or_fail": (("hours",), "passed", ("fail", "pass"))}
_CLASSES = {"two_classes", "separable"}


def made_data(name: str, count: int, scatter: float, scale_ratio: float, seed: int) -> Data:
    """Samples of a generator by its name.

    Args:
        count: rows; scatter: how far they stray; scale_ratio: the last input's numbers are so many times as large.
        seed: of the generator; the same arguments make the same samples.
    """
    inputs, targets = GENERATORS[name](np.random.default_rng(seed), count, scatter)
    inputs[:, -1] *= scale_ratio
    names, target, classes = _NAMES.get(name, (None, "y", ("A", "B") if name in _CLASSES else ()))
    made = data(inputs, targets, names, target, f"{count:,} rows made with seed {seed}")
    return Data(made.inputs, targets, made.input_names, target, classes, made.origin)

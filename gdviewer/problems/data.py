"""Data to fit a model to (inputs, a target and their names), and the scaling of features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.cells import MAX_SIZE
from gdviewer.problems.content import ByContent

MAX_ROWS = 100_000
MAX_COLUMNS = 64
SCALINGS = ("none", "standardise", "minmax")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True, eq=False)
class Data(ByContent):
    """Rows of inputs with a target each; created by :func:`data`, which checks them.

    The origin is ignored in comparisons.

    Attributes:
        inputs: shape (rows, k).
        targets: shape (rows,); 0 and 1 for classes.
        input_names, target_name: names of the columns.
        classes: names of the classes 0 and 1; empty if the target is a number.
        origin: the origin of the data, as a phrase.
    """

    inputs: Array
    targets: Array
    input_names: tuple[str, ...]
    target_name: str
    classes: tuple[str, ...] = ()
    origin: str = ""

    def __len__(self) -> int:
        return len(self.targets)

    def content(self) -> Any:
        return self.inputs, self.targets, self.input_names, self.target_name, self.classes

    def label(self) -> Any:
        return self.inputs.shape, self.input_names, self.target_name, self.classes

    def in_classes(self) -> Data:
        """Return a copy whose target is two classes; raise ValueError if it does not have exactly two values."""
        if self.classes:
            return self
        values = np.unique(self.targets)
        if len(values) != 2:
            raise ValueError(f"{self.target_name} has {some_of(values)}; logistic regression needs two classes")
        names = tuple(f"{value:g}" for value in values)
        return replace(self, targets=(self.targets == values[1]).astype(float), classes=names)


def data(
    inputs: ArrayLike,
    targets: ArrayLike,
    input_names: Sequence[str] | None = None,
    target_name: str = "y",
    origin: str = "",
) -> Data:
    """Check inputs of shape (rows,) or (rows, k) and targets of shape (rows,), numbers or texts for two classes.

    Raises:
        ValueError: The data are invalid; the message has the row (from 1) and the column.
    """
    x = numbers_of(inputs, "inputs")
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or not x.shape[1]:
        raise ValueError(f"inputs have shape (rows,) or (rows, features); got {x.shape}")
    names = tuple(input_names) if input_names is not None else default_names(x.shape[1])
    if len(names) != x.shape[1]:
        raise ValueError(f"there are {x.shape[1]} features but {len(names)} names for them")
    y: NDArray[Any] = np.asarray(targets)
    classes: tuple[str, ...] = ()
    if y.dtype.kind in "OUS" and all(isinstance(value, (str, bytes)) for value in y.ravel()):
        classes = tuple(str(value) for value in np.unique(y))
        if len(classes) != 2:
            raise ValueError(f"{target_name} is text with {some_of(classes)}; only two classes are supported")
        y = (y == classes[1]).astype(float)
    y = numbers_of(y, target_name)
    if y.shape != (len(x),):
        raise ValueError(f"there are {len(x):,} rows of inputs but targets of shape {y.shape}")
    if not 2 <= len(x) <= MAX_ROWS or len(names) > MAX_COLUMNS:
        raise ValueError(
            f"there are {len(x):,} rows of {len(names)} features; from 2 rows to {MAX_ROWS:,}, and up to {MAX_COLUMNS} "
            "features, can be used"
        )
    for name, column in zip((*names, target_name), (*x.T, y), strict=True):
        bad = np.flatnonzero(~(np.abs(column) <= MAX_SIZE))
        if len(bad):
            raise ValueError(f"row {bad[0] + 1} of {name} is {column[bad[0]]:g}; it must be finite and ≤ {MAX_SIZE:g}")
    return Data(x, y, names, target_name, classes, origin or f"{len(y):,} rows")


def numbers_of(values: ArrayLike, what: str) -> Array:
    """Return a copy as float64; raise ValueError, naming the values by ``what``, if one is not a number."""
    try:
        return np.array(values, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{what} must be numbers") from None


def some_of(values: Sequence[Any] | NDArray[Any]) -> str:
    """Return the number of values and the first few, as text."""
    shown = ", ".join(f"{value:g}" if isinstance(value, float) else repr(value) for value in list(values)[:3])
    return f"{len(values):,} value{'s' * (len(values) != 1)} ({shown}{', …' * (len(values) > 3)})"


def default_names(count: int) -> tuple[str, ...]:
    """Return default names of inputs: x, or x₁, x₂, … for more than one."""
    return ("x",) if count == 1 else tuple(f"x{i}".translate(_SUBSCRIPTS) for i in range(1, count + 1))


@dataclass(frozen=True, eq=False)
class Scaling:
    """Scaling of features by column: (feature − shift) / size; created by :func:`scaling_of`.

    Attributes:
        kind: one of ``SCALINGS``.
        names: names of the features.
        shift, size: shape (features,); 0 and 1 for a feature that is not scaled.
    """

    kind: str
    names: tuple[str, ...]
    shift: Array
    size: Array

    def apply(self, features: Array) -> Array:
        """Return scaled features, (rows, k)."""
        return features if self.kind == "none" else (features - self.shift) / self.size

    def undo(self, weights: Array) -> Array:
        """Return the weights (1 + k,), intercept first, that give the same output from unscaled features."""
        unscaled = weights[1:] / self.size
        return np.concatenate([[weights[0] - unscaled @ self.shift], unscaled])

    @property
    def text(self) -> str:
        """The scaling of each feature as a sentence."""
        if self.kind == "none":
            return "Features as they are, not scaled."
        word = {"standardise": "standardised", "minmax": "scaled to 0 … 1"}[self.kind]
        left = [
            name for name, size, shift in zip(self.names, self.size, self.shift, strict=True) if (shift, size) == (0, 1)
        ]
        done = [
            f"({name} {'−' if shift >= 0 else '+'} {abs(shift):.4g}) / {size:.4g}"
            for name, shift, size in zip(self.names, self.shift, self.size, strict=True)
            if name not in left
        ]
        parts = [f"Features {word}: {', '.join(done[:4])}{', …' * (len(done) > 4)}."] if done else []
        if left:
            parts.append(f"Constant, so left as they are: {', '.join(left)}.")
        return " ".join(parts)


def scaling_of(kind: str, features: Array, names: tuple[str, ...]) -> Scaling:
    """Return the scaling of features (rows, k): to mean 0 and standard deviation 1, to 0 … 1, or none.

    The standard deviation is that of the population (divided by the number of rows). Constant features are not scaled.
    """
    shift, size = np.zeros(features.shape[1]), np.ones(features.shape[1])
    if kind == "standardise":
        shift, size = features.mean(axis=0), features.std(axis=0)
    elif kind == "minmax":
        shift, size = features.min(axis=0), np.ptp(features, axis=0)
    constant = features.max(axis=0) == features.min(axis=0)
    return Scaling(kind, names, np.where(constant, 0.0, shift), np.where(constant, 1.0, size))

"""Problems made of sampled values: read along the curve, or as the classic article's GD reads them."""

from __future__ import annotations

import io
import itertools
import re
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems import cells
from gdviewer.problems.cells import MAX_SIZE
from gdviewer.problems.problem import Picture, Problem

MAX_SAMPLES = 1_000_000
MAX_COMPONENTS = 10_000  # of a vector that moves as a whole: each step of it is recorded
_GROUP = "Your own"


class SampledCurve(Problem):
    """A curve through samples: the point moves along x, and its slope is ``np.gradient`` of the samples, interpolated.

    Args:
        samples: the values, shape (k,), k ≥ 2, finite.
        positions: where they were taken, shape (k,), strictly increasing; 0, 1, 2, … where not given.

    The loss is linear between samples and not defined outside of them.

    Raises:
        ValueError: the samples or positions are not of that form.
    """

    def __init__(self, samples: ArrayLike, positions: ArrayLike | None = None) -> None:
        self.samples = _checked(samples)
        k = len(self.samples)
        self.positions: Array = np.arange(k, dtype=float) if positions is None else np.array(positions, dtype=float)
        if self.positions.shape != self.samples.shape:
            raise ValueError(f"there are {k:,} samples but {self.positions.size:,} positions")
        if not (np.isfinite(self.positions).all() and (np.diff(self.positions) > 0).all()):
            raise ValueError("the positions of the samples must be finite and strictly increasing")
        self._slopes: Array = np.gradient(self.samples, self.positions)
        low, high = self.positions[0], self.positions[-1]
        self.axis_names = ("index",) if positions is None else ("x",)
        super().__init__(
            "samples", "Sampled curve", domain=[(low, high)], start=low + 0.25 * (high - low), group=_GROUP,
            formula=f"{k:,} samples", why="Data instead of a formula: the slope comes from differences of neighbours.",
            source="np.gradient, interpolated linearly",
        )  # fmt: skip

    @property
    def minima(self) -> Array:
        return self.positions[[self.samples.argmin()]][:, None]

    def value(self, x: ArrayLike) -> Array:
        return self._between(x, self.samples)

    def gradient(self, x: ArrayLike) -> Array:
        return self._between(x, self._slopes)[..., None]

    def hessian(self, x: ArrayLike) -> Array:
        return self._between(x, np.gradient(self._slopes, self.positions))[..., None, None]

    def _between(self, x: ArrayLike, heights: Array) -> Array:
        height: Array = np.interp(
            np.asarray(x, dtype=float)[..., 0], self.positions, heights, left=np.nan, right=np.nan
        )
        return height


class SampledVector(Problem):
    """The classic article's reading of samples: the whole vector moves by −η·np.gradient(f), the same at each step.

    Its loss is the linear function g·x with g = np.gradient(samples), so that nothing but limits ends the descent.

    Args:
        samples: the values f, shape (k,), k ≥ 2, finite.

    Raises:
        ValueError: the samples are not of that form, or more than ``MAX_COMPONENTS``.
    """

    def __init__(self, samples: ArrayLike) -> None:
        self.samples = _checked(samples)
        if len(self.samples) > MAX_COMPONENTS:
            raise ValueError(
                f"there are {len(self.samples):,} samples; a vector of at most {MAX_COMPONENTS:,} is moved as a whole. "
                "Read them along the curve instead"
            )
        self._slope: Array = np.gradient(self.samples)
        k = len(self.samples)
        super().__init__(
            "samples_vector", "Samples, the article's GD", domain=[(-10, 10)] * k, start=np.full(k, 10.0), group=_GROUP,
            formula=f"x ← x − η·np.gradient(f), {k:,} samples",
            why="What GD(f, start, lr) of the classic article computes: a constant slope moves each component evenly.",
            source="the classic article's GD(f, start, lr, n_iter=50, tol=1e-05)",
        )  # fmt: skip

    @property
    def picture(self) -> Picture:
        return "components"

    def value(self, x: ArrayLike) -> Array:
        parts: Array = np.ascontiguousarray(x, dtype=float) * self._slope
        return np.asarray(parts.sum(axis=-1))  # x @ slope rounds differently for one point and for many

    def gradient(self, x: ArrayLike) -> Array:
        return np.broadcast_to(self._slope, np.shape(x)).copy()  # its own array, like any gradient

    def hessian(self, x: ArrayLike) -> Array:
        return np.zeros((*np.shape(x), self.dimension))


def _checked(samples: ArrayLike) -> Array:
    array = np.array(samples, dtype=float)
    if array.ndim != 1:
        raise ValueError(f"samples are one row or column of numbers; got an array of shape {array.shape}")
    if len(array) < 2:
        raise ValueError(f"a slope needs at least two samples; got {len(array)}")
    if len(array) > MAX_SAMPLES:
        raise ValueError(f"there are {len(array):,} samples; at most {MAX_SAMPLES:,} are read")
    if not np.isfinite(array).all():
        raise ValueError(f"sample {int(np.flatnonzero(~np.isfinite(array))[0]) + 1} is not a finite number")
    if (large := np.flatnonzero(np.abs(array) > MAX_SIZE)).size:
        raise ValueError(f"sample {large[0] + 1} is {array[large[0]]:g}; at most {MAX_SIZE:g} can be read")
    return array


def read_file(path: str | Path) -> tuple[Array, Array | None]:
    """Read samples from a .npy file or from text (CSV, TXT); see :func:`read_text`.

    Returns:
        the samples, and their positions where the file has two columns.

    Raises:
        ValueError: what is wrong, with line and column where that helps.
        OSError: the file can't be read.
    """
    path = Path(path)
    if path.suffix.lower() == ".npy":
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError):
            array = None
        if not isinstance(array, np.ndarray):
            raise ValueError(f"{path.name} is not a NumPy array of numbers")
        if array.dtype.kind not in "iufb":
            raise ValueError(f"{path.name} holds {array.dtype}, not real numbers")
        if array.ndim == 2 and 2 in array.shape and 1 not in array.shape:
            columns = array if array.shape[1] == 2 else array.T
            return _sorted(_checked(columns[:, 1]), np.array(columns[:, 0], dtype=float))
        return _checked(array.reshape(-1) if array.ndim == 2 and 1 in array.shape else array), None
    return read_text(cells.read_text_of(path, 64 * MAX_SAMPLES // 10**6, f"at most {MAX_SAMPLES:,} are read"))


def read_text(text: str) -> tuple[Array, Array | None]:
    """Read samples from text: one row, one column, or two columns (x and the sample), separated by , ; or spaces.

    A first line of names, brackets around a list, and what follows a # are passed over. A list in one pair of brackets
    may run over several lines, as NumPy and Python print it.

    Raises:
        ValueError: what is wrong, with line and column where that helps.
    """
    if text.count("\n") > 2 * MAX_SAMPLES:
        raise ValueError(f"there are more than {MAX_SAMPLES:,} rows; this is the maximum")
    rows: list[list[float]] = []
    named = False
    for number, line in enumerate(io.StringIO(_without_brackets(text)), 1):
        body = line.partition("#")[0].strip().strip(",;")
        if not body:
            continue
        row = [cell.strip() for cell in body.split(cells.separator_of(body))]
        if not rows and not named and cells.are_names(row):
            named = True
            continue
        rows.append([cells.number(cell, number, column) for column, cell in enumerate(row, 1)])
        if len(rows) > MAX_SAMPLES:
            raise ValueError(f"there are more than {MAX_SAMPLES:,} rows; this is the maximum")
        if len(rows[-1]) != len(rows[0]):
            raise ValueError(f"line {number} has {len(rows[-1])} columns, but the first row has {len(rows[0])}")
    if not rows:
        raise ValueError("there are no numbers in it")
    if len(rows) == 1 or len(rows[0]) == 1:
        return _checked(list(itertools.chain(*rows))), None
    if len(rows[0]) > 2:
        raise ValueError(f"there are {len(rows[0])} columns; one (samples) or two (x and the sample) can be read")
    columns = np.array(rows)
    return _sorted(_checked(columns[:, 1]), columns[:, 0])


def _without_brackets(text: str) -> str:
    """Return the text without brackets of lists and arrays, one line for each row."""
    text = re.sub(r"^\s*(?:(?:np\.|numpy\.)?array\s*\(\s*)?(?=\[)", "", text)
    text = re.sub(r"\]\s*(?:,\s*dtype=[\w.]+\s*)?\)?\s*$", "]", text)
    if text.startswith("[") and text.count("[") == 1:
        text = text.replace("\n", " ")
    return re.sub(r"\][ \t]*[,;]?[ \t]*\[", "\n", text).replace("[", " ").replace("]", " ")


def _sorted(samples: Array, positions: Array) -> tuple[Array, Array]:
    order = np.argsort(positions, kind="stable")
    positions = positions[order]
    if (twice := np.flatnonzero(np.diff(positions) == 0)).size:
        raise ValueError(f"x = {positions[twice[0]]:g} stands there twice; each x may have one sample")
    return samples[order], positions

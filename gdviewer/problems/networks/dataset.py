"""Data to train a network on: a table, images or sequences with their targets; and their split into two parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.cells import MAX_SIZE
from gdviewer.problems.content import ByContent
from gdviewer.problems.data import Scaling, default_names, numbers_of, scaling_of
from gdviewer.problems.table import Table

MAX_CLASSES = 1000  # of a column, each of which is an output
FEW = 20  # different whole numbers that are read as classes

_KINDS = {2: "table", 3: "sequences", 4: "images"}


@dataclass(frozen=True, eq=False)
class Dataset(ByContent):
    """Rows of inputs with a target each; created by :func:`dataset`, which checks them.

    The arrays are read-only. The origin is ignored in comparisons.

    Attributes:
        inputs: float64; (rows, features) a table, (rows, height, width, channels) images, (rows, time, features)
            sequences.
        targets: int64, the number of the class of each row (rows,) or time step (rows, time), where there are
            classes; else float64, (rows, outputs) or (rows, time, outputs).
        input_names: what the features or channels are called; target_name: what the target is.
        classes: what the numbers of the classes stand for; empty where targets are numbers.
        origin: where the data come from, as a phrase.
    """

    inputs: Array
    targets: NDArray[Any]
    input_names: tuple[str, ...]
    target_name: str
    classes: tuple[str, ...] = ()
    origin: str = ""

    def __post_init__(self) -> None:
        for name in ("inputs", "targets"):
            view = getattr(self, name).view()
            view.setflags(write=False)
            object.__setattr__(self, name, view)

    def __len__(self) -> int:
        return len(self.inputs)

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        vars(self).update(state)
        self.__post_init__()

    def content(self) -> Any:
        return self.inputs, self.targets, self.input_names, self.target_name, self.classes

    def label(self) -> Any:
        return self.inputs.shape, self.input_names, self.target_name, self.classes

    @property
    def kind(self) -> str:
        """Kind of the data: ``"table"``, ``"images"`` or ``"sequences"``."""
        return _KINDS[self.inputs.ndim]

    @property
    def per_step(self) -> bool:
        """True if each time step of a sequence has a target; False if each sequence has one."""
        return self.targets.ndim == (2 if self.classes else 3)

    def rows(self, indices: ArrayLike) -> Dataset:
        """Return a copy of some rows. All classes are kept, also those without rows in the part."""
        chosen = np.asarray(indices, dtype=np.intp)
        return replace(self, inputs=self.inputs[chosen], targets=self.targets[chosen])

    def split(self, share: float, seed: int = 0) -> tuple[Dataset, Dataset]:
        """Return a training part and a test part, drawn with ``seed``; both keep the order of the rows.

        If every class has two rows or more, the split is stratified: both parts have the same share of each class, up
        to one row. At least one training row remains, so the test part may be empty; its origin then says so.

        Args:
            share: share of test rows, rounded to whole rows; 0 ≤ share < 1.
            seed: seed of the draw.
        """
        if not 0 <= share < 1:
            raise ValueError(f"the share of test data is from 0 to below 1; got {share:g}")
        count = min(round(share * len(self)), len(self) - 1)
        if count <= 0:
            return self, replace(self.rows([]), origin=f"no test data of {self.origin}")
        held = np.zeros(len(self), dtype=bool)
        held[self._drawn(count, np.random.default_rng(seed))] = True
        train, test = self.rows(np.flatnonzero(~held)), self.rows(np.flatnonzero(held))
        return (
            replace(train, origin=f"{len(train):,} of {self.origin}"),
            replace(test, origin=f"{len(test):,} of {self.origin}"),
        )

    def scaling(self, kind: str) -> Scaling:
        """Return the scaling of these inputs, one of ``SCALINGS`` of :mod:`gdviewer.problems.data`.

        It has a shift and a size for each feature of a table or of sequences, or each channel of images. It is meant
        to be fitted to the training part.
        """
        return scaling_of(kind, self.inputs.reshape(-1, self.inputs.shape[-1]), self.input_names)

    def scaled(self, scaling: Scaling) -> Dataset:
        """Return a copy with scaled inputs; the scaling may come from other data."""
        return replace(self, inputs=scaling.apply(self.inputs))

    def _drawn(self, count: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Draw about ``count`` rows, stratified by class if there are enough rows of each."""
        order = rng.permutation(len(self))
        sizes = np.bincount(self.targets) if self.classes and not self.per_step else np.zeros(0, dtype=np.intp)
        if not len(sizes) or sizes[sizes > 0].min() < 2:
            return order[:count]
        exact = sizes * (count / len(self))
        taken = np.floor(exact).astype(np.intp)
        largest = np.argsort(taken - exact, kind="stable")[: count - taken.sum()]  # those that lose most by rounding
        taken[largest] += 1
        taken = np.minimum(taken, np.maximum(sizes - 1, 0))  # each class keeps a training row
        by_class = order[np.argsort(self.targets[order], kind="stable")]
        rank = np.arange(len(self)) - np.repeat(np.cumsum(sizes) - sizes, sizes)  # of each row in its class
        return by_class[rank < np.repeat(taken, sizes)]


def dataset(
    inputs: ArrayLike,
    targets: ArrayLike,
    classes: Sequence[str] | None = None,
    input_names: Sequence[str] | None = None,
    target_name: str = "y",
    origin: str = "",
) -> Dataset:
    """Check inputs and targets; both are copied once.

    Args:
        inputs: (rows,) or (rows, features), (rows, time, features) or (rows, height, width, channels).
        targets: classes as texts or whole numbers, (rows,) or (rows, time); or numbers, (rows,), (rows, outputs) or
            (rows, time, outputs).
        classes: the names of the classes 0, 1, … that targets count, or that targets name; () where targets are
            numbers. Without it texts, integers and booleans are classes, and floats are numbers.
        input_names: names of the features, or of the channels of images.
        target_name: name of the target.
        origin: the origin of the data, as a phrase.

    Raises:
        ValueError: what is wrong with them, with row (from 1) and column.
    """
    x = numbers_of(_array(inputs, "inputs"), "inputs")
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim not in _KINDS or 0 in x.shape[1:]:
        raise ValueError(
            "inputs have shape (rows, features), (rows, time, features) or (rows, height, width, channels); "
            f"got {x.shape}"
        )
    if not len(x):
        raise ValueError("there are no rows; at least one is needed")
    names = tuple(input_names) if input_names is not None else _names_of(x)
    if len(names) != x.shape[-1]:
        what = "channels" if x.ndim == 4 else "features"
        raise ValueError(f"there are {x.shape[-1]} {what} but {len(names)} names for them")
    _check_finite(x, names)
    raw = _array(targets, target_name)
    y: NDArray[Any]
    if classes is None and raw.dtype.kind in "OUSiub":
        classes, y = _recognised(raw, target_name)
    elif classes:
        y = _numbered(raw, tuple(classes), target_name)
    else:
        y = _outputs(raw, target_name)
    classes = tuple(classes or ())
    result = Dataset(x, y, names, target_name, classes, origin or f"{len(x):,} row{'s' * (len(x) > 1)}")
    stepwise = result.kind == "sequences" and result.per_step
    axes = 1 + stepwise  # those that inputs and targets share
    if y.shape[:axes] != x.shape[:axes] or y.ndim != axes + (not classes):
        shapes = ("(rows,)", "(rows, time)") if classes else ("(rows, outputs)", "(rows, time, outputs)")
        able = " or ".join(shapes if result.kind == "sequences" else shapes[:1])
        raise ValueError(f"{target_name} has shape {raw.shape}; beside inputs of shape {x.shape} it has {able}")
    return result


def dataset_of(table: Table, target: str, features: Sequence[str], classes: bool | None = None) -> Dataset:
    """Return columns of a table as data: numeric features and a target.

    Args:
        table: the table.
        target: name of the target column.
        features: names of the feature columns.
        classes: True if the target's values are classes; None to detect this with :func:`looks_like_classes`.

    Raises:
        ValueError: A column does not exist, a cell is missing or not a number (with line and column), or there is
            only one class.
    """
    inputs = table.inputs(target, features)
    values = table.values(target)
    if classes is None:
        classes = looks_like_classes(values)
    if not classes:
        return dataset(inputs, table.numbers(target), (), features, target, table.origin)
    names, numbers = _recognised(values, target)
    if len(names) > MAX_CLASSES:
        raise ValueError(
            f"column {target!r} has {len(names):,} different values; up to {MAX_CLASSES:,} classes are supported: "
            "choose another target"
        )
    return dataset(inputs, numbers, names, features, target, table.origin)


def looks_like_classes(values: NDArray[Any]) -> bool:
    """True if the target values (rows,) are texts, or few different whole numbers that repeat."""
    if values.dtype.kind != "f":
        return True
    count = len(np.unique(values))
    return not (values % 1).any() and count <= min(FEW, max(1, len(values) // 2))


def _array(values: ArrayLike, what: str) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError:
        raise ValueError(f"the rows of {what} are not all of one length") from None


def _names_of(x: Array) -> tuple[str, ...]:
    count = x.shape[-1]
    if x.ndim < 4:
        return default_names(count)
    return ("brightness",) if count == 1 else tuple(f"channel {i}" for i in range(1, count + 1))


def _check_finite(values: Array, names: Sequence[str]) -> None:
    """Raise ValueError with the position of the first value that is missing, infinite or huge."""
    if values.min() >= -MAX_SIZE and values.max() <= MAX_SIZE:  # False for NaN, and no array as large as the data
        return
    index = np.argwhere(~(np.abs(values) <= MAX_SIZE))[0]
    value = values[tuple(index)]
    inside = {3: "at time {}", 4: "at line {} and column {}"}.get(values.ndim, "").format(*index[1:-1] + 1)
    where = f"row {index[0] + 1} of {names[index[-1]]}{' ' * bool(inside)}{inside}"
    raise ValueError(f"{where} is {value:g}; it must be finite and ≤ {MAX_SIZE:g}: enter a number, or remove the row")


def _outputs(values: NDArray[Any], name: str) -> Array:
    """Targets that are numbers, with an axis of outputs."""
    y = numbers_of(values, name)
    y = y[:, None] if y.ndim == 1 else y
    if y.ndim not in (2, 3) or 0 in y.shape:
        raise ValueError(f"{name} has shape {np.shape(values)}; numbers have (rows, outputs) or (rows, time, outputs)")
    _check_finite(y, [name] * y.shape[-1])
    return y


def _recognised(values: NDArray[Any], name: str) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the sorted classes of texts or numbers, and the class index of each target."""
    found, numbers = np.unique(_labels(values, name), return_inverse=True)
    classes = tuple(str(value).removesuffix(".0") if found.dtype.kind == "f" else str(value) for value in found)
    if len(classes) == 1:
        raise ValueError(
            f"every row of {name} is {classes[0]}, so there is one class only; at least two are needed: add rows of "
            "another, choose another target, or name all classes there are"
        )
    return classes, numbers.reshape(values.shape).astype(np.int64)


def _numbered(values: NDArray[Any], classes: tuple[str, ...], name: str) -> NDArray[np.int64]:
    """Return the class index of each target for known classes; targets are class names or indices."""
    if len(set(classes)) < max(2, len(classes)):
        raise ValueError(f"classes are two different names or more; got {', '.join(map(repr, classes))}")
    labels = _labels(values, name)
    y: NDArray[np.int64]
    if labels.dtype.kind == "U":
        found, inverse = np.unique(labels, return_inverse=True)
        known = {label: i for i, label in enumerate(classes)}
        indices = np.array([known.get(str(label), -1) for label in found], dtype=np.int64)
        y = indices[inverse].reshape(labels.shape)
    else:
        numbers = numbers_of(labels, name)
        y = np.where((numbers >= 0) & (numbers < len(classes)) & (numbers % 1 == 0), numbers, -1).astype(np.int64)
    wrong = np.argwhere(y < 0)
    if len(wrong):
        value = labels[tuple(wrong[0])]
        raise ValueError(
            f"row {wrong[0][0] + 1} of {name} is {value}, which is none of the classes {', '.join(classes[:3])}"
            f"{', …' * (len(classes) > 3)}, nor the number of one from 0 to {len(classes) - 1}"
        )
    return y


def _labels(values: NDArray[Any], name: str) -> NDArray[Any]:
    """Return targets that are class names or class indices, as texts or numbers."""
    if values.dtype.kind == "O":
        for index, value in np.ndenumerate(values):
            if not isinstance(value, (str, int, np.integer)):
                raise ValueError(f"row {index[0] + 1} of {name} is {value!r}, which is not a class; remove the row")
    return values.astype({"O": "U", "S": "U", "b": "i8"}.get(values.dtype.kind, values.dtype), copy=False)

"""Regression: a model with few weights fitted to data, by its mean loss over all rows or over batches of them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gdviewer.engine.rules.oracle import Array
from gdviewer.engine.rules.parameter import Choice, Declared, Parameter, check_values, count
from gdviewer.problems.batches import Batches
from gdviewer.problems.cells import MAX_SIZE
from gdviewer.problems.chunks import in_chunks
from gdviewer.problems.data import SCALINGS, Data, data, scaling_of
from gdviewer.problems.losses import HuberLoss, LogisticLoss, OutputLoss, SquaredError, sigmoid
from gdviewer.problems.minimum import lowest_point
from gdviewer.problems.problem import Problem
from gdviewer.problems.source import DataSource, Given

_QUICK = 1 << 24  # outputs that are computed for a picture while the user waits
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Model:
    """A regression model: the loss of the output w₀ + w₁·f₁ + …, with powers of the inputs as features if declared.

    Attributes:
        loss: returns the loss for values of the model's parameters.
        formula: of the loss, with {z} for the output.
        parameters: the model's parameters; ``degree`` is the highest power of each input.
        classes: True if the target is a class.
    """

    name: str
    title: str
    loss: Callable[[Mapping[str, Any]], OutputLoss]
    formula: str
    why: str
    source: str
    parameters: Mapping[str, Declared] = field(default_factory=dict)
    scaling: str = "none"
    classes: bool = False


MODELS = {
    "linear": Model(
        "linear_regression", "Linear regression", lambda _: SquaredError(), "mean ({z} − {y})²",
        "Least squares by descent: a long narrow valley with raw features, a round bowl with standardised ones.",
        "Legendre 1805; mean squared error as torch.nn.MSELoss",
    ),
    "polynomial": Model(
        "polynomial_regression", "Polynomial regression", lambda _: SquaredError(), "mean ({z} − {y})²",
        "Powers of x differ by orders of magnitude: without scaling, no learning rate suits them all.",
        "textbook; the powers are built first, then scaled column by column",
        {"degree": count(3, 1, 12, meaning="the highest power of x", scale="linear", slider=(1, 7))},
        scaling="standardise",
    ),
    "logistic": Model(
        "logistic_regression", "Logistic regression", lambda _: LogisticLoss(),
        "mean log(1 + exp z) − {y}·z,  z = {z}",
        "Two classes and their probability: convex, but flat far away, where every prediction is certain.",
        "Cox 1958; binary cross-entropy from logits as torch.nn.BCEWithLogitsLoss",
        classes=True,
    ),
    "huber": Model(
        "huber_regression", "Huber regression", lambda values: HuberLoss(values["delta"]),
        "mean h(r),  r = {z} − {y},  h(r) = r²/2 where |r| ≤ δ, else δ·(|r| − δ/2)",
        "Squared residuals near the line, absolute ones far away: outliers have a bounded influence, as if clipped.",
        "Huber 1964; as torch.nn.HuberLoss",
        {"delta": Parameter(1, 0, 1e6, scale="log", open_low=True, slider=(0.01, 100),
                            meaning="residuals up to this value are squared")},
    ),
}  # fmt: skip


class Regression(Problem):
    """The mean loss of a model over the rows of data.

    A point is the intercept w₀ and the weight of each feature, in the order of the features: shape (1 + features,).
    Features are the inputs, or for a polynomial all powers of the first input, then of the second, …; they are scaled
    column by column. The start is zero.

    With ``batch_size`` below the number of rows a step sees the mean over a batch: see :class:`Batches`.

    Attributes:
        model: what is fitted; data_source: where the data are from.
        data: what it is fitted to; scaling: how the features were scaled; loss: of one output.
        columns: the features as the weights meet them, each a row, the first all ones, (n, rows); targets: (rows,).
        batches: which rows a step sees.

    Raises:
        ValueError: a value out of range, or data that do not suit the model.
    """

    data: Data

    def __init__(self, model: Model, source: DataSource[Data], values: Mapping[str, Any] | None = None) -> None:
        self.model, self.data_source = model, source
        parameters = {
            "scaling": Choice(model.scaling, SCALINGS, "scaling of the features before the fit"),
            "batch_size": count(
                0, 0, scale="linear", slider=(0, 64), meaning="rows used in each step; 0: all rows, 1: stochastic"
            ),
            **model.parameters,
            **source.parameters,
        }
        known = check_values(parameters, values or {}, model.name)
        loaded = source.make(known)
        self.data = loaded.in_classes() if model.classes else loaded
        if self.data.classes and not model.classes:
            raise ValueError(
                f"{loaded.target_name} holds classes, {', '.join(loaded.classes)}; logistic regression fits them"
            )
        features, self.feature_names = _powers(self.data, known.get("degree", 1))
        self.scaling = scaling_of(known["scaling"], features, self.feature_names)
        self.columns: Array = np.vstack([np.ones(len(features)), self.scaling.apply(features).T])
        self.targets = self.data.targets
        self.loss = model.loss(known)
        self.quadratic = self.loss.quadratic
        n = len(self.columns)
        self.axis_names = tuple(f"w{i}".translate(_SUBSCRIPTS) for i in range(n))
        self.dimension = n
        self._minimum, guess, self._root = lowest_point(self)
        reach = 1.3 * max(float(np.abs(guess).max()), 1e-3)
        domain = np.stack([guess - reach, guess + reach], axis=-1)
        super().__init__(
            model.name, model.title, domain=domain, start=np.zeros(n), group="Regression on data", why=model.why,
            source=model.source, formula=model.formula.format(z=self._output_text(), y=self.data.target_name),
            parameters=parameters,
        )  # fmt: skip
        self._take(known)

    def _take(self, values: dict[str, Any]) -> None:
        """Hold these values, and see batches of their size."""
        rows = len(self.targets)
        self.values = values
        self.batches = Batches(rows, min(values["batch_size"] or rows, rows))
        self.stochastic = self.batches.count > 1

    def replace(self, /, **values: Any) -> Self:
        if values.keys() - {"batch_size"}:
            return type(self)(self.model, self.data_source, self.values | values)
        other = copy.copy(self)  # the same function, seen in other parts
        other._take(check_values(self.parameters, self.values | values, self.name))
        return other

    def with_data(self, given: Data, /, **values: Any) -> Self:
        """Return the same model on other data, with the values that still apply, or others where given."""
        source = Given(given)
        kept = {k: v for k, v in self.values.items() if k not in self.data_source.parameters} | values
        return type(self)(self.model, source, kept)

    def content(self) -> Any:
        return self.model.name, self.data_source, self.values, self.part_of

    def _made_of(self, protocol: Any) -> Any:  # noqa: ARG002 - it is the same for all
        return _of_model, (self.model.name, self.data_source, self.values)

    @property
    def has_generated_data(self) -> bool:
        """True if the data are made by a generator."""
        return not isinstance(self.data_source, Given)

    @property
    def minima(self) -> Array:
        return np.empty((0, self.dimension)) if self._minimum is None else self._minimum[None].copy()

    @property
    def sketched(self) -> bool:
        return not self.quadratic and 256 * 256 * len(self.targets) > _QUICK

    # The batches

    def batch(self, t: int, seed: int) -> Regression:
        """Return the mean loss over the batch of step ``t``; the problem itself if every step sees all rows."""
        if not self.stochastic:
            return self
        rows = self.batches.at(t, seed)
        part = self.__copy__()
        part.columns, part.targets, part.stochastic = self.columns[:, rows], self.targets[rows], False
        part._minimum = None  # that of the whole is not the batch's
        part.part_of = self, "batch", (t, seed)
        return part

    # The loss

    def outputs(self, x: Array) -> Array:
        """Return the model's output for each row: ``(..., n)`` gives ``(..., rows)``.

        Columns are added one by one, as a matrix product rounds differently for one point and for many.
        """
        z: Array = x[..., :1] * self.columns[0]
        for j in range(1, self.dimension):
            z = z + x[..., j : j + 1] * self.columns[j]
        return z

    @in_chunks
    def value(self, x: Array) -> Array:
        total: Array = self.loss.value(self.outputs(x), self.targets).sum(axis=-1)
        return total / len(self.targets)

    @in_chunks
    def gradient(self, x: Array) -> Array:
        slopes = self.loss.slope(self.outputs(x), self.targets)
        gradient = np.zeros(x.shape)
        for j, column in enumerate(self.columns):
            gradient[..., j] = (slopes * column).sum(axis=-1)
        return gradient / len(self.targets)

    @in_chunks
    def hessian(self, x: Array) -> Array:
        curvatures = self.loss.curvature(self.outputs(x), self.targets)
        hessian = np.zeros((*x.shape, self.dimension))
        for i, first in enumerate(self.columns):
            for j, second in enumerate(self.columns[: i + 1]):
                hessian[..., i, j] = hessian[..., j, i] = (curvatures * (first * second)).sum(axis=-1)
        return hessian / len(self.targets)

    def values_on_grid(self, x: Array) -> Array:
        """Return the loss for a picture; a quadratic one as f* + |R·(x − x*)|², without evaluating the rows."""
        if not self.quadratic or self._minimum is None:
            return self.value(x)
        off = x - self._minimum
        excess = sum((off @ row) ** 2 for row in self._root) / len(self.targets)
        heights: Array = self.value(self._minimum) + excess
        return heights

    # What it means

    def coefficients(self, x: ArrayLike) -> Array:
        """Return intercept and weights in the units of the data, independent of the scaling: shape (n,)."""
        return self.scaling.undo(np.asarray(x, dtype=float))

    def predict(self, x: ArrayLike, inputs: ArrayLike) -> Array:
        """Return the prediction, or the probability of the second class, for inputs (rows, k): shape (rows,)."""
        features = _raised(np.asarray(inputs, dtype=float), self.values.get("degree", 1))
        coefficients = self.coefficients(x)
        z: Array = features @ coefficients[1:] + coefficients[0]
        return sigmoid(z) if self.model.classes else z

    def batch_rows(self, t: int, seed: int) -> NDArray[np.intp]:
        """Return the rows used in step ``t``."""
        return self.batches.at(t, seed) if self.stochastic else np.arange(len(self.targets))

    def epoch(self, t: int) -> int:
        """Return the epoch (counted from 0) of step ``t`` (counted from 1)."""
        return self.batches.epoch(t)

    def model_text(self, x: ArrayLike, digits: int = 4) -> str:
        """Return the fitted model in the units of the data, such as ``y = 1.23 + 4.56·x``."""
        coefficients = self.coefficients(x)
        terms = [f"{coefficients[0]:.{digits}g}".replace("-", "−")]
        for weight, name in zip(coefficients[1:], self.feature_names, strict=True):
            terms.append(f"{'−' if weight < 0 else '+'} {abs(weight):.{digits}g}·{name}")
        left = f"log odds of {self.data.classes[1]}" if self.model.classes else self.data.target_name
        return f"{left} = {' '.join(terms)}"

    @property
    def batch_text(self) -> str:
        """The batch size as a sentence."""
        return self.batches.text

    def report(self, x: ArrayLike) -> dict[str, Any]:
        names = ("intercept", *self.feature_names)
        coefficients = dict(zip(names, self.coefficients(x).tolist(), strict=True))
        return {"model": self.model_text(x, 10), "coefficients": coefficients, "scaling": self.scaling.text}

    def _output_text(self) -> str:
        names = [f"{w}·{name}" for w, name in zip(self.axis_names[1:], self.feature_names, strict=True)]
        shown = names if len(names) <= 4 else [*names[:2], "…", names[-1]]
        return " + ".join(("w₀", *shown))


def _of_model(name: str, source: DataSource[Data], values: Mapping[str, Any]) -> Regression:
    return Regression(next(model for model in MODELS.values() if model.name == name), source, values)


def _powers(given: Data, degree: int) -> tuple[Array, tuple[str, ...]]:
    """Return the features (all powers up to ``degree`` of the first input, then of the second, …) and their names."""
    with np.errstate(over="ignore"):
        features = _raised(given.inputs, degree)
    names = [
        name + (str(power).translate(_SUPERSCRIPTS) if power > 1 else "")
        for name in given.input_names
        for power in range(1, degree + 1)
    ]
    for name, column in zip(names, features.T, strict=True):
        if not (np.abs(column) <= MAX_SIZE).all():
            raise ValueError(f"{name} is too large; use a lower degree, or a larger unit")
    return features, tuple(names)


def _raised(inputs: Array, degree: int) -> Array:
    powers = [inputs]
    for _ in range(degree - 1):
        powers.append(powers[-1] * inputs)
    return np.stack(powers, axis=-1).reshape(*inputs.shape[:-1], -1)


def regression(
    inputs: ArrayLike,
    targets: ArrayLike,
    model: str = "linear",
    *,
    degree: int | None = None,
    delta: float | None = None,
    scaling: str = "none",
    batch_size: int | None = None,
    feature_names: Sequence[str] | None = None,
    target_name: str = "y",
) -> Regression:
    """Return the problem of fitting a model to the user's data.

    Args:
        inputs: shape (rows,) or (rows, k).
        targets: shape (rows,); for ``"logistic"`` two values, numbers or texts.
        model: ``"linear"``, ``"polynomial"``, ``"logistic"`` or ``"huber"``.
        degree: degree of a polynomial, 3 by default.
        delta: δ of the Huber loss, 1 by default.
        scaling: scaling of the features: ``"none"``, ``"standardise"`` or ``"minmax"``.
        batch_size: rows used in each step; None for all.
        feature_names: names of the inputs.
        target_name: name of the target.

    Raises:
        ValueError: The model is unknown, a value is out of range, or the data are invalid (with row and column).
    """
    kind = Choice("linear", tuple(MODELS)).check("model", model)
    given = {"degree": degree, "delta": delta, "scaling": scaling, "batch_size": batch_size}
    values = {name: value for name, value in given.items() if value is not None}
    return Regression(MODELS[kind], Given(data(inputs, targets, feature_names, target_name)), values)

"""A neural network as a problem: its weights are one flat vector, its loss is the mean over the training data."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gdviewer.engine.rules.oracle import Array
from gdviewer.engine.rules.parameter import Declared, check_values
from gdviewer.engine.rules.step_filters import pass_through
from gdviewer.problems.batches import Batches, GivenBatches
from gdviewer.problems.data import Scaling
from gdviewer.problems.networks.architecture import Architecture, WeightNames
from gdviewer.problems.networks.dataset import Dataset, dataset
from gdviewer.problems.networks.layer import Layer, LayerShapeError
from gdviewer.problems.networks.losses import LOSSES, Loss
from gdviewer.problems.networks.notation import layers_of, text_of
from gdviewer.problems.networks.settings import DatasetSource, GivenDataset, declared, loss_for
from gdviewer.problems.networks.training import backpropagate, feed_forward
from gdviewer.problems.problem import Picture, Problem

pass_through(__name__)

_AT_ONCE = 1 << 20  # maximum size of the widest layer's output when all rows are evaluated in parts
_TOGETHER = (
    128  # rows evaluated at once for metrics: in larger products, BLAS threads wait for each other on busy cores
)


def _or_infinite(cost: float) -> float:
    """Return the loss, or infinity for NaN, which is the result of an overflow: the loss is defined for all weights."""
    return cost if cost == cost else math.inf


class _Parameters(dict[str, Declared]):
    """The parameters of a network; a call with a point returns its weights by name."""

    def __init__(self, declared: Mapping[str, Declared], architecture: Architecture) -> None:
        super().__init__(declared)
        self._architecture = architecture

    def __call__(self, x: ArrayLike) -> dict[str, dict[str, Array]]:
        point = np.asarray(x, dtype=float)
        if point.shape != (self._architecture.size,):
            raise ValueError(f"a point has shape ({self._architecture.size},); got {point.shape}")
        return self._architecture.named(point)


class Network(Problem):
    """The mean loss of a network over its training data.

    A point is all its weights, (n,): those of the first layer, W row by row and then b, then those of the next.
    ``parameters(x)`` gives them by the names of layer and weight, as views into ``x``: ``dense k`` has W (inputs,
    units) and b (units,); ``conv k`` W (window height, window width, channels, filters) and b (filters,); ``rnn k``
    W (features, units), U (units, units) and b (units,).

    The record of a run holds the loss and gradient of the batch that the next step sees, as those of all rows would
    cost as much as an epoch: see ``batchwise``.

    Attributes:
        data_source: source of the data; given_batches: the rows of each step, if they are not drawn.
        train, test: training and test data, not scaled.
        inputs, targets: scaled training data: (rows, …) each.
        scaling: scaling of the inputs, fitted to the training data.
        architecture: the layers with their shapes and the positions of their weights.
        loss: loss of the outputs; loss_name: its name.
        batches: the rows used in each step.

    Raises:
        ValueError: A value is out of range, or layers, data and loss do not fit each other.
    """

    batchwise = True
    train: Dataset
    test: Dataset
    scaling: Scaling
    architecture: Architecture
    loss: Loss

    def __init__(
        self, name: str, title: str, source: DatasetSource, values: Mapping[str, Any] | None = None, *, why: str = "",
        defaults: Mapping[str, Any] | None = None, batches: Sequence[Sequence[int]] | None = None,
    ) -> None:  # fmt: skip
        self.data_source, self._defaults, self.given_batches = source, dict(defaults or {}), batches
        parameters = declared(source, self._defaults)
        known = check_values(parameters, values or {}, name)
        self._read_data(known)
        self._build(known)
        self._entry_title = title  # title with the data of its catalogue entry
        shown_title = title if known.get("data", "") == parameters.get("data") else "Neural network"
        start = self.architecture.initial(known["init"], known["init_scale"], known["init_seed"])
        super().__init__(
            name, shown_title, domain=[(-2, 2)], start=start, group="Neural networks", why=why, parameters=parameters,
            source="backpropagation: Rumelhart, Hinton & Williams 1986", formula=self._formula(),
        )  # fmt: skip
        self.parameters: _Parameters = _Parameters(parameters, self.architecture)
        self.domain = np.broadcast_to(self.domain[0], (self.dimension, 2))
        self._set_values(known)

    def _read_data(self, values: Mapping[str, Any]) -> None:
        whole = self.data_source.make(values)
        self.train, self.test = whole.split(values["test_share"], values["data_seed"])
        self.scaling = self.train.scaling(values["scaling"])
        scaled = self.train.scaled(self.scaling)
        self.inputs, self.targets = scaled.inputs, scaled.targets
        self._test_inputs = self.test.scaled(self.scaling).inputs

    def _build(self, values: Mapping[str, Any]) -> None:
        classes = self.train.classes
        self.loss_name = loss_for(self.train) if values["loss"] == "auto" else values["loss"]
        self.loss = LOSSES[self.loss_name]
        if self.loss.classes != bool(classes):
            kind = f"the classes {', '.join(classes[:3])}" if classes else "numbers"
            fit = ", ".join(name for name, loss in LOSSES.items() if loss.classes == bool(classes))
            raise LayerShapeError(f"the targets are {kind}, so the loss can be {fit}; got {self.loss_name}")
        try:
            outputs = self.loss.outputs(len(classes), self.targets.shape[-1])
        except ValueError as error:
            raise LayerShapeError(f"{self.loss_name}: {error}") from None
        self.architecture = Architecture(
            layers_of(values["layers"]), values["activation"], self.inputs.shape[1:], outputs, self.train.per_step
        )
        if self.architecture.ends_with_softmax and classes:
            raise LayerShapeError(
                f"{self.loss_name} applies softmax or sigmoid itself: end the last layer with identity"
            )
        self.layers: Sequence[Layer] = self.architecture.layers
        self.axis_names = WeightNames(self.architecture)  # type: ignore[assignment] # a sequence, made as it is read

    def _set_values(self, values: dict[str, Any]) -> None:
        """Store these values, and create batches of their size."""
        rows = len(self.targets)
        self.values = values
        if self.given_batches is None:
            self.batches: Batches | GivenBatches = Batches(rows, min(values["batch_size"] or rows, rows))
        else:
            self.batches = GivenBatches.of(self.given_batches, rows)
        self._in_parts = self.batches.count > 1 or self.given_batches is not None  # one list may leave rows out
        self.stochastic = self._in_parts or self.architecture.is_random

    def replace(self, /, **values: Any) -> Self:
        known = check_values(self.parameters, self.values | values, self.name)
        if values.keys() - {"batch_size"}:
            return type(self)(
                self.name, self._entry_title, self.data_source, known, why=self.why, defaults=self._defaults,
                batches=self.given_batches,
            )  # fmt: skip
        other = copy.copy(self)  # the same function, seen in other parts
        other.given_batches = None
        other._set_values(known)
        return other

    def with_data(self, given: Dataset, /, batches: Sequence[Sequence[int]] | None = None, **values: Any) -> Self:
        """Return the same layers on other data, with the values that still apply, or others where given."""
        source = GivenDataset(given)
        kept = {name: value for name, value in self.values.items() if name not in self.data_source.parameters} | values
        return type(self)(
            self.name, self._entry_title, source, kept, why=self.why, defaults=self._defaults, batches=batches
        )  # fmt: skip

    def content(self) -> Any:
        batches = None if self.given_batches is None else [list(rows) for rows in self.given_batches]
        return self.name, self.data_source, self.values, batches, self.part_of

    def _made_of(self, protocol: Any) -> Any:  # noqa: ARG002 - it is the same for all
        return _network, (
            self.name, self._entry_title, self.data_source, self.values, self.why, self._defaults, self.given_batches,
        )  # fmt: skip

    @property
    def has_generated_data(self) -> bool:
        """True if the data come from the catalogue, False if the user gave them."""
        return not isinstance(self.data_source, GivenDataset)

    def data_for(self, /, **values: Any) -> Dataset:
        """Return all rows, training and test, for other parameter values."""
        return self.data_source.make(check_values(self.parameters, self.values | values, self.name))

    @property
    def idle(self) -> set[str]:
        """The names of parameters that have no effect with the current values of the others."""
        idle = self.data_source.idle(self.values)
        if not len(self.test) and (idle or not self.has_generated_data):
            idle |= {"data_seed"}  # it would draw the split only
        return idle | ({"init_scale"} if self.values["init"] != "small" else set())

    @property
    def picture(self) -> Picture:
        return "network"

    @property
    def sketched(self) -> bool:
        return True

    # The batches

    def batch(self, t: int, seed: int) -> Network:
        """Return the network on the batch and with the dropout of step ``t``; itself if it has neither."""
        if not self.stochastic:
            return self
        part = self.__copy__()
        part.stochastic = False
        if self._in_parts:
            rows = self.batches.at(t, seed)
            part.inputs, part.targets = self.inputs.take(rows, axis=0), self.targets.take(rows, axis=0)
        if self.architecture.is_random:
            part.layers = self.architecture.drawn(len(part.inputs), np.random.default_rng([seed, t, 2]))
        part.part_of = self, "batch", (t, seed)
        return part

    def of_rows(self, rows: Sequence[int] | NDArray[np.intp]) -> Network:
        """Return the network on some rows of the training data, all used in each step, without dropout."""
        part = self.__copy__()
        part.stochastic = False
        part.inputs, part.targets = self.inputs[rows], self.targets[rows]
        part.part_of = self, "of_rows", (np.asarray(rows),)
        return part

    def epoch(self, t: int) -> int:
        """Return the epoch (counted from 0) of step ``t`` (counted from 1)."""
        return self.batches.epoch(t)

    # The loss

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        """Return the loss at one point, (n,), and its gradient, (n,)."""
        weights = self.architecture.views(x)
        outputs, kept = feed_forward(self.layers, weights, self.inputs)
        cost, delta = self.loss.cost(outputs, self.targets)
        gradient = backpropagate(self.layers, weights, kept, delta, self.architecture)
        return _or_infinite(cost), gradient

    def gradient(self, x: ArrayLike) -> Array:
        points = np.asarray(x, dtype=float)
        with np.errstate(all="ignore"):
            if points.ndim == 1:
                return self.value_and_gradient(points)[1]
            each = [self.value_and_gradient(point)[1] for point in points.reshape(-1, self.dimension)]
        return np.array(each, dtype=float).reshape(points.shape)

    def value(self, x: ArrayLike) -> Array:
        points = np.asarray(x, dtype=float)
        with np.errstate(all="ignore"):
            each = [self._cost(point) for point in points.reshape(-1, self.dimension)]
        return np.array(each, dtype=float).reshape(points.shape[:-1])[()]

    def _cost(self, x: Array) -> float:
        """Return the mean loss over all rows."""
        drawn = self.layers is not self.architecture.layers  # dropout masks hold all rows of a batch
        parts = self._outputs(x, self.inputs, self.layers, len(self.inputs) if drawn else self._max_rows)
        total = sum(self.loss.cost(outputs, self.targets[rows])[0] * len(outputs) for rows, outputs in parts)
        return _or_infinite(total / len(self.targets))

    @property
    def _max_rows(self) -> int:
        """Maximum of rows evaluated at once."""
        return max(1, _AT_ONCE // self.architecture.widest)

    def _outputs(self, x: Array, inputs: Array, layers: Sequence[Layer], size: int) -> Iterator[tuple[slice, Array]]:
        """Yield the rows and the outputs of ``layers`` for scaled inputs, ``size`` rows at a time."""
        weights = self.architecture.views(x)
        for first in range(0, max(1, len(inputs)), size):
            rows = slice(first, first + size)
            yield rows, feed_forward(layers, weights, inputs[rows])[0]

    # Weights, predictions and metrics

    def pack(self, weights: Mapping[str, Mapping[str, ArrayLike]]) -> Array:
        """Return the vector (n,) of weights by name, as in ``parameters(x)``; raise ValueError if one does not fit."""
        return self.architecture.packed(weights)

    def outputs(self, x: ArrayLike, inputs: ArrayLike) -> Array:
        """Return the outputs before softmax for unscaled inputs, (rows, …): (rows, outputs) or (rows, time, …)."""
        point = np.asarray(x, dtype=float)
        with np.errstate(all="ignore"):
            parts = self._outputs(point, self._scaled(inputs), self.architecture.layers, self._max_rows)
            return np.concatenate([outputs for _, outputs in parts])

    def activations(self, x: ArrayLike, inputs: ArrayLike) -> list[Array]:
        """Return the outputs of each stage of the architecture, in order, for unscaled inputs, (rows, …)."""
        a, found = self._scaled(inputs), []
        with np.errstate(all="ignore"):
            weights = self.architecture.views(np.asarray(x, dtype=float))
            for layer, w in zip(self.architecture.layers, weights, strict=True):
                a, _ = layer.forward(a, w)
                found.append(a)
        return found

    def _scaled(self, inputs: ArrayLike) -> Array:
        """Return unscaled inputs, (rows, …), scaled and reshaped; raise ValueError for a wrong shape."""
        given, shape = np.array(inputs, dtype=float, ndmin=1), self.architecture.shape
        if given.shape[-len(shape) :] != shape and (*given.shape[1:], 1) != shape:
            raise ValueError(f"inputs have shape (rows, {', '.join(map(str, shape))}); got {given.shape}")
        return self.scaling.apply(given.reshape(-1, *shape))

    def predict(self, x: ArrayLike, inputs: ArrayLike) -> Array:
        """Return predictions for unscaled inputs, (rows, …).

        These are the probability of each class, (rows, classes), or numbers, (rows, outputs); with a target for each
        time step, (rows, time, …).
        """
        with np.errstate(all="ignore"):
            return self.loss.prediction(self.outputs(x, inputs))

    def metrics(self, x: ArrayLike) -> dict[str, float]:
        """Return ``train_loss`` and ``test_loss``, and for classes ``train_accuracy`` and ``test_accuracy``.

        These are over all rows, without dropout. Test metrics are missing if there are no test rows.
        """
        point = np.asarray(x, dtype=float)
        found = {}
        with np.errstate(all="ignore"):
            for part, inputs, of in (("train", self.inputs, self.train), ("test", self._test_inputs, self.test)):
                if not len(of):
                    continue
                found[f"{part}_loss"], accuracy = self._measured(point, inputs, of.targets)
                if of.classes:
                    found[f"{part}_accuracy"] = accuracy
        return found

    def _measured(self, x: Array, inputs: Array, targets: NDArray[Any]) -> tuple[float, float]:
        """Return the mean loss over rows, and the share of correctly classified rows."""
        total, right = 0.0, 0
        for rows, outputs in self._outputs(x, inputs, self.architecture.layers, min(_TOGETHER, self._max_rows)):
            total += self.loss.cost(outputs, targets[rows])[0] * len(outputs)
            if self.loss.classes:
                right += int((self.loss.prediction(outputs).argmax(axis=-1) == targets[rows]).sum())
        return _or_infinite(total / len(targets)), right / targets.size

    def report(self, x: ArrayLike) -> dict[str, Any]:
        return {"layers": self.shape_text, "weights": self.dimension, **self.metrics(x)}

    @property
    def shape_text(self) -> str:
        """The sizes from the inputs to the outputs: ``64-32-10``."""
        return self.architecture.text

    @property
    def batch_text(self) -> str:
        """The batch size as a sentence."""
        return self.batches.text

    def _formula(self) -> str:
        return f"mean {self.loss_name.removeprefix('mean_').replace('_', ' ')} of a network {self.shape_text}"


def _network(
    name: str, title: str, source: DatasetSource, values: Mapping[str, Any], why: str, defaults: Mapping[str, Any],
    batches: Sequence[Sequence[int]] | None,
) -> Network:  # fmt: skip
    return Network(name, title, source, values, why=why, defaults=defaults, batches=batches)


def network(
    layers: str | int | Iterable[Layer | int | str],
    inputs: ArrayLike,
    targets: ArrayLike,
    loss: str = "cross_entropy",
    batch_size: int | None = 32,
    scaling: str = "standardise",
    init: str = "glorot",
    seed: int = 0,
    batches: Sequence[Sequence[int]] | None = None,
    *,
    activation: str = "tanh",
    init_scale: float | None = None,
    test_share: float = 0.0,
    classes: Sequence[str] | None = None,
) -> Network:
    """Return a network to train on the user's data.

    Args:
        layers: as text, ``"conv 8 3x3 relu, maxpool 2, flatten, 32"``, or a list of layers, such texts, and sizes of
            dense layers. The output layer is added if the last one does not have the required number of units.
        inputs: (rows,) or (rows, features), (rows, height, width, channels) or (rows, time, features).
        targets: classes, as texts or whole numbers, (rows,) or (rows, time); or numbers, (rows,) or (rows, outputs).
        loss: one of ``mean_squared_error``, ``mean_absolute_error``, ``huber``, ``cross_entropy``,
            ``binary_cross_entropy``, ``hinge``; or ``auto`` for one that fits the targets.
        batch_size: rows used in each step; None for all.
        scaling: scaling of the inputs: ``none``, ``standardise`` or ``minmax``.
        init: ``glorot``, ``he``, ``orthogonal``, ``small`` (normal, with ``init_scale``) or ``zeros``.
        seed: seed of the initial weights and of the choice of test rows.
        batches: the rows of each step, repeated, instead of random batches.
        activation: activation of layers without an explicit one.
        init_scale: standard deviation of ``small`` weights.
        test_share: share of the rows used for the test.
        classes: names of the classes that targets number; () if whole numbers are not classes.

    Raises:
        ValueError: Layers, data and loss do not fit each other, or the data are invalid.
    """
    text = str(layers) if isinstance(layers, str | int) else text_of(layers)
    if classes is None and loss in LOSSES and not LOSSES[loss].classes:
        classes = ()
    given = dataset(inputs, targets, classes)
    values = {
        "layers": text, "loss": loss, "batch_size": batch_size or 0, "scaling": scaling, "init": init,
        "init_seed": seed, "data_seed": seed, "activation": activation, "test_share": test_share,
    }  # fmt: skip
    if init_scale is not None:
        values["init_scale"] = init_scale
    return Network("network", "Neural network", GivenDataset(given), values, batches=batches)

"""A network's sequence of layers: the shapes between them, and the positions of their weights in the vector."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gdviewer.engine.rules.oracle import Array
from gdviewer.engine.rules.step_filters import pass_through
from gdviewer.problems.networks.activations import ACTIVATIONS
from gdviewer.problems.networks.initialisation import INITIALISATIONS
from gdviewer.problems.networks.layer import Layer, LayerShapeError, Shape, Views, Weight, shape_text
from gdviewer.problems.networks.layers import catalogue
from gdviewer.problems.networks.layers.dense import Dense
from gdviewer.problems.networks.layers.flatten import Flatten

pass_through(__name__)

MAX_PARAMETERS = 2_000_000


class PlacedWeight(NamedTuple):
    """The position of a named weight array in the vector: from ``start`` (inclusive) to ``end`` (exclusive)."""

    start: int
    end: int
    weight: Weight

    @property
    def shape(self) -> Shape:
        """Shape of the weight array."""
        return self.weight.shape

    def of(self, x: Array) -> Array:
        """Return the weights as a view into the vector ``x``, (n,)."""
        return x[self.start : self.end].reshape(self.shape)


@dataclass(frozen=True)
class Stage:
    """A layer or an activation at its position in the network.

    Attributes:
        name: name, such as ``dense 2``; an activation has the name of the layer it follows.
        layer: the layer; shape: shape of an input example; output: shape of its output.
        weights: positions of the weights in the vector, by name.
        activation: True for an activation that follows a layer.
    """

    name: str
    layer: Layer
    shape: Shape
    output: Shape
    weights: Mapping[str, PlacedWeight]
    activation: bool = False

    @property
    def connections(self) -> dict[str, PlacedWeight]:
        """The weights that connect units, which are those initialised at random."""
        return {name: weight for name, weight in self.weights.items() if weight.weight.fans}


def completed(
    layers: Sequence[Layer], activation: str, shape: Shape, outputs: int
) -> tuple[list[Layer], list[Layer], list[Layer]]:
    """Return the layers added before the given ones, these with their activations, and the layers added after them.

    See :class:`Architecture` for the rules.
    """
    given = [layer.with_activation(activation) for layer in layers]
    after: list[Layer] = [] if layers and layers[-1].gives_outputs(outputs) else [Dense(outputs)]
    before: list[Layer] = [Flatten()] if len(shape) == 3 and [*given, *after][0].flattens_images else []
    return before, given, after


def output_shape_error(shape: Shape, per_step: bool) -> str:
    """Return an error message if the output does not fit targets per row or per time step; empty if it does."""
    if len(shape) != (1 if per_step else 2):
        return ""
    hints = [kind.output_hints[per_step] for kind in catalogue().values() if per_step in kind.output_hints]
    if per_step:
        return f"there is a target for each time step: {', or '.join(hints)}"
    comes = f"there is one target a sequence, but {shape_text(shape)} comes out"
    return f"{comes}: {', or '.join([*hints, Flatten.word])}"


class Architecture:
    """The stages of a network, for examples of one shape.

    A dense layer for the outputs is added unless the last layer is one: with this number of units, and
    with an explicit activation identity, sigmoid or softmax. Images are flattened first if the first layer is Dense.

    Args:
        layers: the layers.
        activation: activation of layers without an explicit one.
        shape: shape of an example.
        outputs: required number of outputs.
        per_step: True if there is a target for each time step of a sequence.

    Attributes:
        stages: layers and activations in order.
        size: number of weights.

    Raises:
        LayerShapeError: Layers do not fit each other or the data, or there are too many weights.
    """

    def __init__(
        self, layers: Sequence[Layer], activation: str, shape: Shape, outputs: int, per_step: bool = False
    ) -> None:
        before, given, after = completed(layers, activation, shape, outputs)
        chain = [*before, *given, *after]
        self.shape = shape
        self.stages: list[Stage] = []
        self.size = 0
        counts: dict[str, int] = {}
        for number, layer in enumerate(chain, 1 - len(before)):
            kind = layer.label or layer.word
            counts[kind] = counts.get(kind, 0) + 1
            name = f"{kind} {counts[kind]}"
            try:
                shape = self._add(name, layer, shape)
                if layer.activation and layer.activation != "identity":
                    shape = self._add(name, ACTIVATIONS[layer.activation], shape, activation=True)
            except LayerShapeError as error:
                where = f"layer {number}, {layer}" if layer is not chain[-1] else "the output layer"
                raise LayerShapeError(f"{where}: {error}") from None
            if self.size > MAX_PARAMETERS:
                raise LayerShapeError(f"layer {number}, {layer}: there are more than {MAX_PARAMETERS:,} weights")
        if message := output_shape_error(shape, per_step):
            raise LayerShapeError(message)
        self.layers: list[Layer] = [stage.layer for stage in self.stages]
        self._positions = [
            [(slice(start, end), weight.shape) for start, end, weight in stage.weights.values()]
            for stage in self.stages
        ]
        self.first = next(i for i, positions in enumerate(self._positions) if positions)
        self.is_random = any(layer.random for layer in self.layers)
        self.widest = max(prod(self.shape), *(prod(stage.output) for stage in self.stages))

    def _add(self, name: str, layer: Layer, shape: Shape, activation: bool = False) -> Shape:
        weights = {}
        for key, weight in layer.weights(shape).items():
            weights[key] = PlacedWeight(self.size, self.size + prod(weight.shape), weight)
            self.size = weights[key].end
        output = layer.output(shape)
        self.stages.append(Stage(name, layer, shape, output, weights, activation))
        return output

    @property
    def ends_with_softmax(self) -> bool:
        """True if the last stage gives probabilities (softmax or sigmoid)."""
        return self.layers[-1].gives_probabilities

    @property
    def text(self) -> str:
        """The sizes from the inputs to the outputs: ``64-32-10``."""
        sizes = [self.shape, *(stage.output for stage in self.stages if not stage.activation)]
        return "-".join(shape_text(shape) for shape in sizes)

    def empty(self) -> tuple[Array, list[Views]]:
        """Return an uninitialised vector for a gradient, and its views as returned by :meth:`views`."""
        x = np.empty(self.size)
        return x, self.views(x)

    def drawn(self, rows: int, rng: np.random.Generator) -> list[Layer]:
        """Return the layers of one step with this number of rows; dropped units are drawn from ``rng``."""
        return [stage.layer.drawn(rows, stage.shape, rng) for stage in self.stages]

    def views(self, x: Array) -> list[Views]:
        """Return the weights of each stage as views into the vector ``x``, (n,)."""
        return [[x[at].reshape(shape) for at, shape in positions] if positions else [] for positions in self._positions]

    def named(self, x: Array) -> dict[str, dict[str, Array]]:
        """Return the weights by names of layer and weight, as views into ``x``."""
        return {
            stage.name: {key: weight.of(x) for key, weight in stage.weights.items()}
            for stage in self.stages
            if stage.weights
        }

    def packed(self, weights: Mapping[str, Mapping[str, ArrayLike]]) -> Array:
        """Return the vector of named weights.

        Raises:
            ValueError: A layer or weight is missing or unknown, or of another shape.
        """
        x = np.empty(self.size)
        wanted = self.named(x)
        for name in {**wanted, **weights}:
            given, views = weights.get(name), wanted.get(name)
            if given is None or views is None or given.keys() != views.keys():
                has = "; ".join(f"{layer}: {', '.join(parts)}" for layer, parts in wanted.items())
                raise ValueError(f"weights of {name!r} are missing or unknown; the network has {has}")
            for key, view in views.items():
                array = np.asarray(given[key], dtype=float)
                if array.shape != view.shape:
                    raise ValueError(f"{key} of {name} must be of shape {view.shape}; got {array.shape}")
                view[...] = array
        return x

    def initial(self, kind: str, scale: float, seed: int) -> Array:
        """Return initial weights drawn by an initialisation; weights without fans get their declared start."""
        rng = np.random.default_rng(seed)
        x = np.empty(self.size)
        for placed in (placed for stage in self.stages for placed in stage.weights.values()):
            shape, fans, start = placed.shape, placed.weight.fans, placed.weight.start
            placed.of(x)[...] = INITIALISATIONS[kind](rng, shape, fans, scale) if fans else start
        return x

    def weight_name(self, index: int) -> str:
        """Return the name of a component of the vector, such as ``dense 1 W[3, 5]``."""
        for stage in self.stages:
            for key, (start, end, weight) in stage.weights.items():
                if start <= index < end:
                    at = ", ".join(str(i) for i in np.unravel_index(index - start, weight.shape))
                    return f"{stage.name} {key}[{at}]"
        raise IndexError(index)

    def weight_index(self, name: str) -> int:
        """Return the index of the component with this name; raise ValueError if there is none."""
        for stage in self.stages:
            for key, (start, _, weight) in stage.weights.items():
                if found := re.fullmatch(rf"{re.escape(f'{stage.name} {key}')}\[(\d+(?:, \d+)*)\]", name):
                    return start + int(np.ravel_multi_index([int(i) for i in found[1].split(", ")], weight.shape))
        raise ValueError(f"there is no weight named {name!r}")


class WeightNames(Sequence[str]):
    """The names of all weights, created on access."""

    def __init__(self, architecture: Architecture) -> None:
        self._architecture = architecture

    def __len__(self) -> int:
        return self._architecture.size

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(map(self._architecture.weight_name, range(*index.indices(len(self)))))
        return self._architecture.weight_name(range(len(self))[index])

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        """Return the index of a name, computed from the name: there may be millions of names."""
        index = self._architecture.weight_index(str(value))
        if index not in range(*slice(start, stop).indices(len(self))):
            raise ValueError(f"{value!r} is not in the part searched")
        return index

    def __iter__(self) -> Iterator[str]:
        return map(self._architecture.weight_name, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WeightNames) and other._architecture is self._architecture

    def __hash__(self) -> int:
        return hash(id(self._architecture))

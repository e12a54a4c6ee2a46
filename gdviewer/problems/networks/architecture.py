"""A network's layers one after another: the shapes between them, and where their weights stand in the vector."""

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

MOST_PARAMETERS = 2_000_000


class PlacedWeight(NamedTuple):
    """Where the weights of one name stand in the vector: from ``start`` to below ``end``."""

    start: int
    end: int
    weight: Weight

    @property
    def shape(self) -> Shape:
        """Of these weights."""
        return self.weight.shape

    def of(self, x: Array) -> Array:
        """These weights as a view into the vector ``x``, (n,)."""
        return x[self.start : self.end].reshape(self.shape)


@dataclass(frozen=True)
class Stage:
    """A layer or an activation in its place.

    Attributes:
        name: what it is called, such as ``dense 2``; activations have the name of the layer they follow.
        layer: what it does; shape: of an example that comes in; output: of what comes out.
        weights: the places of its weights in the vector, by their names.
        activation: whether it is one that follows a layer.
    """

    name: str
    layer: Layer
    shape: Shape
    output: Shape
    weights: Mapping[str, PlacedWeight]
    activation: bool = False

    @property
    def connections(self) -> dict[str, PlacedWeight]:
        """Those of its weights that lead from unit to unit: all that are drawn."""
        return {name: place for name, place in self.weights.items() if place.weight.fans}


def completed(
    layers: Sequence[Layer], activation: str, shape: Shape, outputs: int
) -> tuple[list[Layer], list[Layer], list[Layer]]:
    """What a network adds before the layers, these with the activation of those that say none, and what it adds after
    them; see :class:`Architecture`."""
    own = [layer.with_activation(activation) for layer in layers]
    after: list[Layer] = [] if layers and layers[-1].gives_outputs(outputs) else [Dense(outputs)]
    before: list[Layer] = [Flatten()] if len(shape) == 3 and [*own, *after][0].flattens_images else []
    return before, own, after


def misfit_of_output(shape: Shape, per_step: bool) -> str:
    """What is wrong with what comes out in the end, for a target a row or one for each time step; empty if nothing."""
    if len(shape) != (1 if per_step else 2):
        return ""
    hints = [kind.output_hints[per_step] for kind in catalogue().values() if per_step in kind.output_hints]
    if per_step:
        return f"there is a target for each time step: {', or '.join(hints)}"
    comes = f"there is one target a sequence, but {shape_text(shape)} comes out"
    return f"{comes}: {', or '.join([*hints, Flatten.word])}"


class Architecture:
    """The stages of a network, for examples of one shape.

    A dense layer for the outputs is added unless the last layer is one: of so many units, and with an activation said
    to be identity, sigmoid or softmax. Images and the like are flattened first for a network that begins with Dense.

    Args:
        layers: the layers; activation: of those that say none; shape: of an example; outputs: how many are needed.
        per_step: whether there is a target for each time step of a sequence.

    Attributes:
        stages: all that an example goes through.
        size: how many weights there are.

    Raises:
        Misfit: layers do not fit each other or the data, or are too many.
    """

    def __init__(
        self, layers: Sequence[Layer], activation: str, shape: Shape, outputs: int, per_step: bool = False
    ) -> None:
        before, own, after = completed(layers, activation, shape, outputs)
        chain = [*before, *own, *after]
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
            if self.size > MOST_PARAMETERS:
                raise LayerShapeError(f"layer {number}, {layer}: there are more than {MOST_PARAMETERS:,} weights")
        if misfit := misfit_of_output(shape, per_step):
            raise LayerShapeError(misfit)
        self.layers: list[Layer] = [stage.layer for stage in self.stages]
        self._places = [
            [(slice(start, end), weight.shape) for start, end, weight in stage.weights.values()]
            for stage in self.stages
        ]
        self.first = next(i for i, places in enumerate(self._places) if places)
        self.is_random = any(layer.random for layer in self.layers)
        self.widest = max(prod(self.shape), *(prod(stage.output) for stage in self.stages))

    def _add(self, name: str, layer: Layer, shape: Shape, activation: bool = False) -> Shape:
        weights = {}
        for key, own in layer.weights(shape).items():
            weights[key] = PlacedWeight(self.size, self.size + prod(own.shape), own)
            self.size = weights[key].end
        output = layer.output(shape)
        self.stages.append(Stage(name, layer, shape, output, weights, activation))
        return output

    @property
    def ends_with_softmax(self) -> bool:
        """Whether the last thing is a softmax or a sigmoid."""
        return self.layers[-1].gives_probabilities

    @property
    def text(self) -> str:
        """The sizes from the inputs to the outputs: ``64-32-10``."""
        sizes = [self.shape, *(stage.output for stage in self.stages if not stage.activation)]
        return "-".join(shape_text(shape) for shape in sizes)

    def empty(self) -> tuple[Array, list[Views]]:
        """A vector for a gradient, yet to be written, and its views as :meth:`views` gives them."""
        x = np.empty(self.size)
        return x, self.views(x)

    def drawn(self, rows: int, rng: np.random.Generator) -> list[Layer]:
        """The layers as they are in one step with so many rows: with what is dropped drawn from ``rng``."""
        return [stage.layer.drawn(rows, stage.shape, rng) for stage in self.stages]

    def views(self, x: Array) -> list[Views]:
        """The weights of each stage as views into the vector ``x``, (n,)."""
        return [[x[at].reshape(shape) for at, shape in places] if places else [] for places in self._places]

    def named(self, x: Array) -> dict[str, dict[str, Array]]:
        """The weights by the names of layer and weight, as views into ``x``."""
        return {
            stage.name: {key: place.of(x) for key, place in stage.weights.items()}
            for stage in self.stages
            if stage.weights
        }

    def packed(self, weights: Mapping[str, Mapping[str, ArrayLike]]) -> Array:
        """The vector of named weights.

        Raises:
            ValueError: a layer or weight is missing or unknown, or of another shape.
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
        """Weights to begin with, drawn by a kind of initialisation; those without fans begin where they declare."""
        rng = np.random.default_rng(seed)
        x = np.empty(self.size)
        for place in (place for stage in self.stages for place in stage.weights.values()):
            shape, fans, start = place.shape, place.weight.fans, place.weight.start
            place.of(x)[...] = INITIALISATIONS[kind](rng, shape, fans, scale) if fans else start
        return x

    def weight_name(self, index: int) -> str:
        """What a component of the vector is: ``dense 1 W[3, 5]``."""
        for stage in self.stages:
            for key, (start, end, weight) in stage.weights.items():
                if start <= index < end:
                    at = ", ".join(str(i) for i in np.unravel_index(index - start, weight.shape))
                    return f"{stage.name} {key}[{at}]"
        raise IndexError(index)

    def weight_index(self, name: str) -> int:
        """The component that has a name, the other way round; ValueError where none has."""
        for stage in self.stages:
            for key, (start, _, weight) in stage.weights.items():
                if found := re.fullmatch(rf"{re.escape(f'{stage.name} {key}')}\[(\d+(?:, \d+)*)\]", name):
                    return start + int(np.ravel_multi_index([int(i) for i in found[1].split(", ")], weight.shape))
        raise ValueError(f"there is no weight named {name!r}")


class WeightNames(Sequence[str]):
    """The names of all weights, made when asked for."""

    def __init__(self, architecture: Architecture) -> None:
        self._architecture = architecture

    def __len__(self) -> int:
        return self._architecture.size

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(map(self._architecture.weight_name, range(*index.indices(len(self)))))
        return self._architecture.weight_name(range(len(self))[index])

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        """Where a name is, read off it: there may be millions of them."""
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

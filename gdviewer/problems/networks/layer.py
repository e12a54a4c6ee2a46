"""The contract of a layer: the interface used by networks, their text, the builder, the pictures and the tests.

A layer has no state. ``forward`` returns the output and the values that ``backward`` needs. ``backward`` takes
``delta``, the derivative of the loss by the layer's output, writes the derivative by the weights into ``gradient``, and
returns the derivative by the input. That is backpropagation: Rumelhart, Hinton & Williams 1986, Nature 323.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from math import prod
from typing import Any, ClassVar, Self

import numpy as np

from gdviewer.engine.rules.oracle import Array
from gdviewer.engine.rules.step_filters import silent

Shape = tuple[int, ...]
Views = Sequence[Array]  # the weights of a layer, or the parts of the gradient that belong to them

MAX_UNITS = 100_000


class LayerShapeError(ValueError):
    """Raised if layers do not fit each other or the data; the message names the layer and the remedy."""


@dataclass(frozen=True)
class Weight:
    """A weight array declared by a layer.

    Attributes:
        shape: shape; the last axis counts the units that the weights lead into.
        fans: fan-in and fan-out, which set the size of random initial weights; None for weights that are not random
            at the start, such as a bias.
        start: initial value if there are no fans.
        title: name on the screen of a weight that each unit has one of.
        recurrent: True if they lead from the layer's own units, one time step before.
    """

    shape: Shape
    fans: tuple[int, int] | None = None
    start: float = 0.0
    title: str = ""
    recurrent: bool = False


def bias(units: int) -> Weight:
    """Declare a bias: one number for each unit, initially zero."""
    return Weight((units,), title="bias")


@dataclass(frozen=True)
class Entry:
    """A field of a layer as the builder shows it.

    Attributes:
        title: name; meaning: a sentence for the tool tip.
        low, high: range of a number.
    """

    title: str
    meaning: str
    low: float
    high: float


def entry(title: str, meaning: str, low: float = 1, high: float = MAX_UNITS) -> dict[str, Entry]:
    """Return the metadata of a field shown in the builder; a Boolean field has no range."""
    return {"entry": Entry(title, meaning, low, high)}


ACTIVATION = entry("activation", "The activation after the layer.")


class Words(list[str]):
    """The words of a layer's text after the first; :meth:`Layer.read` removes those it understands."""

    def __init__(self, words: Iterable[str], activations: Container[str]) -> None:
        super().__init__(words)
        self._activations = activations

    def activation(self) -> str | None:
        """Remove and return the activation at the end; None if there is none."""
        return self.pop() if self and self[-1] in self._activations else None

    def number(self) -> int:
        """Remove and return a whole number ≥ 1; raise IndexError or ValueError if none is next."""
        return number_of(self.pop(0))

    def option(self, name: str, default: int, least: int = 1) -> int:
        """Remove and return the number after a name at any position."""
        if name not in self:
            return default
        at = self.index(name)
        value = number_of(self[at + 1], least)
        del self[at : at + 2]
        return value

    def flag(self, name: str) -> bool:
        """Remove a name if it is the only word left; True if it was."""
        given = self == [name]
        if given:
            self.clear()
        return given


def number_of(word: str, least: int = 1) -> int:
    """Return a word as a whole number; raise LayerShapeError if it is out of range."""
    number = int(word)
    if not least <= number <= MAX_UNITS:
        raise LayerShapeError(f"{number} must be in {least} … {MAX_UNITS:,}")
    return number


@dataclass(frozen=True)
class Layer:
    """A part of a network: a frozen dataclass whose fields have an :func:`entry` as metadata.

    Arrays have the examples along their first axis; shapes are those of one example, without it. The defaults are those
    of a layer without weights that keeps the shape.

    Attributes:
        title: name on the screen.
        word: first word of its text; label: the word in the names of its weights, if different.
        example: example of its text, for messages and tool tips; meaning: a description in a sentence or two.
        order: sort key in menus.
        bare: True if its text may begin with a number, without the word.
        has_units: True if it has units; otherwise it is shown with the layer it follows.
        flattens_images: True if images are flattened before it when it is the first layer.
        random: True if it differs from step to step; see :meth:`drawn`.
        filter_weight: name of its weights of shape (height, width, channels, filters), which are shown as pictures.
        has_states: True if it has a hidden state over time; see :meth:`states`.
        output_hints: how to get one output for each time step (True), or one for the sequence (False).
        may_die: True if a unit that is 0 for every example has a zero gradient.
        gives_probabilities: True if the outputs are probabilities.
        shared_names: local names in its code, beside those of its weights, that do not depend on single examples.
    """

    title: ClassVar[str] = ""
    word: ClassVar[str] = ""
    label: ClassVar[str] = ""
    example: ClassVar[str] = ""
    meaning: ClassVar[str] = ""
    order: ClassVar[float] = math.inf
    bare: ClassVar[bool] = False
    has_units: ClassVar[bool] = True
    flattens_images: ClassVar[bool] = False
    random: ClassVar[bool] = False
    filter_weight: ClassVar[str] = ""
    has_states: ClassVar[bool] = False
    output_hints: ClassVar[Mapping[bool, str]] = {}
    may_die: ClassVar[bool] = False
    gives_probabilities: ClassVar[bool] = False
    shared_names: ClassVar[tuple[str, ...]] = ()

    # Its text, and its fields in the builder

    @classmethod
    def read(cls, words: Words) -> Self:  # noqa: ARG003 - it has no fields
        """Create a layer from its words, and remove those that are understood.

        Raises:
            LayerShapeError: A number is out of range.
            IndexError, ValueError: The words do not have the form of :attr:`example`.
        """
        return cls()

    def __str__(self) -> str:
        return self.word

    @classmethod
    def default(cls) -> Self:
        """Return the layer that the builder adds."""
        return cls()

    @classmethod
    def entries(cls) -> dict[str, Entry]:
        """Return the fields shown in the builder, by name."""
        return {each.name: each.metadata["entry"] for each in fields(cls) if "entry" in each.metadata}

    def resized(self, name: str, value: Any) -> Self:
        """Return a copy with another value of a field."""
        return replace(self, **{name: value})

    # Its place in a network

    @property
    def activation(self) -> str | None:
        """Name of the activation that follows: "identity" for none, None for the network's default."""
        return "identity"

    def with_activation(self, name: str) -> Layer:
        """Return a copy with this activation if it has no explicit one."""
        return self if self.activation else self.resized("activation", name)

    def for_targets(self, per_step: bool) -> Self:  # noqa: ARG002
        """Return a copy that suits data with a target for each time step, or one for each example."""
        return self

    def gives_outputs(self, count: int) -> bool:  # noqa: ARG002
        """True if it can be the last layer of a network with ``count`` outputs."""
        return False

    def weights(self, shape: Shape) -> dict[str, Weight]:  # noqa: ARG002
        """Return its weights by name for an input example of ``shape``.

        Raises:
            LayerShapeError: The layer does not accept such an example.
        """
        return {}

    def output(self, shape: Shape) -> Shape:
        """Return the shape of the output for an example of ``shape``."""
        return shape

    def weight_uses(self, shape: Shape) -> int:
        """Return the number of times each weight is used for an example of ``shape``."""
        return prod(self.output(shape)[:-1])

    # What it does

    def forward(self, a: Array, w: Views) -> tuple[Array, Any]:
        """Return the output for ``a``, (rows, …), with weights ``w``; and the values that :meth:`backward` needs."""
        raise NotImplementedError

    def backward(self, delta: Array, w: Views, kept: Any, gradient: Views, first: bool) -> Array | None:
        """Write the derivatives by the weights into ``gradient``, and return the derivative by the input.

        It may return None for the ``first`` layer with weights, where the derivative by the input is not needed.
        """
        raise NotImplementedError

    def drawn(self, rows: int, shape: Shape, rng: np.random.Generator) -> Layer:  # noqa: ARG002
        """Return the layer for one step with ``rows`` examples of ``shape``."""
        return self

    def states(self, a: Array, w: Views) -> Array:
        """Return the hidden state after each time step for ``a``, (rows, time, units)."""
        raise NotImplementedError

    def relative_slope(self, a: Array) -> Array | None:  # noqa: ARG002
        """Return the slope of its nonlinearity at output ``a``, divided by its maximum; None if it can't saturate."""
        return None


def shape_text(shape: Shape) -> str:
    """A shape as people write it: 6×6×4."""
    return "×".join(map(str, shape))


@silent
def rows_of(a: Array) -> Array:
    """Return examples, time steps or pixels as rows: (…, k) as (rows, k)."""
    return a if a.ndim == 2 else a.reshape(-1, a.shape[-1])


@lru_cache(maxsize=8)
def ones(rows: int) -> Array:
    """Return a vector of ones; its product with an array is the sum of the rows."""
    ones = np.ones(rows)
    ones.setflags(write=False)
    return ones

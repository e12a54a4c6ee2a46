"""The contract of a layer: all that a network, its text, the builder, the pictures and the tests ask of one.

A layer has no memory. ``forward`` gives its output and what ``backward`` will need of it; ``backward`` gets ``delta``,
the derivative of the loss by the layer's output, writes the derivative by its weights into ``gradient``, and gives the
derivative by its input. That is backpropagation: Rumelhart, Hinton & Williams 1986, Nature 323.
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

MOST_UNITS = 100_000


class LayerShapeError(ValueError):
    """Layers that do not fit each other, or their data; the text says which, and what to do."""


@dataclass(frozen=True)
class Weight:
    """Weights of one name, as a layer declares them.

    Attributes:
        shape: its last axis counts the units that they lead into.
        fans: how many numbers come into a unit through them, and how many units a number goes to: they are drawn, of a
            size that suits these. None for numbers that are not drawn, such as a bias.
        start: where those begin that are not drawn.
        title: what those are called of which each unit has one.
        recurrent: whether they lead from the units of the layer itself, one time step before.
    """

    shape: Shape
    fans: tuple[int, int] | None = None
    start: float = 0.0
    title: str = ""
    recurrent: bool = False


def bias(units: int) -> Weight:
    """One number added to each unit, zero at the start."""
    return Weight((units,), title="bias")


@dataclass(frozen=True)
class Entry:
    """A field of a layer as the builder shows it.

    Attributes:
        title: what it is called; meaning: a sentence for its tool tip.
        low, high: the range of a number.
    """

    title: str
    meaning: str
    low: float
    high: float


def entry(title: str, meaning: str, low: float = 1, high: float = MOST_UNITS) -> dict[str, Entry]:
    """The metadata of a field that the builder shows; a field that is true or false has no range."""
    return {"entry": Entry(title, meaning, low, high)}


ACTIVATION = entry("activation", "What follows the layer.")


class Words(list[str]):
    """The words of a layer's text after its first, from which :meth:`Layer.read` takes those it understands."""

    def __init__(self, words: Iterable[str], activations: Container[str]) -> None:
        super().__init__(words)
        self._activations = activations

    def activation(self) -> str | None:
        """Take the activation at the end; None where there is none."""
        return self.pop() if self and self[-1] in self._activations else None

    def number(self) -> int:
        """Take a whole number from 1; raises IndexError or ValueError where none comes next."""
        return number_of(self.pop(0))

    def option(self, name: str, default: int, least: int = 1) -> int:
        """Take the number after a name, wherever that stands."""
        if name not in self:
            return default
        at = self.index(name)
        value = number_of(self[at + 1], least)
        del self[at : at + 2]
        return value

    def flag(self, name: str) -> bool:
        """Take a name where it is all there is; gives whether it was."""
        given = self == [name]
        if given:
            self.clear()
        return given


def number_of(word: str, least: int = 1) -> int:
    """The whole number that a word is; raises Misfit where it is out of range."""
    number = int(word)
    if not least <= number <= MOST_UNITS:
        raise LayerShapeError(f"{number} must be in {least} … {MOST_UNITS:,}")
    return number


@dataclass(frozen=True)
class Layer:
    """A part of a network: a frozen dataclass whose fields have an :func:`entry` as metadata.

    Arrays have the examples along their first axis; shapes are those of one example, without it. What is not declared
    or overridden is as it is for a layer without weights that keeps the shape.

    Attributes:
        title: what it is called.
        word: what its text begins with; label: the same in the names of its weights, where that differs.
        example: what to write, for messages and tool tips; meaning: what it does, in a sentence or two.
        order: its place in menus, from the front.
        bare: whether its text may begin with a number, without the word.
        has_units: whether it has units of its own; without, it is shown with what it follows.
        flattens_images: whether images are flattened before it where it comes first.
        random: whether it is another in each step; see :meth:`drawn`.
        filter_weight: the name of its weights of shape (height, width, channels, filters), to be seen as pictures.
        has_states: whether it goes through time with a hidden state; see :meth:`states`.
        output_hints: how it gives one output for each time step (True), or one for the sequence (False).
        may_die: whether a unit that is 0 for every example has no slope.
        gives_probabilities: whether what comes out are probabilities.
        shared_names: local names in its code, beside those of its weights, that hold nothing of single examples.
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
        """Make one of its words, and take those that are understood.

        Raises:
            Misfit: a number is out of range.
            IndexError, ValueError: the words are not as :attr:`example` has them.
        """
        return cls()

    def __str__(self) -> str:
        return self.word

    @classmethod
    def default(cls) -> Self:
        """The layer that the builder adds."""
        return cls()

    @classmethod
    def entries(cls) -> dict[str, Entry]:
        """Its fields in the builder, by name."""
        return {each.name: each.metadata["entry"] for each in fields(cls) if "entry" in each.metadata}

    def resized(self, name: str, value: Any) -> Self:
        """The same with another value of a field."""
        return replace(self, **{name: value})

    # Its place in a network

    @property
    def activation(self) -> str | None:
        """The activation that follows, by name: "identity" for nothing, None for what the network's layers have."""
        return "identity"

    def with_activation(self, name: str) -> Layer:
        """The same, followed by that activation where it says none."""
        return self if self.activation else self.resized("activation", name)

    def for_targets(self, per_step: bool) -> Self:  # noqa: ARG002
        """The same as it suits data with a target for each time step, or one for each example."""
        return self

    def gives_outputs(self, count: int) -> bool:  # noqa: ARG002
        """Return True where it can be the last layer of a network with ``count`` outputs."""
        return False

    def weights(self, shape: Shape) -> dict[str, Weight]:  # noqa: ARG002
        """Its weights by name, where an example that comes in has ``shape``.

        Raises:
            Misfit: such an example can't come in.
        """
        return {}

    def output(self, shape: Shape) -> Shape:
        """The shape of what comes out for an example of ``shape``."""
        return shape

    def weight_uses(self, shape: Shape) -> int:
        """Return the number of times each weight is used for an example of ``shape``."""
        return prod(self.output(shape)[:-1])

    # What it does

    def forward(self, a: Array, w: Views) -> tuple[Array, Any]:
        """Return the output for ``a``, (rows, …), with weights ``w``; and what :meth:`backward` will need."""
        raise NotImplementedError

    def backward(self, delta: Array, w: Views, kept: Any, gradient: Views, first: bool) -> Array | None:
        """Write the derivatives by the weights into ``gradient``; give that by the input, None for the ``first`` layer,
        whose input nobody can move."""
        raise NotImplementedError

    def drawn(self, rows: int, shape: Shape, rng: np.random.Generator) -> Layer:  # noqa: ARG002
        """The layer as it is in one step with ``rows`` examples of ``shape``."""
        return self

    def states(self, a: Array, w: Views) -> Array:
        """Its hidden state after each time step for ``a``, (rows, time, units)."""
        raise NotImplementedError

    def relative_slope(self, a: Array) -> Array | None:  # noqa: ARG002
        """The slope of its nonlinearity where it gives ``a``, by its largest one; None where it does not saturate."""
        return None


def shape_text(shape: Shape) -> str:
    """A shape as people write it: 6×6×4."""
    return "×".join(map(str, shape))


@silent
def rows_of(a: Array) -> Array:
    """Examples, or the time steps of sequences, or the places of images, one below another: (…, k) as (rows, k)."""
    return a if a.ndim == 2 else a.reshape(-1, a.shape[-1])


@lru_cache(maxsize=8)
def ones(rows: int) -> Array:
    """So many ones: what a bias is multiplied with. Their product with an array adds up its rows."""
    made = np.ones(rows)
    made.setflags(write=False)
    return made

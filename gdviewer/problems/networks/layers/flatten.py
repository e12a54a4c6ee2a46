"""The layer that reshapes an example to one row."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.networks.layer import Layer, Shape, Views


@dataclass(frozen=True)
class Flatten(Layer):
    """A layer that turns the numbers of an image into one row."""

    title = "Flatten"
    word = "flatten"
    example = "flatten"
    meaning = "An example of any shape as one row of numbers."
    order = 4
    has_units = False

    def output(self, shape: Shape) -> Shape:
        return (prod(shape),)

    def forward(self, a: Array, w: Views) -> tuple[Array, Shape]:  # noqa: ARG002 - it has none
        return a.reshape(len(a), -1), a.shape

    def backward(self, delta: Array, w: Views, kept: Shape, gradient: Views, first: bool) -> Array | None:  # noqa: ARG002
        return delta.reshape(kept)

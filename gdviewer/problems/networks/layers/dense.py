"""The dense layer, in which every unit is connected to every input."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.networks.layer import (
    ACTIVATION,
    Layer,
    LayerShapeError,
    Shape,
    Views,
    Weight,
    Words,
    bias,
    entry,
    ones,
    rows_of,
    shape_text,
)

_AT_THE_END = ("identity", "sigmoid", "softmax")  # activations allowed in a user-defined output layer


@dataclass(frozen=True)
class Dense(Layer):
    """A dense layer; it is applied to each time step of a sequence, (time, features), with the same weights."""

    title = "Dense"
    word = "dense"
    bare = True
    example = "dense 32 relu, or just 32"
    meaning = (
        "Connects every unit to every input: z = a·W + b, with W of shape (inputs, units) and b of shape (units,)."
    )
    order = 0
    flattens_images = True

    units: int = field(metadata=entry("units", "Number of units, the size of the output."))
    activation: str | None = field(default="identity", metadata=ACTIVATION)

    @classmethod
    def read(cls, words: Words) -> Self:
        activation = words.activation()
        return cls(words.number(), activation)

    def __str__(self) -> str:
        return f"{self.units} {self.activation or ''}".rstrip()

    @classmethod
    def default(cls) -> Self:
        return cls(16, None)

    def gives_outputs(self, count: int) -> bool:
        return self.units == count and self.activation in _AT_THE_END

    def weights(self, shape: Shape) -> dict[str, Weight]:
        if len(shape) == 3:
            raise LayerShapeError(f"Flatten before Dense: the input is {shape_text(shape)}")
        inputs, units = shape[-1], self.units
        return {"W": Weight((inputs, units), fans=(inputs, units)), "b": bias(units)}

    def output(self, shape: Shape) -> Shape:
        return (*shape[:-1], self.units)

    def forward(self, a: Array, w: Views) -> tuple[Array, Array]:
        W, b = w
        z = rows_of(a).dot(W)
        z += b
        return z if a.ndim == 2 else z.reshape(*a.shape[:-1], self.units), a

    def backward(self, delta: Array, w: Views, kept: Array, gradient: Views, first: bool) -> Array | None:
        W, _ = w
        W_gradient, b_gradient = gradient
        a, delta = rows_of(kept), rows_of(delta)
        a.T.dot(delta, W_gradient)
        ones(len(delta)).dot(delta, b_gradient)
        return None if first else delta.dot(W.T).reshape(kept.shape)

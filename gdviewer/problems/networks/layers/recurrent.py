"""The recurrent layer for sequences, whose examples have the shape (time, features)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.networks.layer import (
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


@dataclass(frozen=True)
class RNN(Layer):
    """A recurrent layer: W has the shape (features, units), U (units, units), b (units,).

    PyTorch's ``nn.RNN`` has two biases, of which b is the sum.
    """

    title = "RNN"
    word = "rnn"
    example = "rnn 16, or rnn 16 every for an output at each time step"
    meaning = "Elman's recurrent layer: hₜ = tanh(xₜ·W + hₜ₋₁·U + b) with h₀ = 0 (Elman 1990, Cognitive Science 14)."
    order = 5
    has_states = True
    output_hints = {
        True: "let the RNN give an output at every step (rnn 16 every)",
        False: "end with an RNN that gives its last state (rnn 16)",
    }

    units: int = field(metadata=entry("units", "Number of units, the size of the output."))
    every: bool = field(
        default=False,
        metadata=entry("output at every step", "Output the state after every time step, not only after the last."),
    )

    @classmethod
    def read(cls, words: Words) -> Self:
        return cls(words.number(), words.flag("every"))

    def __str__(self) -> str:
        return f"rnn {self.units}" + " every" * self.every

    @classmethod
    def default(cls) -> Self:
        return cls(16)

    def for_targets(self, per_step: bool) -> Self:
        return replace(self, every=per_step)

    def weights(self, shape: Shape) -> dict[str, Weight]:
        if len(shape) != 2:
            raise LayerShapeError(f"an RNN needs sequences, time×features: the input is {shape_text(shape)}")
        features, units = shape[1], self.units
        return {
            "W": Weight((features, units), fans=(features, units)),
            "U": Weight((units, units), fans=(units, units), recurrent=True),
            "b": bias(units),
        }

    def output(self, shape: Shape) -> Shape:
        return (shape[0], self.units) if self.every else (self.units,)

    def weight_uses(self, shape: Shape) -> int:
        return shape[0]

    def states(self, a: Array, w: Views) -> Array:
        return replace(self, every=True).forward(a, w)[0]

    def relative_slope(self, a: Array) -> Array:
        return 1 - a**2

    def forward(self, a: Array, w: Views) -> tuple[Array, Any]:
        W, U, b = w
        rows, time, _ = a.shape
        a = np.ascontiguousarray(a.transpose(1, 0, 2))  # the time steps one after another
        z = rows_of(a).dot(W)  # all that does not depend on what went before
        z += b
        z = z.reshape(time, rows, self.units)
        h = np.zeros((time + 1, rows, self.units))  # h[t] is what is known after t time steps
        for t in range(time):
            h[t + 1] = np.tanh(z[t] + h[t].dot(U))
        return h[1:].transpose(1, 0, 2) if self.every else h[-1], (a, h)

    def backward(self, delta: Array, w: Views, kept: Any, gradient: Views, first: bool) -> Array | None:
        """Backpropagation through time: from the last time step to the first (Werbos 1990)."""
        W, U, _ = w
        W_gradient, U_gradient, b_gradient = gradient
        a, h = kept
        slope = 1 - h[1:] ** 2
        z_delta = np.empty(slope.shape)
        h_delta = np.zeros(h[0].shape)
        for t in reversed(range(len(a))):
            if self.every:
                h_delta = h_delta + delta[:, t]
            elif t == len(a) - 1:
                h_delta = delta
            z_delta[t] = h_delta * slope[t]
            h_delta = z_delta[t].dot(U.T)
        z_delta = rows_of(z_delta)
        rows_of(a).T.dot(z_delta, W_gradient)
        rows_of(h[:-1]).T.dot(z_delta, U_gradient)
        ones(len(z_delta)).dot(z_delta, b_gradient)
        return None if first else z_delta.dot(W.T).reshape(a.shape).transpose(1, 0, 2)

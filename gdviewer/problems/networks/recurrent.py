"""A layer for sequences, whose examples have the shape (time, features)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gdviewer.engine.oracle import Array
from gdviewer.problems.networks.layers import Misfit, Shape, Views, shape_text


@dataclass(frozen=True)
class RNN:
    """Elman's recurrent layer: hₜ = tanh(xₜ·W + hₜ₋₁·U + b) with h₀ = 0 (Elman 1990, Cognitive Science 14).

    W has the shape (features, units), U (units, units), b (units,). PyTorch's ``nn.RNN`` has two biases, of which b is
    the sum.

    Attributes:
        units: how many numbers h has.
        every: whether h of every time step comes out, (time, units), or that of the last one, (units,).
    """

    units: int
    every: bool = False

    def weights(self, shape: Shape) -> dict[str, Shape]:
        if len(shape) != 2:
            raise Misfit(f"an RNN needs sequences, time×features: the input is {shape_text(shape)}")
        return {"W": (shape[1], self.units), "U": (self.units, self.units), "b": (self.units,)}

    def output(self, shape: Shape) -> Shape:
        return (shape[0], self.units) if self.every else (self.units,)

    def forward(self, a: Array, w: Views) -> tuple[Array, Any]:
        W, U, b = w
        rows, time, _ = a.shape
        h = np.zeros((time + 1, rows, self.units))  # h[t] is what is known after t time steps
        for t in range(time):
            h[t + 1] = np.tanh(a[:, t] @ W + h[t] @ U + b)
        return h[1:].transpose(1, 0, 2) if self.every else h[-1], (a, h)

    def backward(self, delta: Array, w: Views, kept: Any, gradient: Views, first: bool) -> Array | None:
        """Backpropagation through time: from the last time step to the first (Werbos 1990)."""
        W, U, _ = w
        W_gradient, U_gradient, b_gradient = gradient
        a, h = kept
        for part in gradient:
            part[...] = 0.0
        input_delta = np.zeros(a.shape)
        h_delta = np.zeros(h[0].shape)
        for t in reversed(range(a.shape[1])):
            if self.every:
                h_delta = h_delta + delta[:, t]
            elif t == a.shape[1] - 1:
                h_delta = delta
            z_delta = h_delta * (1 - h[t + 1] ** 2)
            W_gradient += a[:, t].T @ z_delta
            U_gradient += h[t].T @ z_delta
            b_gradient += z_delta.sum(axis=0)
            input_delta[:, t] = z_delta @ W.T
            h_delta = z_delta @ U.T
        return None if first else input_delta

    def __str__(self) -> str:
        return f"rnn {self.units}" + " every" * self.every

"""Losses of an output z against a target y, with their first and second derivatives in z."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gdviewer.engine.rules.oracle import Array


class OutputLoss(Protocol):
    """An elementwise loss; z has shape ``(..., rows)``, y ``(rows,)``. Its mean is minimised."""

    @property
    def quadratic(self) -> bool:
        """True if the second derivative is constant."""

    def value(self, z: Array, y: Array) -> Array:
        """Return the loss of each output."""

    def slope(self, z: Array, y: Array) -> Array:
        """Return the derivative in z."""

    def curvature(self, z: Array, y: Array) -> Array:
        """Return the second derivative in z."""


class SquaredError:
    """The squared error (z − y)², without a factor ½, as ``torch.nn.MSELoss``."""

    quadratic = True

    def value(self, z: Array, y: Array) -> Array:
        r = z - y
        return r * r

    def slope(self, z: Array, y: Array) -> Array:
        return 2 * (z - y)

    def curvature(self, z: Array, y: Array) -> Array:  # noqa: ARG002 - the same for all targets
        return np.full_like(z, 2.0)


@dataclass(frozen=True)
class HuberLoss:
    """r²/2 where abs(r) ≤ δ, else δ·(abs(r) − δ/2), with r = z − y, as ``torch.nn.HuberLoss`` (Huber 1964)."""

    delta: float
    quadratic = False

    def value(self, z: Array, y: Array) -> Array:
        r = z - y
        inner = np.clip(r, -self.delta, self.delta)
        return inner * (r - 0.5 * inner)

    def slope(self, z: Array, y: Array) -> Array:
        return np.clip(z - y, -self.delta, self.delta)

    def curvature(self, z: Array, y: Array) -> Array:
        return (np.abs(z - y) <= self.delta).astype(float)


class LogisticLoss:
    """log(1 + eᶻ) − y·z of the log odds z, finite for any finite z, as ``torch.nn.BCEWithLogitsLoss``; y is 0 or 1."""

    quadratic = False

    def value(self, z: Array, y: Array) -> Array:
        return np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))

    def slope(self, z: Array, y: Array) -> Array:
        return sigmoid(z) - y

    def curvature(self, z: Array, y: Array) -> Array:  # noqa: ARG002 - the same for both classes
        return sigmoid(z) * sigmoid(-z)  # 1 − sigmoid(z) would lose the digits of a small one


def sigmoid(z: Array) -> Array:
    """Return 1 / (1 + e⁻ᶻ), without overflow for any finite z."""
    small = np.exp(-np.abs(z))
    probability: Array = np.where(z >= 0, 1.0, small) / (1 + small)
    return probability

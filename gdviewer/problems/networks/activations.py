"""Activation functions and their derivatives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.losses import sigmoid
from gdviewer.problems.networks.layer import Layer, Views


class Activation(Layer):
    """An elementwise function as a layer without weights; its name is that of the class in lower case."""

    def value(self, z: Array) -> Array:
        """Return the function of each number."""
        raise NotImplementedError

    def slope(self, z: Array, a: Array) -> Array:
        """Return the derivative at each number ``z``, where ``a`` is the value."""
        raise NotImplementedError

    def forward(self, z: Array, w: Views) -> tuple[Array, Any]:  # noqa: ARG002
        """Return the value for each number."""
        a = self.value(z)
        return a, (z, a)

    def backward(self, delta: Array, w: Views, kept: Any, gradient: Views, first: bool) -> Array | None:  # noqa: ARG002
        """By the chain rule: delta · slope."""
        z, a = kept
        return delta * self.slope(z, a)

    def __str__(self) -> str:
        return next(name for name, known in ACTIVATIONS.items() if known is self)


class Identity(Activation):
    """z."""

    def value(self, z: Array) -> Array:
        return z

    def slope(self, z: Array, a: Array) -> Array:  # noqa: ARG002
        return np.ones_like(z)


class Sigmoid(Activation):
    """1 / (1 + e⁻ᶻ)."""

    gives_probabilities = True

    def value(self, z: Array) -> Array:
        return sigmoid(z)

    def slope(self, z: Array, a: Array) -> Array:  # noqa: ARG002
        return a * (1.0 - a)

    def relative_slope(self, a: Array) -> Array:
        return 4 * a * (1 - a)


class Tanh(Activation):
    """tanh z."""

    def value(self, z: Array) -> Array:
        return np.tanh(z)

    def slope(self, z: Array, a: Array) -> Array:  # noqa: ARG002
        return 1.0 - a * a

    def relative_slope(self, a: Array) -> Array:
        return 1 - a**2


class ReLU(Activation):
    """max(z, 0), with slope 0 at 0 as PyTorch has it."""

    may_die = True

    def value(self, z: Array) -> Array:
        return np.maximum(z, 0.0)

    def slope(self, z: Array, a: Array) -> Array:  # noqa: ARG002
        return (z > 0).astype(float)


class LeakyReLU(Activation):
    """z where z > 0, else 0.01·z (Maas et al. 2013)."""

    def value(self, z: Array) -> Array:
        return np.where(z > 0, z, 0.01 * z)

    def slope(self, z: Array, a: Array) -> Array:  # noqa: ARG002
        return np.where(z > 0, 1.0, 0.01)


class ELU(Activation):
    """z where z > 0, else eᶻ − 1 (Clevert et al. 2016)."""

    def value(self, z: Array) -> Array:
        return np.where(z > 0, z, np.expm1(np.minimum(z, 0.0)))

    def slope(self, z: Array, a: Array) -> Array:
        return np.where(z > 0, 1.0, a + 1)


_ROOT = math.sqrt(2 / math.pi)


class GELU(Activation):
    """z/2 · (1 + tanh u), u = √(2/π)·(z + 0.044715·z³).

    This is the tanh form of Hendrycks & Gimpel 2016, as ``torch.nn.GELU(approximate="tanh")``. PyTorch's default uses
    the error function, and differs by up to 0.0005.
    """

    def value(self, z: Array) -> Array:
        value: Array = 0.5 * z * (1 + np.tanh(_ROOT * (z + 0.044715 * z * z * z)))
        return value

    def slope(self, z: Array, a: Array) -> Array:  # noqa: ARG002
        t = np.tanh(_ROOT * (z + 0.044715 * z * z * z))
        slope: Array = 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * _ROOT * (1 + 3 * 0.044715 * z * z)
        return slope


class SiLU(Activation):
    """z · sigmoid(z) (Elfwing et al. 2018)."""

    def value(self, z: Array) -> Array:
        return z * sigmoid(z)

    def slope(self, z: Array, a: Array) -> Array:
        s = sigmoid(z)
        return s + a * (1 - s)


class Softplus(Activation):
    """log(1 + eᶻ)."""

    def value(self, z: Array) -> Array:
        return np.logaddexp(0.0, z)

    def slope(self, z: Array, a: Array) -> Array:  # noqa: ARG002
        return sigmoid(z)


class Softmax(Activation):
    """eᶻ / Σ eᶻ over the units, so that they add up to 1; not elementwise."""

    gives_probabilities = True

    def value(self, z: Array) -> Array:
        e = np.exp(z - z.max(axis=-1, keepdims=True))
        share: Array = e / e.sum(axis=-1, keepdims=True)
        return share

    def backward(self, delta: Array, w: Views, kept: Any, gradient: Views, first: bool) -> Array | None:  # noqa: ARG002
        _, a = kept
        passed: Array = a * (delta - (delta * a).sum(axis=-1, keepdims=True))
        return passed


ACTIVATIONS: dict[str, Activation] = {
    "identity": Identity(), "sigmoid": Sigmoid(), "tanh": Tanh(), "relu": ReLU(), "leaky_relu": LeakyReLU(),
    "elu": ELU(), "gelu": GELU(), "silu": SiLU(), "softplus": Softplus(), "softmax": Softmax(),
}  # fmt: skip

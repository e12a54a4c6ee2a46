"""Losses of outputs against targets: the mean over a batch, and its derivative with respect to the outputs.

Outputs have the shape (rows, k), or (rows, time, k) with a target for each time step. Targets are class indices of the
shape of the outputs without their last axis, or numbers of the shape of the outputs. Means are those of PyTorch: over
all rows, and for numbers over all outputs too, without factors ½ other than Huber's.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.losses import sigmoid
from gdviewer.problems.networks.activations import ACTIVATIONS


class Loss:
    """A loss.

    Attributes:
        classes: True if targets are classes; probabilities: True if predictions are class probabilities.
    """

    classes = False
    probabilities = True

    def outputs(self, classes: int, numbers: int) -> int:
        """Return the number of outputs for a number of classes, or of target values without classes."""
        return classes if self.classes else numbers

    def cost(self, z: Array, y: NDArray[Any]) -> tuple[float, Array]:
        """Return the mean loss of outputs ``z`` against targets ``y``, and delta, its derivative by each output."""
        raise NotImplementedError

    def prediction(self, z: Array) -> Array:
        """Return predictions: the probability of each class, (…, classes), or the outputs themselves."""
        return z


class MeanSquaredError(Loss):
    """mean (z − y)², as ``torch.nn.MSELoss``."""

    def cost(self, z: Array, y: NDArray[Any]) -> tuple[float, Array]:
        r = z - y
        return float((r * r).sum() / r.size), r * (2 / r.size)


class MeanAbsoluteError(Loss):
    """mean |z − y|, as ``torch.nn.L1Loss``; the slope at 0 is 0."""

    def cost(self, z: Array, y: NDArray[Any]) -> tuple[float, Array]:
        r = z - y
        return float(np.abs(r).sum() / r.size), np.sign(r) / r.size


class Huber(Loss):
    """mean of r²/2 where |r| ≤ 1, else |r| − ½, with r = z − y, as ``torch.nn.HuberLoss`` (Huber 1964)."""

    def cost(self, z: Array, y: NDArray[Any]) -> tuple[float, Array]:
        r = z - y
        inner = np.clip(r, -1.0, 1.0)
        return float((inner * (r - 0.5 * inner)).sum() / r.size), inner / r.size


@lru_cache(maxsize=8)
def _identity(size: int) -> Array:
    identity = np.eye(size)
    identity.setflags(write=False)
    return identity


class CrossEntropy(Loss):
    """Mean of log Σ eᶻ − z of the correct class, as ``torch.nn.CrossEntropyLoss``.

    Softmax and −log p are combined, so that it is finite for any finite outputs. There is one output for each class.
    """

    classes = True

    def cost(self, z: Array, y: NDArray[Any]) -> tuple[float, Array]:
        z = z.T.copy()  # one row per class, so that operations over classes work on whole rows
        right = _identity(len(z)).take(y.T, axis=1)  # 1 for the correct class, 0 for the others
        z -= z.max(axis=0)
        e = np.exp(z)
        total = e.sum(axis=0)
        cost = np.log(total).sum() - np.vdot(z, right)
        return float(cost / y.size), ((e / total - right) / y.size).T

    def prediction(self, z: Array) -> Array:
        return ACTIVATIONS["softmax"].value(z)


_WRONG = np.array([1.0, -1.0])  # the log odds of the class that is wrong are z times this, by the class that is right


class BinaryCrossEntropy(Loss):
    """Mean of log(1 + eᶻ) − y·z for two classes, as ``torch.nn.BCEWithLogitsLoss``.

    y is 0 or 1, and the one output z is the log odds of the second class. It is computed as log(1 + eᵘ), with the log
    odds u of the wrong class, and is finite for any finite output. The derivative by u is exp(u − log(1 + eᵘ)).
    """

    classes = True

    def outputs(self, classes: int, numbers: int) -> int:  # noqa: ARG002
        if classes != 2:
            raise ValueError(f"it needs two classes, and there are {classes}; cross_entropy takes any number")
        return 1

    def cost(self, z: Array, y: NDArray[Any]) -> tuple[float, Array]:
        sign = _WRONG[y].reshape(z.shape)
        wrong = sign * z
        cost = np.logaddexp(0.0, wrong)
        return float(cost.sum() / z.size), sign * np.exp(wrong - cost) / z.size

    def prediction(self, z: Array) -> Array:
        return np.concatenate([sigmoid(-z), sigmoid(z)], axis=-1)


class Hinge(Loss):
    """Mean of max(0, 1 − s·z) over all outputs, with s = +1 for the correct class and −1 for the others.

    There is one output for two classes, else one for each (Cortes & Vapnik 1995). It gives no probabilities.
    """

    classes = True
    probabilities = False

    def outputs(self, classes: int, numbers: int) -> int:  # noqa: ARG002
        return 1 if classes == 2 else classes

    def cost(self, z: Array, y: NDArray[Any]) -> tuple[float, Array]:
        right = y[..., None] == (1 if z.shape[-1] == 1 else np.arange(z.shape[-1]))
        sign = np.where(right, 1.0, -1.0)
        short = 1 - sign * z
        return float(np.maximum(short, 0).sum() / z.size), np.where(short > 0, -sign, 0.0) / z.size

    def prediction(self, z: Array) -> Array:
        """Return 1 for the predicted class, 0 for the others."""
        scores = np.concatenate([-z, z], axis=-1) if z.shape[-1] == 1 else z
        decided: Array = (np.arange(scores.shape[-1]) == scores.argmax(axis=-1)[..., None]).astype(float)
        return decided


LOSSES: dict[str, Loss] = {
    "mean_squared_error": MeanSquaredError(), "mean_absolute_error": MeanAbsoluteError(), "huber": Huber(),
    "cross_entropy": CrossEntropy(), "binary_cross_entropy": BinaryCrossEntropy(), "hinge": Hinge(),
}  # fmt: skip

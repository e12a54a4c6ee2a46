"""Initialisation of weights: random, so that units differ, and scaled so that signals keep their size.

``fans`` are fan-in and fan-out: the number of inputs of a unit, and the number of units an input leads to.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.networks.layer import Shape

Draw = Callable[[np.random.Generator, Shape, tuple[int, int], float], Array]


def small(rng: np.random.Generator, shape: Shape, fans: tuple[int, int], scale: float) -> Array:  # noqa: ARG001
    """Draw normal weights with the standard deviation ``scale``."""
    return scale * rng.standard_normal(shape)


def zeros(rng: np.random.Generator, shape: Shape, fans: tuple[int, int], scale: float) -> Array:  # noqa: ARG001 - nothing is drawn
    """Return zeros, to show why they fail: all units of a layer stay equal."""
    return np.zeros(shape)


def glorot(rng: np.random.Generator, shape: Shape, fans: tuple[int, int], scale: float) -> Array:  # noqa: ARG001
    """Draw uniformly in ±√(6 / (inputs + outputs)), for tanh, sigmoid (Glorot & Bengio 2010; ``xavier_uniform_``)."""
    limit = math.sqrt(6 / sum(fans))
    return rng.uniform(-limit, limit, shape)


def he(rng: np.random.Generator, shape: Shape, fans: tuple[int, int], scale: float) -> Array:  # noqa: ARG001
    """Draw normally, standard deviation √(2 / inputs), for ReLU (He et al. 2015; ``kaiming_normal_``)."""
    return math.sqrt(2 / fans[0]) * rng.standard_normal(shape)


def orthogonal(rng: np.random.Generator, shape: Shape, fans: tuple[int, int], scale: float) -> Array:  # noqa: ARG001
    """Draw a random matrix with orthonormal rows or columns (Saxe et al. 2014)."""
    inputs, outputs = math.prod(shape[:-1]), shape[-1]
    normal = rng.standard_normal((max(inputs, outputs), min(inputs, outputs)))
    q, r = np.linalg.qr(normal)
    q *= np.sign(np.diag(r))  # otherwise the distribution is not uniform (Mezzadri 2007)
    return np.ascontiguousarray(q if inputs >= outputs else q.T).reshape(shape)


INITIALISATIONS: dict[str, Draw] = {
    "glorot": glorot,
    "he": he,
    "orthogonal": orthogonal,
    "small": small,
    "zeros": zeros,
}

"""How the weights begin: random, so that units become different, and of a size that keeps signals alive.

``fans`` are how many numbers come into a unit, and how many units a number goes to.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.networks.layer import Shape

Draw = Callable[[np.random.Generator, Shape, tuple[int, int], float], Array]


def small(rng: np.random.Generator, shape: Shape, fans: tuple[int, int], scale: float) -> Array:  # noqa: ARG001
    """Normal, with ``scale`` for a standard deviation: the article's small random weights."""
    return scale * rng.standard_normal(shape)


def zeros(rng: np.random.Generator, shape: Shape, fans: tuple[int, int], scale: float) -> Array:  # noqa: ARG001 - nothing is drawn
    """All zero, to see why not: all units of a layer stay the same for ever."""
    return np.zeros(shape)


def glorot(rng: np.random.Generator, shape: Shape, fans: tuple[int, int], scale: float) -> Array:  # noqa: ARG001
    """Uniform in ±√(6 / (inputs + outputs)), for tanh and sigmoid (Glorot & Bengio 2010; ``xavier_uniform_``)."""
    limit = math.sqrt(6 / sum(fans))
    return rng.uniform(-limit, limit, shape)


def he(rng: np.random.Generator, shape: Shape, fans: tuple[int, int], scale: float) -> Array:  # noqa: ARG001
    """Normal with standard deviation √(2 / inputs), for ReLU and its kin (He et al. 2015; ``kaiming_normal_``)."""
    return math.sqrt(2 / fans[0]) * rng.standard_normal(shape)


def orthogonal(rng: np.random.Generator, shape: Shape, fans: tuple[int, int], scale: float) -> Array:  # noqa: ARG001
    """A random matrix that keeps lengths: rows or columns are of length 1 and at right angles (Saxe et al. 2014)."""
    inputs, outputs = math.prod(shape[:-1]), shape[-1]
    normal = rng.standard_normal((max(inputs, outputs), min(inputs, outputs)))
    q, r = np.linalg.qr(normal)
    q *= np.sign(np.diag(r))  # else it were not uniform among all such matrices (Mezzadri 2007)
    return np.ascontiguousarray(q if inputs >= outputs else q.T).reshape(shape)


INITIALISATIONS: dict[str, Draw] = {
    "glorot": glorot,
    "he": he,
    "orthogonal": orthogonal,
    "small": small,
    "zeros": zeros,
}

"""Functions of data over many points, a few points at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gdviewer.engine.rules.oracle import Array
from gdviewer.engine.rules.step_filters import pass_through

pass_through(__name__)

_CHUNK = 1 << 17  # outputs computed at once: they stay in the processor's cache


def in_chunks(function: Callable[[Any, Array], Array]) -> Callable[[Any, ArrayLike], Array]:
    """A problem's value, gradient or Hessian for points ``(..., n)``, from one for a point (n,) or a few (k, n).

    The problem's ``targets`` say how many outputs a point has.
    """

    @wraps(function)
    def asked(problem: Any, x: ArrayLike) -> Array:
        x = np.asarray(x, dtype=float)
        with np.errstate(all="ignore"):
            if x.ndim == 1:
                return function(problem, x)
            points = np.ascontiguousarray(x).reshape(-1, problem.dimension)
            size = max(1, _CHUNK // len(problem.targets))
            parts = [function(problem, points[first : first + size]) for first in range(0, max(1, len(points)), size)]
            found = np.concatenate(parts)
            return found.reshape(*x.shape[:-1], *found.shape[1:])

    return asked

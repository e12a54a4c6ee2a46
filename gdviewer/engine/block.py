"""Steps that were executed and are yet to be judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gdviewer.engine.oracle import Array


@dataclass
class Block:
    """Steps that were executed and are yet to be judged: where they began, and what each came to.

    ``counts`` are those of the oracle after each; a loss that is None is yet to be evaluated. ``stretch`` is the full
    learning rate by the scheduled one.
    """

    points: list[Array]
    states: list[tuple[Any, ...]]
    gradients: list[Array]
    losses: list[Any]
    counts: list[tuple[int, int, int]]
    rates: Array
    stretch: Array
    schedule_state: tuple[Any, ...] = ()

    def is_pause(self, i: int, varies: bool) -> bool:
        """Whether step ``i`` has left the point where it was, but the next step may not: it finds another state of the
        optimizer, or another function where that ``varies`` from step to step."""
        if not np.array_equal(self.points[i], self.points[i - 1]):
            return False
        same = (np.array_equal(a, b) for a, b in zip(self.states[i], self.states[i - 1], strict=True))
        return varies or not all(same)

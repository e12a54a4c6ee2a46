"""Mini-batches: which rows of the data each step sees."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


@lru_cache(maxsize=32)  # the runs of an experiment mostly have one seed, and a step needs one epoch
def _order(rows: int, seed: int, epoch: int) -> NDArray[np.intp]:
    order = np.random.default_rng([seed, epoch]).permutation(rows)
    order.setflags(write=False)
    return order


@dataclass(frozen=True)
class Batches:
    """Batches of ``size`` of all ``rows``: each epoch shuffles the rows anew and takes them in turn.

    The last batch of an epoch has what is left. The order of epoch e is that of ``default_rng([seed, e])``, so that
    any step can be executed again.
    """

    rows: int
    size: int

    @property
    def count(self) -> int:
        """How many batches an epoch has."""
        return -(-self.rows // self.size)

    def epoch(self, t: int) -> int:
        """The epoch, from 0, that step number ``t``, from 1, belongs to."""
        return (t - 1) // self.count

    def at(self, t: int, seed: int) -> NDArray[np.intp]:
        """The rows that step number ``t`` sees."""
        first = (t - 1) % self.count * self.size
        return _order(self.rows, seed, self.epoch(t))[first : first + self.size]

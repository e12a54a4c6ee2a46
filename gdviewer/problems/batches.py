"""Mini-batches: the rows of the data used in each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gdviewer.engine.rules.step_filters import pass_through

pass_through(__name__)


@lru_cache(maxsize=32)  # the runs of an experiment mostly have one seed, and a step needs one epoch
def _order(rows: int, seed: int, epoch: int) -> NDArray[np.intp]:
    order = np.random.default_rng([seed, epoch]).permutation(rows)
    order.setflags(write=False)
    return order


@dataclass(frozen=True)
class Batches:
    """Batches of ``size`` rows: each epoch visits the rows in a new random order.

    The last batch of an epoch has the remaining rows. The order of epoch e is that of ``default_rng([seed, e])``, so
    any step can be executed again.
    """

    rows: int
    size: int

    @property
    def count(self) -> int:
        """Number of batches in an epoch."""
        return -(-self.rows // self.size)

    def epoch(self, t: int) -> int:
        """Return the epoch (counted from 0) of step ``t`` (counted from 1)."""
        return (t - 1) // self.count

    def at(self, t: int, seed: int) -> NDArray[np.intp]:
        """Return the rows used in step ``t``."""
        epoch, index = divmod(t - 1, self.count)
        first = index * self.size
        return _order(self.rows, seed, epoch)[first : first + self.size]

    @property
    def text(self) -> str:
        """The batch size as a sentence."""
        if self.count == 1:
            return f"Every step sees all {self.rows:,} rows."
        if self.size == 1:
            return f"Every step sees one row, drawn at random: {self.rows:,} steps are an epoch."
        last = f", the last with {self.rows % self.size}" if self.rows % self.size else ""
        batch = f"Every step sees a batch of {self.size:,} of the {self.rows:,} rows"
        return f"{batch}: {self.count:,} steps are an epoch{last}."


@dataclass(frozen=True)
class GivenBatches:
    """Listed batches, used in turn and repeated; one pass through the list is an epoch.

    Attributes:
        rows: number of rows of the data.
        lists: the row numbers of each batch.
    """

    rows: int
    lists: tuple[NDArray[np.intp], ...]

    @classmethod
    def of(cls, batches: Sequence[Sequence[int]], rows: int) -> GivenBatches:
        """Check lists of row numbers from 0; raise ValueError if one is empty or a row does not exist."""
        given = tuple(np.array(batch).ravel() for batch in batches)
        lists = tuple(batch.astype(np.intp) for batch in given)
        if not lists:
            raise ValueError("batches must hold at least one list of rows")
        for i, batch in enumerate(given):
            if not len(batch) or batch.dtype.kind not in "iu" or batch.min() < 0 or batch.max() >= rows:
                raise ValueError(f"batch {i} must hold row numbers from 0 to {rows - 1}; got {batch.tolist()[:10]}")
        return cls(rows, lists)

    @property
    def count(self) -> int:
        """Number of batches in an epoch."""
        return len(self.lists)

    @property
    def size(self) -> int:
        """Number of rows in the largest batch."""
        return max(map(len, self.lists))

    def epoch(self, t: int) -> int:
        """Return the epoch (counted from 0) of step ``t`` (counted from 1)."""
        return (t - 1) // self.count

    def at(self, t: int, seed: int) -> NDArray[np.intp]:  # noqa: ARG002 - nothing is drawn
        """Return the rows used in step ``t``."""
        return self.lists[(t - 1) % self.count]

    @property
    def text(self) -> str:
        """The batch size as a sentence."""
        return f"Every step sees the next of {self.count:,} given batches, which are an epoch."

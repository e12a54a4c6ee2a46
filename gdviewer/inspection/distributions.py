"""How weights, gradients and activations of each layer are spread, step by step; and what is sick in a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from gdviewer.engine.rules.oracle import Array
from gdviewer.engine.run.run import Run
from gdviewer.inspection.network_parts import Part, parts_of
from gdviewer.problems.networks.architecture import Stage
from gdviewer.problems.networks.network import Network

WEIGHTS, GRADIENTS, ACTIVATIONS = "weights", "gradients", "activations"
MOST_SLICES = 60
MOST_ROWS = 256  # of the data, for which activations are computed
_MOST_KEPT = 512  # numbers of a spread
_MOST_SORTED = 16_384
_MOMENT = 2.0  # seconds
_VAST = 1e150  # larger numbers count as this one, so that the range of all is finite
_FLAT = 0.02  # of its largest: where a slope is below, a unit is saturated …
_OFTEN = 0.9  # … if that is so for such a share of the examples


class Spread:
    """How numbers are spread: up to 512 of them in order, each standing for as many.

    Attributes:
        count: how many numbers there are that are finite; lost: how many are not.
    """

    def __init__(self, values: Array) -> None:
        flat = np.ravel(values)
        finite = flat[np.isfinite(flat)].clip(-_VAST, _VAST)
        self.count, self.lost = len(finite), len(flat) - len(finite)
        if len(finite) > _MOST_SORTED:
            finite = finite[np.random.default_rng(0).integers(0, len(finite), _MOST_SORTED)]
        kept = np.sort(finite)
        if len(kept) > _MOST_KEPT:
            kept = kept[np.linspace(0, len(kept) - 1, _MOST_KEPT).round().astype(int)]
        self.values: Array = kept

    def counts(self, edges: Array) -> NDArray[np.float64]:
        """How many numbers are between edges, each with its lower edge and the last with both."""
        places = np.searchsorted(self.values, edges)
        places[-1] = np.searchsorted(self.values, edges[-1], side="right")
        counts: NDArray[np.float64] = np.diff(places) * (self.count / max(len(self.values), 1))
        return counts

    @property
    def quartiles(self) -> tuple[float, float, float]:
        """Of a quarter, a half and three quarters the numbers are below; NaN where there are none."""
        if not len(self.values):
            return np.nan, np.nan, np.nan
        low, middle, high = np.quantile(self.values, [0.25, 0.5, 0.75]).tolist()
        return low, middle, high


@dataclass(frozen=True)
class Health:
    """What is told of the units of a layer.

    Attributes:
        units: how many there are; dead: those that are 0 for every example where that has no slope, as of ReLU;
            saturated: those whose slope is below 2 % of its largest for nine in ten examples or more.
    """

    layer: str
    units: int
    dead: int = 0
    saturated: int = 0


def health_of(part: Part, activations: Array, network: Network) -> Health:
    """Look at what comes out of a layer for some examples, (rows, …, units)."""
    layer = network.architecture.layers[part.last]
    flat = activations.reshape(-1, part.units)
    dead = int((flat == 0).all(axis=0).sum()) if layer.may_die else 0
    slope = layer.relative_slope(flat)
    saturated = 0 if slope is None else int(((slope < _FLAT).mean(axis=0) >= _OFTEN).sum())
    return Health(part.name, part.units, dead, saturated)


@dataclass(frozen=True)
class Grown:
    """What of a run is known up to now.

    Attributes:
        layers: their names; steps: those for which there are spreads, (k,); spreads: for each, one a layer.
        step, here: the step looked at, and its spreads.
        examples: how many rows activations are of; of all: whether these are all there are.
        health: of the layers at that step; norms: the root mean square of the gradient of each layer with weights.
        complete: whether there are all steps that are to be shown.
    """

    kind: str
    layers: list[str]
    steps: list[int]
    spreads: list[list[Spread]]
    step: int
    here: list[Spread]
    examples: int
    of_all: bool
    health: list[Health]
    norms: dict[str, float]
    complete: bool
    last: int


class DistributionHistory:
    """The spreads in one run, computed once for each step; used by one thread at a time."""

    def __init__(self, network: Network, run: Run) -> None:
        self.network, self.run = network, run
        self._known: dict[tuple[str, int], list[Spread]] = {}
        self._parts = parts_of(network.architecture)[1:]
        self._weighted = [stage for stage in network.architecture.stages if stage.weights]
        rows = len(network.train)
        self._rows = np.arange(rows)
        if rows > MOST_ROWS:
            self._rows = np.sort(np.random.default_rng(0).choice(rows, MOST_ROWS, replace=False))
        self._inputs = network.train.inputs[self._rows]

    def layers(self, kind: str) -> list[str]:
        """The layers that have such numbers."""
        return [part.name for part in self._parts if kind == ACTIVATIONS or (part.stage and part.stage.weights)]

    def grown(self, kind: str, step: int, seconds: float = np.inf, fine: bool = False) -> Grown:
        """What there is up to the newest step, and at ``step``; what is missing is computed, for so long at most.

        Where it is to be ``fine``, steps that the record does not keep are executed again, if all of them can be in a
        moment.
        """
        end, last = perf_counter() + seconds, self.run.step
        wanted = steps_shown(last, self.run.trace.row_stride)
        grid = steps_shown(last)
        if fine and last * self.run.pace < _MOMENT:
            wanted += [at for at in grid if at not in wanted]
        x = self.run.point(step)
        activations = self._activations(x)
        gradient = self.run.recorded_gradient(step)
        here = self._spreads(kind, step, x, activations)
        for at in wanted:
            if (kind, at) not in self._known:
                self._known[kind, at] = self._spreads(kind, at, self.run.point(at))
                if perf_counter() > end:
                    break
        steps = [at for at in sorted({*wanted, *grid}) if (kind, at) in self._known]
        return Grown(
            kind, self.layers(kind), steps, [self._known[kind, at] for at in steps], step, here, len(self._rows),
            len(self._rows) == len(self.network.train),
            [health_of(part, a, self.network) for part, a in zip(self._parts[:-1], activations, strict=False)],
            {stage.name: _size(_connections(stage, gradient)) for stage in self._weighted},
            all((kind, at) in self._known for at in wanted), last,
        )  # fmt: skip

    def _activations(self, x: Array) -> list[Array]:
        outputs = self.network.activations(x, self._inputs)
        return [outputs[part.last] for part in self._parts]

    def _spreads(self, kind: str, step: int, x: Array, activations: Sequence[Array] | None = None) -> list[Spread]:
        if kind == ACTIVATIONS:
            return [Spread(part) for part in activations or self._activations(x)]
        vector = x if kind == WEIGHTS else self.run.recorded_gradient(step)
        return [Spread(_connections(stage, vector)) for stage in self._weighted]


def _size(values: Array) -> float:
    """The root mean square; infinite or NaN where numbers are, or are too large."""
    with np.errstate(all="ignore"):
        return float(np.sqrt(np.mean(values**2)))


def _connections(stage: Stage, vector: Array) -> Array:
    """The weights of a layer but for its biases, one after another; all of them where it has no others."""
    return np.concatenate([place.of(vector).ravel() for place in (stage.connections or stage.weights).values()])


def steps_shown(last: int, stride: int = 1) -> list[int]:
    """At most 60 steps from the start to the last one: every so many, a power of two times ``stride``, so that those
    of a longer run are among those that were shown of a shorter one."""
    while last // stride >= MOST_SLICES:
        stride *= 2
    return list(range(0, last + 1, stride))

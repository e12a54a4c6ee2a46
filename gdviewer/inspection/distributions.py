"""Distributions of the weights, gradients and activations of each layer, and the health of its units."""

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
MAX_STEPS = 60
MAX_ROWS = 256  # rows of the data for which activations are computed
_MAX_KEPT = 512  # numbers of a distribution
_MAX_SORTED = 16_384
_REPEAT_SECONDS = 2.0  # maximum time to execute all steps again
_MAX_SIZE = 1e150  # larger numbers are clipped to this, so that their range is finite
_FLAT = 0.02  # a slope below this share of the largest one is flat …
_OFTEN = 0.9  # … and a unit is saturated if it is flat for this share of the examples


class Distribution:
    """The distribution of numbers, stored as up to 512 quantiles.

    Attributes:
        values: the quantiles, in ascending order.
        count: the number of finite numbers; lost: the number of others.
    """

    def __init__(self, values: Array) -> None:
        flat = np.ravel(values)
        finite = flat[np.isfinite(flat)].clip(-_MAX_SIZE, _MAX_SIZE)
        self.count, self.lost = len(finite), len(flat) - len(finite)
        if len(finite) > _MAX_SORTED:
            finite = finite[np.random.default_rng(0).integers(0, len(finite), _MAX_SORTED)]
        kept = np.sort(finite)
        if len(kept) > _MAX_KEPT:
            kept = kept[np.linspace(0, len(kept) - 1, _MAX_KEPT).round().astype(int)]
        self.values: Array = kept

    def counts(self, edges: Array) -> NDArray[np.float64]:
        """Return the counts between edges; each bin includes its lower edge, the last one both."""
        indices = np.searchsorted(self.values, edges)
        indices[-1] = np.searchsorted(self.values, edges[-1], side="right")
        counts: NDArray[np.float64] = np.diff(indices) * (self.count / max(len(self.values), 1))
        return counts

    @property
    def quartiles(self) -> tuple[float, float, float]:
        """The quartiles; NaN if there are no numbers."""
        if not len(self.values):
            return np.nan, np.nan, np.nan
        low, middle, high = np.quantile(self.values, [0.25, 0.5, 0.75]).tolist()
        return low, middle, high


@dataclass(frozen=True)
class Health:
    """The health of the units of a layer.

    Attributes:
        layer: the name of the layer; units: the number of units.
        dead: the number of units that are 0 for every example, if the activation has no slope there, such as ReLU.
        saturated: the number of units whose slope is below 2 % of its largest for at least 90 % of the examples.
    """

    layer: str
    units: int
    dead: int = 0
    saturated: int = 0


def health_of(part: Part, activations: Array, network: Network) -> Health:
    """Return the health of a layer from its outputs for some examples, shape (rows, …, units)."""
    layer = network.architecture.layers[part.last]
    flat = activations.reshape(-1, part.units)
    dead = int((flat == 0).all(axis=0).sum()) if layer.may_die else 0
    slope = layer.relative_slope(flat)
    saturated = 0 if slope is None else int(((slope < _FLAT).mean(axis=0) >= _OFTEN).sum())
    return Health(part.name, part.units, dead, saturated)


@dataclass(frozen=True)
class KnownDistributions:
    """The known distributions of a run.

    Attributes:
        kind: weights, gradients or activations; layers: the names of the layers.
        steps: the steps with known distributions; distributions: for each step one per layer.
        step: the step at the cursor; current: its distributions.
        examples: the number of rows of the activations; of_all: True if these are all rows.
        health: the health of the layers at the cursor.
        norms: the root mean square of the gradient of each layer with weights, by name.
        complete: True if the distributions of all requested steps are known; last: the newest step.
    """

    kind: str
    layers: list[str]
    steps: list[int]
    distributions: list[list[Distribution]]
    step: int
    current: list[Distribution]
    examples: int
    of_all: bool
    health: list[Health]
    norms: dict[str, float]
    complete: bool
    last: int


class DistributionHistory:
    """The distributions of a run, computed once for each step; used by one thread at a time."""

    def __init__(self, network: Network, run: Run) -> None:
        self.network, self.run = network, run
        self._known: dict[tuple[str, int], list[Distribution]] = {}
        self._parts = parts_of(network.architecture)[1:]
        self._weighted = [stage for stage in network.architecture.stages if stage.weights]
        rows = len(network.train)
        self._rows = np.arange(rows)
        if rows > MAX_ROWS:
            self._rows = np.sort(np.random.default_rng(0).choice(rows, MAX_ROWS, replace=False))
        self._inputs = network.train.inputs[self._rows]

    def layers(self, kind: str) -> list[str]:
        """Return the names of the layers with this kind of numbers."""
        return [part.name for part in self._parts if kind == ACTIVATIONS or (part.stage and part.stage.weights)]

    def known(self, kind: str, step: int, seconds: float = np.inf, fine: bool = False) -> KnownDistributions:
        """Return the distributions up to the newest step and at ``step``; compute missing ones for at most this time.

        With ``fine``, steps that the record does not keep are executed again if this takes little time.
        """
        end, last = perf_counter() + seconds, self.run.step
        wanted = steps_shown(last, self.run.trace.row_stride)
        grid = steps_shown(last)
        if fine and last * self.run.pace < _REPEAT_SECONDS:
            wanted += [at for at in grid if at not in wanted]
        x = self.run.point(step)
        activations = self._activations(x)
        gradient = self.run.recorded_gradient(step)
        current = self._distributions(kind, step, x, activations)
        for at in wanted:
            if (kind, at) not in self._known:
                self._known[kind, at] = self._distributions(kind, at, self.run.point(at))
                if perf_counter() > end:
                    break
        steps = [at for at in sorted({*wanted, *grid}) if (kind, at) in self._known]
        return KnownDistributions(
            kind, self.layers(kind), steps, [self._known[kind, at] for at in steps], step, current, len(self._rows),
            len(self._rows) == len(self.network.train),
            [health_of(part, a, self.network) for part, a in zip(self._parts[:-1], activations, strict=False)],
            {stage.name: _size(_connections(stage, gradient)) for stage in self._weighted},
            all((kind, at) in self._known for at in wanted), last,
        )  # fmt: skip

    def _activations(self, x: Array) -> list[Array]:
        outputs = self.network.activations(x, self._inputs)
        return [outputs[part.last] for part in self._parts]

    def _distributions(
        self, kind: str, step: int, x: Array, activations: Sequence[Array] | None = None
    ) -> list[Distribution]:
        if kind == ACTIVATIONS:
            return [Distribution(part) for part in activations or self._activations(x)]
        vector = x if kind == WEIGHTS else self.run.recorded_gradient(step)
        return [Distribution(_connections(stage, vector)) for stage in self._weighted]


def _size(values: Array) -> float:
    """Return the root mean square; infinite or NaN if numbers are, or on overflow."""
    with np.errstate(all="ignore"):
        return float(np.sqrt(np.mean(values**2)))


def _connections(stage: Stage, vector: Array) -> Array:
    """Return the weights of a layer without its biases, flattened; all if it only has biases."""
    return np.concatenate([weight.of(vector).ravel() for weight in (stage.connections or stage.weights).values()])


def steps_shown(last: int, stride: int = 1) -> list[int]:
    """Return at most 60 steps from the start to the last one, with a distance of a power of two times ``stride``.

    When a run grows, the steps up to its former end are a subset of the former steps, so that no others are computed.
    """
    while last // stride >= MAX_STEPS:
        stride *= 2
    return list(range(0, last + 1, stride))

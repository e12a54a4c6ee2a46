"""Pinned local values of a rule: drawn as arrows at the cursor and as curves over the steps."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from time import perf_counter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, SignalInstance

from gdviewer.engine.record.trace import norms
from gdviewer.engine.rules.optimizer import Optimizer, Rule
from gdviewer.engine.run.run import Run
from gdviewer.experiment.experiment import Experiment
from gdviewer.ui.session.arrow_set import Arrow, ArrowSet
from gdviewer.ui.session.cursor import Cursor
from gdviewer.ui.session.player import Player
from gdviewer.ui.widgets.background import Latest
from gdviewer.ui.widgets.theme import look

MAX_SAMPLES = 256  # of a curve whose values are not recorded
_CHUNK_SECONDS = 0.02  # time for a part of a curve
_PAUSE_SECONDS = 0.15  # between two parts while the runs are played
_SHARE = 10  # the pause between two sets of arrows is this multiple of the time that they take


@dataclass(frozen=True)
class Pin:
    """A pinned local name of a rule.

    Attributes:
        rule: the name of the optimizer; name: the local name; symbol: the name in formulas.
        vector: True if its value has the shape of the point; a number has no arrow.
        is_point: True if its value is a point, at which the arrow ends.
        color: index into the colours of the lines.
    """

    rule: str
    name: str
    symbol: str
    vector: bool
    is_point: bool
    color: int


class PinnedRuns(Protocol):
    """The part of a session that pins use."""

    experiment: Experiment
    runs: list[Run]
    arrows: ArrowSet

    @property
    def frame(self) -> SignalInstance:
        """Emitted when the views must read the traces again."""

    @property
    def runs_changed(self) -> SignalInstance:
        """Emitted when the runs are replaced."""


class Pins(QObject):
    """The pins of a window; they are drawn at the cursor for each run of their rule.

    Attributes:
        pins: the pins.
        true_length: True if the arrows have the length of their vectors, False if they have a fixed length.

    Signals:
        changed: the pins or the length of the arrows have changed.
        sampled: more values of a curve are known.
    """

    changed = Signal()
    sampled = Signal()

    def __init__(self, owner: PinnedRuns, cursor: Cursor, player: Player, parent: QObject) -> None:
        super().__init__(parent)
        self.pins: tuple[Pin, ...] = ()
        self.true_length = True
        self._owner, self._cursor, self._player = owner, cursor, player
        self._samples: dict[Run, Samples] = {}
        self._shown: Any = None
        self._rested, self._curves_rested, self._cost = 0.0, 0.0, 0.0
        self._arrows, self._curves = Latest(self), Latest(self)
        self._arrows.done.connect(self._draw)
        self._curves.done.connect(self._use_values)
        self._sampling: Run | None = None
        owner.frame.connect(self._follow)
        cursor.moved.connect(self._follow)
        owner.runs_changed.connect(self._forget)
        look().changed.connect(self._redraw)

    def toggle(self, pin: Pin) -> None:
        """Pin a value, or unpin it."""
        kept = tuple(other for other in self.pins if (other.rule, other.name) != (pin.rule, pin.name))
        self.pins = kept if len(kept) < len(self.pins) else (*self.pins, pin)
        self._samples.clear()
        self.changed.emit()
        self._redraw()

    def set_true_length(self, on: bool) -> None:
        """Draw arrows with the length of their vectors, or with a fixed length."""
        self.true_length = on
        self.changed.emit()
        self._redraw()

    def of(self, run: Run) -> list[Pin]:
        """Return the pins of the rule of a run."""
        return [pin for pin in self.pins if pin.rule == run.optimizer.name]

    def holds(self, optimizer: Optimizer, name: str) -> bool:
        """Return True if a local name is pinned."""
        return any((pin.rule, pin.name) == (optimizer.name, name) for pin in self.pins)

    def samples_of(self, run: Run) -> Samples:
        """Return the known samples of a run's pinned values that are not recorded, and compute more."""
        samples = self._samples.get(run)
        if samples is None:
            samples = self._samples[run] = Samples([pin.name for pin in self.of(run)])
        resting = self._player.playing and perf_counter() < self._curves_rested
        if self._sampling is None and not resting and (wanted := samples.wanted(run.step)):
            self._sampling, self._curves_rested = run, perf_counter() + _PAUSE_SECONDS
            self._curves.request(lambda: _sampled(run, samples.names, wanted))
        return samples

    def close_threads(self) -> None:
        """End the threads that compute values."""
        self._arrows.close()
        self._curves.close()

    def _use_values(self, values: Mapping[int, Mapping[str, Any]]) -> None:
        run, self._sampling = self._sampling, None
        if run in self._samples:
            self._samples[run].add(values)
            self.sampled.emit()

    def _forget(self) -> None:
        self._samples = {run: samples for run, samples in self._samples.items() if run in self._owner.runs}
        self._redraw()

    def _redraw(self) -> None:
        self._shown = None
        self._follow()

    def _follow(self) -> None:
        """Compute the arrows at the cursor, unless they are shown already."""
        if not self.pins and self._shown in (None, ()):
            self._owner.arrows.show("pins", ())
            self._shown = ()
            return
        now = perf_counter()
        if self._player.playing and now < self._rested:
            return
        pairs = zip(self._owner.experiment.runs, self._owner.runs, strict=True)
        steps = [
            (run, min(max(1, self._cursor.position(run)), run.step))
            for plan, run in pairs if plan.visible and run.begun and run.step
        ]  # fmt: skip
        owners = dict.fromkeys((run.owner(step), step) for run, step in steps)  # the runs whose rules made these steps
        wanted = tuple((run, step, pin) for run, step in owners for pin in self.of(run) if pin.vector)
        if wanted != self._shown:
            self._shown = wanted
            self._rested = now + max(0.015, _SHARE * self._cost)
            self._arrows.request(lambda: _vectors(wanted))

    def _draw(self, result: tuple[Sequence[tuple[Pin, NDArray[np.float64], NDArray[np.float64]]], float]) -> None:
        found, self._cost = result
        theme = look().theme
        self._owner.arrows.show(
            "pins",
            [
                Arrow(
                    at,
                    vector,
                    theme.line_color(pin.color),
                    pin.symbol,
                    normalised=not (self.true_length or pin.is_point),
                )
                for pin, at, vector in found
            ],
        )


class Samples:
    """Values of names at evenly spaced steps and at the last step."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self._spacing = 1
        self._values: dict[int, Mapping[str, Any]] = {}

    def wanted(self, last: int) -> list[int]:
        """Return the steps whose values are missing, those of the coarsest grid first."""
        while last > MAX_SAMPLES * self._spacing:
            self._spacing *= 2
        grid = [*range(self._spacing, last + 1, self._spacing), *([1, last] if last else [])]
        kept = set(grid)
        self._values = {step: values for step, values in self._values.items() if step in kept}
        missing = [step for step in dict.fromkeys(grid) if step not in self._values]
        return sorted(missing, key=lambda step: -(step & -step))

    def add(self, values: Mapping[int, Mapping[str, Any]]) -> None:
        """Add values by step and name."""
        self._values |= values

    def curve(self, name: str, component: int | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the steps and values of a name, shape (k,) each: a component, the norm, or the number itself."""
        steps, values = [], []
        for step in sorted(self._values):
            value = np.asarray(self._values[step].get(name, np.nan), dtype=float)
            if component is None:
                values.append(float(norms(value.reshape(1, -1))[0]) if value.ndim else float(value))
            else:
                values.append(float(value[component]) if value.ndim else np.nan)
            steps.append(float(step))
        return np.array(steps), np.array(values)


def recorded(optimizer: Optimizer) -> frozenset[str]:
    """Return the names of the state that a rule returns unchanged, so that the record holds their values."""
    return _returned(optimizer.function, tuple(optimizer.state))


@cache
def _returned(function: Rule, names: tuple[str, ...]) -> frozenset[str]:
    from gdviewer.engine.notation.notation import lines  # loaded with the first pin

    found = lines(function)
    kept = set(names) if found else set()
    for line in found:
        if isinstance(line.node, ast.Return):
            parts = line.node.value.elts[1:] if isinstance(line.node.value, ast.Tuple) else []
            kept &= {name for name, part in zip(names, parts, strict=False) if getattr(part, "id", None) == name}
    return frozenset(kept)


def _recorded_at(run: Run, step: int, name: str) -> Any:
    """Return a pinned value from the record; None if it is not recorded."""
    state = run.trace.state_after(step)
    if state is not None and name in recorded(run.optimizer):
        return dict(zip(run.optimizer.state, state, strict=True))[name]
    return None


def _vectors(
    wanted: Sequence[tuple[Run, int, Pin]],
) -> tuple[list[tuple[Pin, NDArray[np.float64], NDArray[np.float64]]], float]:
    """Return the pinned vectors with their starts, and the seconds that this took."""
    from gdviewer.engine.tracing.tracer import local_values  # loaded with the first pin

    began, found = perf_counter(), []
    known: dict[tuple[Run, int], Mapping[str, Any]] = {}
    for run, step, pin in wanted:
        start = run.point(step - 1)
        value = _recorded_at(run, step, pin.name)
        if value is None:
            if (run, step) not in known:
                names = [other.name for run_, _, other in wanted if run_ is run]
                known[run, step] = local_values(run, step, names)
            value = known[run, step].get(pin.name)
        value = np.asarray(value if value is not None else [], dtype=float)
        if value.shape == start.shape:
            found.append((pin, start, value - start if pin.is_point else value))
    return found, perf_counter() - began


def _sampled(run: Run, names: Sequence[str], steps: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return values by step until the time is used up, at least one."""
    from gdviewer.engine.tracing.tracer import local_values  # loaded with the first pin

    end, found = perf_counter() + _CHUNK_SECONDS, {}
    for step in steps:
        found[step] = local_values(run, step, names)
        if perf_counter() > end:
            break
    return found

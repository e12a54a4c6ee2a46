"""Data sets that seeded generators make, each with something for a network to show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.networks.dataset import Dataset, dataset

Made = tuple[Array, NDArray[Any]]  # inputs, before the last one is given another unit, and targets
Rule = Callable[[np.random.Generator, int, float], Made]

_DELAY = 3  # steps, of the echo
_ECHO_STEPS = 12
_PARITY_STEPS = 6
_SINE_STEPS = 16


@dataclass(frozen=True)
class Generator:
    """One way to make data.

    Attributes:
        rule: makes inputs and targets from a random generator, the number of rows, and the noise.
        kind: what its rows are, as ``Dataset.kind``.
        meaning: what it makes, in a sentence.
        classes: of its targets; empty where they are numbers.
    """

    rule: Rule
    kind: str
    meaning: str
    classes: tuple[str, ...] = ()


GENERATORS: dict[str, Generator] = {}


def generator(kind: str, meaning: str, classes: tuple[str, ...] = ()) -> Callable[[Rule], Rule]:
    """Declare a function as a :class:`Generator`, of its name."""

    def declare(rule: Rule) -> Rule:
        GENERATORS[rule.__name__] = Generator(rule, kind, meaning, classes)
        return rule

    return declare


def _in_turn(count: int, classes: int) -> tuple[NDArray[np.int64], Array]:
    """The class of each row, one after another, and how far along its class the row is, from 0 to below 1."""
    rows = np.arange(count)
    return rows % classes, rows // classes / -(-count // classes)


def _round(radius: float | Array, angle: Array) -> Array:
    """Points (count, 2) around the origin."""
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


@generator("table", "Three round clouds, 0.43 from centre to centre.", ("A", "B", "C"))
def blobs(rng: np.random.Generator, count: int, noise: float) -> Made:
    y, _ = _in_turn(count, 3)
    angle = np.pi / 2 + y * 2 * np.pi / 3
    return _round(0.25, angle) + noise * rng.standard_normal((count, 2)), y


@generator("table", "Two half circles that reach into each other.", ("A", "B"))
def moons(rng: np.random.Generator, count: int, noise: float) -> Made:
    y, along = _in_turn(count, 2)
    angle = np.pi * along
    upper = _round(1, angle)
    return np.where(y[:, None] == 0, upper, [1, 0.5] - upper) + noise * rng.standard_normal((count, 2)), y


@generator("table", "A circle of half the radius inside another.", ("outer", "inner"))
def circles(rng: np.random.Generator, count: int, noise: float) -> Made:
    y, along = _in_turn(count, 2)
    angle, radius = 2 * np.pi * along, np.where(y == 0, 1.0, 0.5)
    return _round(radius, angle) + noise * rng.standard_normal((count, 2)), y


@generator(
    "table", "Two arms that wind around each other, one and a quarter turns each; hard for a small network.", ("A", "B")
)
def spirals(rng: np.random.Generator, count: int, noise: float) -> Made:
    y, along = _in_turn(count, 2)
    angle, radius = 2.5 * np.pi * along + np.pi * y, 0.2 + 1.8 * along
    return _round(radius, angle) + noise * rng.standard_normal((count, 2)), y


@generator(
    "table",
    "The corners of a square, opposite ones in one class; no straight line can part them.",
    ("equal", "different"),
)
def xor(rng: np.random.Generator, count: int, noise: float) -> Made:
    corner, _ = _in_turn(count, 4)
    first, second = corner // 2, corner % 2
    return np.column_stack([first, second]) + noise * rng.standard_normal((count, 2)), first ^ second


@generator("table", "A straight line with scatter, for which one weight and one bias are enough.")
def line(rng: np.random.Generator, count: int, noise: float) -> Made:
    x = np.sort(rng.uniform(-3, 3, (count, 1)), axis=0)
    return x, 1 + 0.5 * x[:, 0] + noise * rng.standard_normal(count)


@generator("table", "Almost two waves of a sine with scatter.")
def sine(rng: np.random.Generator, count: int, noise: float) -> Made:
    x = np.sort(rng.uniform(-3, 3, (count, 1)), axis=0)
    return x, np.sin(2 * x[:, 0]) + noise * rng.standard_normal(count)


@generator(
    "table",
    "A plane over two inputs, of which the second can have another unit, so that its weight needs another rate.",
)
def two_scales(rng: np.random.Generator, count: int, noise: float) -> Made:
    x = rng.uniform(-1, 1, (count, 2))
    return x, 1 + 2 * x[:, 0] - x[:, 1] + noise * rng.standard_normal(count)


@generator(
    "sequences",
    "Zeros and ones by chance; the target of each time step is the input three steps before it, at first 0.",
    ("0", "1"),
)
def echo(rng: np.random.Generator, count: int, noise: float) -> Made:
    bits = rng.integers(0, 2, (count, _ECHO_STEPS))
    y = np.zeros_like(bits)
    y[:, _DELAY:] = bits[:, :-_DELAY]
    return bits[..., None] + noise * rng.standard_normal((count, _ECHO_STEPS, 1)), y


@generator(
    "sequences",
    "Zeros and ones by chance; the target is whether the number of ones is odd, so every one of them matters.",
    ("even", "odd"),
)
def parity(rng: np.random.Generator, count: int, noise: float) -> Made:
    bits = rng.integers(0, 2, (count, _PARITY_STEPS))
    return bits[..., None] + noise * rng.standard_normal((count, _PARITY_STEPS, 1)), bits.sum(axis=1) % 2


@generator("sequences", "Sixteen values of a noisy sine, of a period from 8 to 16 steps; the target is the next value.")
def noisy_sine(rng: np.random.Generator, count: int, noise: float) -> Made:
    period, phase = rng.uniform(8, 16, (count, 1)), rng.uniform(0, 2 * np.pi, (count, 1))
    wave = np.sin(phase + 2 * np.pi * np.arange(_SINE_STEPS + 1) / period)
    values = wave + noise * rng.standard_normal(wave.shape)
    return values[:, :-1, None], values[:, -1]


def make(name: str, samples: int = 200, noise: float = 0.1, scale_ratio: float = 1.0, seed: int = 1) -> Dataset:
    """Return data from a generator; equal arguments give identical data.

    Args:
        name: name of the generator.
        samples: number of rows, ≥ 1.
        noise: standard deviation of the noise added to the inputs of classes, or to the values of a curve.
        scale_ratio: factor on the last input; the targets are unchanged.
        seed: seed of the random generator.

    Raises:
        ValueError: The name is unknown, or there are no rows.
    """
    if name not in GENERATORS:
        raise ValueError(f"there is no data set {name!r}; there are {', '.join(GENERATORS)}")
    if samples < 1:
        raise ValueError(f"at least one row can be made; got {samples}")
    generator = GENERATORS[name]
    inputs, targets = generator.rule(np.random.default_rng(seed), samples, noise)
    inputs[..., -1] *= scale_ratio
    origin = f"{samples:,} row{'s' * (samples > 1)} made with seed {seed}"
    return dataset(inputs, targets, generator.classes, origin=origin)

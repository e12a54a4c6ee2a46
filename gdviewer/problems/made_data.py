"""Samples made by seeded generators, each with something to show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.data import Data, data

Made = tuple[Array, Array]  # inputs (rows, k) and targets (rows,), before the last input is given another unit
Rule = Callable[[np.random.Generator, int, float], Made]


@dataclass(frozen=True)
class SampleGenerator:
    """One way to make samples.

    Attributes:
        rule: makes inputs and targets from a random generator, the number of rows, and how far they stray.
        input_names, target_name, classes: as of :class:`Data`; None for names by number.
    """

    rule: Rule
    input_names: tuple[str, ...] | None
    target_name: str
    classes: tuple[str, ...]


GENERATORS: dict[str, SampleGenerator] = {}


def generator(
    input_names: tuple[str, ...] | None = None, target_name: str = "y", classes: tuple[str, ...] = ()
) -> Callable[[Rule], Rule]:
    """Declare a function as a :class:`SampleGenerator`, of its name."""

    def declare(rule: Rule) -> Rule:
        GENERATORS[rule.__name__] = SampleGenerator(rule, input_names, target_name, classes)
        return rule

    return declare


@generator()
def line(rng: np.random.Generator, count: int, scatter: float) -> Made:
    x = rng.uniform(0, 10, (count, 1))
    return x, 12 - 0.9 * x[:, 0] + scatter * rng.standard_normal(count)


@generator()
def outliers(rng: np.random.Generator, count: int, scatter: float) -> Made:
    """A tenth of the rows lie far above the line, all at its far end."""
    x, y = line(rng, count, scatter)
    astray = np.argsort(x[:, 0])[-max(1, count // 10) :]
    y[astray] += rng.uniform(15, 25, len(astray))
    return x, y


@generator()
def two_features(rng: np.random.Generator, count: int, scatter: float) -> Made:
    return _plane([1.5, -0.8], rng, count, scatter)


@generator()
def three_features(rng: np.random.Generator, count: int, scatter: float) -> Made:
    return _plane([1.5, -0.8, 0.5], rng, count, scatter)


def _plane(weights: Sequence[float], rng: np.random.Generator, count: int, scatter: float) -> Made:
    x = rng.uniform(0, 10, (count, len(weights)))
    return x, 4 + (x * weights).sum(axis=1) + scatter * rng.standard_normal(count)


@generator()
def sine(rng: np.random.Generator, count: int, scatter: float) -> Made:
    x = np.sort(rng.uniform(0, 6, (count, 1)), axis=0)
    return x, 3 * np.sin(x[:, 0]) + scatter * rng.standard_normal(count)


@generator()
def cubic(rng: np.random.Generator, count: int, scatter: float) -> Made:
    x = np.sort(rng.uniform(-2, 2, (count, 1)), axis=0)
    return x, x[:, 0] ** 3 - 2 * x[:, 0] + 1 + scatter * rng.standard_normal(count)


@generator(("hours",), "passed", ("fail", "pass"))
def pass_or_fail(rng: np.random.Generator, count: int, scatter: float) -> Made:
    x = rng.uniform(0, 10, (count, 1))
    return x, (x[:, 0] + scatter * rng.logistic(size=count) > 5).astype(float)


@generator(classes=("A", "B"))
def two_classes(rng: np.random.Generator, count: int, scatter: float) -> Made:
    y = (np.arange(count) % 2).astype(float)
    centres = np.array([[3.5, 4.0], [5.5, 6.5]])
    return centres[y.astype(int)] + 1.8 * scatter * rng.standard_normal((count, 2)), y


@generator(classes=("A", "B"))
def separable(rng: np.random.Generator, count: int, scatter: float) -> Made:
    """No point of either class is nearer than 1 to the line between them."""
    y = (np.arange(count) % 2).astype(float)
    across = (2 * y - 1) * (1 + np.abs(scatter * rng.standard_normal(count)))
    along = rng.uniform(-3, 3, count)
    return np.column_stack([5 + across * 0.8 - along * 0.6, 5 + across * 0.6 + along * 0.8]), y


def made_data(name: str, count: int, scatter: float, scale_ratio: float, seed: int) -> Data:
    """Return samples from a generator.

    Args:
        name: name of the generator.
        count: number of rows.
        scatter: size of the random deviations.
        scale_ratio: factor on the last input.
        seed: seed of the generator; equal arguments give equal samples.
    """
    declared = GENERATORS[name]
    inputs, targets = declared.rule(np.random.default_rng(seed), count, scatter)
    inputs[:, -1] *= scale_ratio
    target = declared.target_name
    made = data(inputs, targets, declared.input_names, target, f"{count:,} rows made with seed {seed}")
    return Data(made.inputs, targets, made.input_names, target, declared.classes, made.origin)

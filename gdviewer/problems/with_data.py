"""Regression on samples that are made: the entries of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gdviewer.engine.rules.parameter import Choice, Declared, Parameter, count
from gdviewer.problems.data import Data
from gdviewer.problems.made_data import made_data
from gdviewer.problems.regression_problem import MODELS, Regression


@dataclass(frozen=True)
class Generated:
    """Samples made by one of a few generators.

    Attributes:
        sets: their names, the first the default.
        scatter: the default of how far samples stray.
    """

    sets: tuple[str, ...]
    scatter: float

    @property
    def parameters(self) -> Mapping[str, Declared]:
        return {
            "data": Choice(self.sets[0], self.sets, "the generated data"),
            "samples": count(50, 2, 10_000, meaning="number of generated rows", slider=(5, 1000)),
            "scatter": Parameter(
                self.scatter, 0, 100, slider=(0, 5), meaning="standard deviation of the noise in generated data"
            ),
            "scale_ratio": Parameter(
                1,
                1e-3,
                1e3,
                scale="log",
                slider=(0.1, 100),
                meaning="unit of the last input: factor for its values",
            ),
            "data_seed": count(1, 0, 10**9, slider=(0, 100), meaning="seed of the data"),
        }

    def make(self, values: Mapping[str, Any]) -> Data:
        return made_data(
            values["data"], values["samples"], values["scatter"], values["scale_ratio"], values["data_seed"]
        )


PROBLEMS = [
    Regression(MODELS["linear"], Generated(("line", "outliers", "two_features", "three_features"), 1.0)),
    Regression(MODELS["polynomial"], Generated(("sine", "cubic", "line"), 0.5)),
    Regression(MODELS["logistic"], Generated(("pass_or_fail", "two_classes", "separable"), 0.7)),
    Regression(MODELS["huber"], Generated(("outliers", "line", "three_features"), 1.0)),
]

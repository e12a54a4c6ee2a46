"""Networks on data that are made or come along, described by what can be set about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gdviewer.engine.rules.parameter import Choice, Declared, Parameter, count
from gdviewer.problems.networks.dataset import Dataset
from gdviewer.problems.networks.digits import digits
from gdviewer.problems.networks.generators import GENERATORS, make

DIGITS = "digits"


@dataclass(frozen=True)
class Catalogued:
    """The data sets of the generators, and the handwritten digits.

    Attributes:
        data: the default; noise: the default of how far samples stray.
    """

    data: str
    noise: float = 0.1

    @property
    def parameters(self) -> Mapping[str, Declared]:
        return {
            "data": Choice(self.data, (*GENERATORS, DIGITS), "the training data"),
            "samples": count(400, 1, 10_000, meaning="number of generated rows", slider=(10, 2000)),
            "data_noise": Parameter(
                self.noise, 0, 10, slider=(0, 1), meaning="standard deviation of the noise in generated data"
            ),
            "scale_ratio": Parameter(
                1, 1e-3, 1e3, scale="log", slider=(0.01, 100),
                meaning="unit of the last input: factor for its values",
            ),
        }  # fmt: skip

    def make(self, values: Mapping[str, Any]) -> Dataset:
        if values["data"] == DIGITS:
            return digits()
        return make(values["data"], values["samples"], values["data_noise"], values["scale_ratio"], values["data_seed"])

    def idle(self, values: Mapping[str, Any]) -> set[str]:
        return {"samples", "data_noise", "scale_ratio"} if values["data"] == DIGITS else set()

"""The dropout layer, which drops random outputs during training."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.networks.layer import Layer, LayerShapeError, Shape, Views, Words, entry


@dataclass(frozen=True)
class Dropout(Layer):
    """A layer that sets a random share of its inputs to zero in each training step."""

    title = "Dropout"
    word = "dropout"
    example = "dropout 0.2"
    meaning = (
        "In training, each output is set to 0 with this probability, and the others are scaled by 1/(1 − chance) "
        "(Srivastava et al. 2014, JMLR 15; ``torch.nn.Dropout``). Predictions use all outputs."
    )
    order = 6
    has_units = False
    random = True

    chance: float = field(
        metadata=entry(
            "chance", "Probability that an output is dropped in a step; outside training, none is.", low=0, high=0.99
        )
    )

    @classmethod
    def read(cls, words: Words) -> Self:
        chance = float(words.pop(0))
        if not 0 <= chance < 1:
            raise LayerShapeError(f"the chance of being dropped must be in [0, 1); got {chance:g}")
        return cls(chance)

    def __str__(self) -> str:
        return f"dropout {self.chance:g}"

    @classmethod
    def default(cls) -> Self:
        return cls(0.2)

    def forward(self, a: Array, w: Views) -> tuple[Array, None]:  # noqa: ARG002 - it has none
        return a, None

    def backward(self, delta: Array, w: Views, kept: None, gradient: Views, first: bool) -> Array | None:  # noqa: ARG002
        return delta

    def drawn(self, rows: int, shape: Shape, rng: np.random.Generator) -> Mask:
        return Mask(self.chance, (rng.random((rows, *shape)) >= self.chance) / (1 - self.chance))


@dataclass(frozen=True, eq=False)
class Mask(Dropout):
    """Dropout with the mask of one step.

    Attributes:
        factors: 0 for an output that is dropped, 1/(1 − chance) for the others, (rows, …).
    """

    factors: Array

    def forward(self, a: Array, w: Views) -> tuple[Array, None]:  # noqa: ARG002
        return a * self.factors, None

    def backward(self, delta: Array, w: Views, kept: None, gradient: Views, first: bool) -> Array | None:  # noqa: ARG002
        return delta * self.factors

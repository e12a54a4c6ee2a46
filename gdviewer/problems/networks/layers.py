"""The layers of a network: what each makes of its input, and how it passes the slope of the loss back.

A layer has no memory. ``forward`` gives its output and what ``backward`` will need of it; ``backward`` gets ``delta``,
the derivative of the loss by the layer's output, writes the derivative by its weights into ``gradient``, and gives the
derivative by its input. That is backpropagation: Rumelhart, Hinton & Williams 1986, Nature 323.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any, Protocol

import numpy as np

from gdviewer.engine.rules.inspected import silent
from gdviewer.engine.rules.oracle import Array

Shape = tuple[int, ...]
Views = Sequence[Array]  # the weights of a layer, or the parts of the gradient that belong to them


class Misfit(ValueError):  # noqa: N818 - it is no fault of the program
    """Layers that do not fit each other, or their data; the text says which, and what to do."""


class Layer(Protocol):
    """What a network is made of. Arrays have the examples along their first axis."""

    def weights(self, shape: Shape) -> dict[str, Shape]:
        """The shapes of its weights by name, where an example that comes in has ``shape``.

        Raises:
            Misfit: such an example can't come in.
        """

    def output(self, shape: Shape) -> Shape:
        """The shape of what comes out for an example of ``shape``."""

    def forward(self, a: Array, w: Views) -> tuple[Array, Any]:
        """What comes out for ``a``, (rows, …), with weights ``w``; and what :meth:`backward` will need."""

    def backward(self, delta: Array, w: Views, kept: Any, gradient: Views, first: bool) -> Array | None:
        """Write the derivatives by the weights into ``gradient``; give that by the input, None for the ``first`` layer,
        whose input nobody can move."""


def shape_text(shape: Shape) -> str:
    """A shape as people write it: 6×6×4."""
    return "×".join(map(str, shape))


@silent
def rows_of(a: Array) -> Array:
    """Examples, or the time steps of sequences, or the places of images, one below another: (…, k) as (rows, k)."""
    return a if a.ndim == 2 else a.reshape(-1, a.shape[-1])


@lru_cache(maxsize=8)
def ones(rows: int) -> Array:
    """So many ones: what a bias is multiplied with. Their product with an array adds up its rows."""
    made = np.ones(rows)
    made.setflags(write=False)
    return made


@dataclass(frozen=True)
class Dense:
    """Every unit sees every input: z = a·W + b, with W of shape (inputs, units) and b of shape (units,).

    Of a sequence, (time, features), each time step is seen by itself, with the same weights.

    Attributes:
        units: how many outputs there are.
        activation: what follows, by name: "identity" for nothing, None for what the network's layers have.
    """

    units: int
    activation: str | None = "identity"

    def weights(self, shape: Shape) -> dict[str, Shape]:
        if len(shape) == 3:
            raise Misfit(f"Flatten before Dense: the input is {shape_text(shape)}")
        return {"W": (shape[-1], self.units), "b": (self.units,)}

    def output(self, shape: Shape) -> Shape:
        return (*shape[:-1], self.units)

    def forward(self, a: Array, w: Views) -> tuple[Array, Array]:
        W, b = w
        z = rows_of(a).dot(W)
        z += b
        return z if a.ndim == 2 else z.reshape(*a.shape[:-1], self.units), a

    def backward(self, delta: Array, w: Views, kept: Array, gradient: Views, first: bool) -> Array | None:
        W, _ = w
        W_gradient, b_gradient = gradient
        a, delta = rows_of(kept), rows_of(delta)
        a.T.dot(delta, W_gradient)
        ones(len(delta)).dot(delta, b_gradient)
        return None if first else delta.dot(W.T).reshape(kept.shape)

    def __str__(self) -> str:
        return f"{self.units} {self.activation or ''}".rstrip()


@dataclass(frozen=True)
class Flatten:
    """An example of any shape as one row of numbers."""

    def weights(self, shape: Shape) -> dict[str, Shape]:  # noqa: ARG002 - it has none
        return {}

    def output(self, shape: Shape) -> Shape:
        return (prod(shape),)

    def forward(self, a: Array, w: Views) -> tuple[Array, Shape]:  # noqa: ARG002
        return a.reshape(len(a), -1), a.shape

    def backward(self, delta: Array, w: Views, kept: Shape, gradient: Views, first: bool) -> Array | None:  # noqa: ARG002
        return delta.reshape(kept)

    def __str__(self) -> str:
        return "flatten"


@dataclass(frozen=True)
class Dropout:
    """While training, each output is dropped with a chance, and the others grow by 1/(1 − chance) (Srivastava et al.
    2014, JMLR 15; "inverted", as ``torch.nn.Dropout``). Where nothing is trained it does nothing.

    Attributes:
        chance: of an output to be dropped, in [0, 1).
    """

    chance: float

    def weights(self, shape: Shape) -> dict[str, Shape]:  # noqa: ARG002 - it has none
        return {}

    def output(self, shape: Shape) -> Shape:
        return shape

    def forward(self, a: Array, w: Views) -> tuple[Array, None]:  # noqa: ARG002
        return a, None

    def backward(self, delta: Array, w: Views, kept: None, gradient: Views, first: bool) -> Array | None:  # noqa: ARG002
        return delta

    def drawn(self, rows: int, shape: Shape, rng: np.random.Generator) -> Mask:
        """What it does in one step with ``rows`` examples of ``shape``."""
        return Mask(self.chance, (rng.random((rows, *shape)) >= self.chance) / (1 - self.chance))

    def __str__(self) -> str:
        return f"dropout {self.chance:g}"


@dataclass(frozen=True, eq=False)
class Mask(Dropout):
    """Dropout as it was drawn for one step.

    Attributes:
        factors: 0 for an output that is dropped, 1/(1 − chance) for the others, (rows, …).
    """

    factors: Array

    def forward(self, a: Array, w: Views) -> tuple[Array, None]:  # noqa: ARG002
        return a * self.factors, None

    def backward(self, delta: Array, w: Views, kept: None, gradient: Views, first: bool) -> Array | None:  # noqa: ARG002
        return delta * self.factors

"""A network as a person sees it: its layers, each with the activation after it; and what is in them for one example."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gdviewer.engine.rules.oracle import Array
from gdviewer.engine.run.run import Run
from gdviewer.problems.networks.architecture import Architecture, PlacedWeight, Stage
from gdviewer.problems.networks.dataset import Dataset
from gdviewer.problems.networks.layer import shape_text
from gdviewer.problems.networks.network import Network
from gdviewer.text import tr


@dataclass(frozen=True)
class Part:
    """The input, or a layer with its activation.

    Attributes:
        name: such as ``dense 1``; text: what it is, in a few letters.
        shape: of what comes out for one example.
        stage: of the layer; None for the input.
        activation: its name; empty for none.
        last: the number of the stage that gives its output; −1 for the input.
        then: what follows that has no units of its own, such as ``flatten``.
    """

    name: str
    text: str
    shape: tuple[int, ...]
    stage: Stage | None = None
    last: int = -1
    activation: str = ""
    then: tuple[str, ...] = ()

    @property
    def units(self) -> int:
        """How many units, filters, features or channels it has."""
        return self.shape[-1]

    @property
    def title(self) -> str:
        """What it is and what it gives, with what follows it."""
        if self.stage is None:
            told = tr("input: {shape}", shape=self.text)
        else:
            told = tr("{name}: {what}, gives {shape}", name=self.name, what=self.text, shape=shape_text(self.shape))
        return ", ".join((told, *self.then))

    @property
    def pictures(self) -> bool:
        """Whether what comes out of each unit is a picture."""
        return len(self.shape) == 3

    @property
    def filters(self) -> PlacedWeight | None:
        """The place of its filters, (height, width, channels, filters); None where it has none."""
        return self.stage.weights.get(self.stage.layer.filter_weight) if self.stage else None


def parts_of(architecture: Architecture) -> list[Part]:
    """The input and the layers of a network; those without units are told of with what they follow."""
    found = [Part(tr("input"), shape_text(architecture.shape), architecture.shape)]
    for number, stage in enumerate(architecture.stages):
        before = found[-1]
        if not stage.layer.has_units:
            found[-1] = replace(before, then=(*before.then, str(stage.layer)))
        elif stage.activation:
            found[-1] = replace(before, last=number, activation=str(stage.layer))
        else:
            found.append(Part(stage.name, str(stage.layer).removesuffix(" identity"), stage.output, stage, number))
    return found


@dataclass(frozen=True, eq=False)
class Inside:
    """What is in a network at a point, for one example.

    Attributes:
        x, gradient: the point, and the gradient of the batch that the next step sees there, (n,).
        parts: the input and the layers.
        values: what comes out of each part for the example, without the axis of rows.
        prediction: what the network says of it.
        target: what is right.
    """

    x: Array
    gradient: Array
    parts: list[Part]
    values: list[Array]
    prediction: Array
    target: NDArray[Any]


def look_inside(network: Network, run: Run, step: int, data: Dataset, row: int) -> Inside:
    """All of a row of the data at a step; to be called in any thread."""
    x = run.point(step)
    inputs = data.inputs[row : row + 1]
    outputs = network.activations(x, inputs)
    parts = parts_of(network.architecture)
    values = [inputs[0], *(outputs[part.last][0] for part in parts[1:])]
    with np.errstate(all="ignore"):
        prediction = network.loss.prediction(outputs[-1])[0]
    return Inside(x, run.recorded_gradient(step), parts, values, prediction, data.targets[row])

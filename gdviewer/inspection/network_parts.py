"""The parts of a network for views: layers with their activations, and their values for one example."""

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
        name: the name, such as ``dense 1``; text: a short description.
        shape: the shape of the output for one example.
        stage: the stage of the layer; None for the input.
        last: the number of the stage with its output; −1 for the input.
        activation: the name of the activation; empty for none.
        then: following layers without units, such as ``flatten``.
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
        """The number of units, filters, features or channels."""
        return self.shape[-1]

    @property
    def title(self) -> str:
        """A description with the shape of the output and the following layers."""
        if self.stage is None:
            text = tr("input: {shape}", shape=self.text)
        else:
            text = tr("{name}: {layer}, output {shape}", name=self.name, layer=self.text, shape=shape_text(self.shape))
        return ", ".join((text, *self.then))

    @property
    def pictures(self) -> bool:
        """True if the output of each unit is a picture."""
        return len(self.shape) == 3

    @property
    def filters(self) -> PlacedWeight | None:
        """Its filters, shape (height, width, channels, filters), in the vector of weights; None if it has none."""
        return self.stage.weights.get(self.stage.layer.filter_weight) if self.stage else None


def parts_of(architecture: Architecture) -> list[Part]:
    """Return the input and the layers of a network; a layer without units belongs to the layer before it."""
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
class ExampleValues:
    """The values in a network for one example.

    Attributes:
        x: the point, shape (n,); gradient: the gradient of the batch of the next step, shape (n,).
        parts: the input and the layers.
        values: the output of each part for the example, without the axis of rows.
        prediction: the prediction; target: the true value.
    """

    x: Array
    gradient: Array
    parts: list[Part]
    values: list[Array]
    prediction: Array
    target: NDArray[Any]


def example_values(network: Network, run: Run, step: int, data: Dataset, row: int) -> ExampleValues:
    """Return the values for a row of the data at a step; may be called in any thread."""
    x = run.point(step)
    inputs = data.inputs[row : row + 1]
    outputs = network.activations(x, inputs)
    parts = parts_of(network.architecture)
    values = [inputs[0], *(outputs[part.last][0] for part in parts[1:])]
    with np.errstate(all="ignore"):
        prediction = network.loss.prediction(outputs[-1])[0]
    return ExampleValues(x, run.recorded_gradient(step), parts, values, prediction, data.targets[row])

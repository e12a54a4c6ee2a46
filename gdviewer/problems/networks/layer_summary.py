"""A network's layers as a list tells them, also of layers that do not fit yet; and networks made to fit other data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from gdviewer.problems.networks.architecture import MOST_PARAMETERS, completed, misfit_of_output
from gdviewer.problems.networks.dataset import Dataset
from gdviewer.problems.networks.layer import Layer, LayerShapeError, Shape
from gdviewer.problems.networks.network import Network
from gdviewer.problems.networks.settings import default_layers


@dataclass(frozen=True)
class LayerRow:
    """A layer in its place.

    Attributes:
        layer: with the activation it has in the network.
        output: the shape of what comes out for an example; None where that is not known, as a layer does not fit.
        weights: how many it has.
        misfit: why it does not fit there; empty where it does.
        own: whether it is one of those given, and not one that the network adds.
    """

    layer: Layer
    output: Shape | None
    weights: int = 0
    misfit: str = ""
    own: bool = True


def outline(layers: Sequence[Layer], network: Network) -> list[LayerRow]:
    """A row for each of these layers, and for those that are added before and after them, on a network's data."""
    outputs = network.loss.outputs(len(network.train.classes), network.targets.shape[-1])
    before, own, after = completed(layers, network.values["activation"], network.inputs.shape[1:], outputs)
    shape: Shape | None = network.inputs.shape[1:]
    rows: list[LayerRow] = []
    total = 0
    for i, layer in enumerate([*before, *own, *after], -len(before)):
        shape, row = _row(layer, shape, 0 <= i < len(own))
        total += row.weights
        if total > MOST_PARAMETERS:
            misfit = f"{total:,} weights are more than {MOST_PARAMETERS:,}, the most there can be"
            shape, row = None, LayerRow(row.layer, row.output, row.weights, misfit, row.own)
            total = 0
        rows.append(row)
    if shape is not None and (misfit := misfit_of_output(shape, network.train.per_step)):
        at = _guilty(rows, network.train.per_step)
        rows[at] = LayerRow(rows[at].layer, rows[at].output, rows[at].weights, misfit, rows[at].own)
    return rows


def fitted(network: Network, make: Callable[..., Network], data: Dataset) -> tuple[Network, tuple[str, ...]]:
    """The network that ``make`` gives; where its layers or its loss do not fit the data, with others that do.

    Layers that were never chosen, but are the usual ones, become those that are usual for the other kind of data.

    Args:
        network: the one there is.
        make: gives it on ``data``, with the values of parameters that it is called with.

    Returns:
        the network, and the names of the parameters that were changed.

    Raises:
        Misfit: something else does not fit.
        ValueError: a value is out of its range.
    """
    layers, loss = {"layers": default_layers(data)}, {"loss": "auto"}
    usual = network.values["layers"] in (network.parameters["layers"], default_layers(network.train))
    tried = [{}, loss, layers, layers | loss]
    if usual and network.train.kind != data.kind:
        tried = [layers, layers | loss]
    first: LayerShapeError | None = None
    for others in tried:
        try:
            return make(**others), tuple(others)
        except LayerShapeError as error:
            first = first or error
    raise first or LayerShapeError("no layers fit")


def _row(layer: Layer, shape: Shape | None, own: bool) -> tuple[Shape | None, LayerRow]:
    if shape is None:
        return None, LayerRow(layer, None, own=own)
    try:
        weights = sum(prod(weight.shape) for weight in layer.weights(shape).values())
        output = layer.output(shape)
    except LayerShapeError as error:
        return None, LayerRow(layer, None, misfit=str(error), own=own)
    return output, LayerRow(layer, output, weights, own=own)


def _guilty(rows: Sequence[LayerRow], per_step: bool) -> int:
    """The row that makes one output of a sequence, or the last one before the output layer that makes none."""
    if per_step:
        return next(i for i, row in enumerate(rows) if row.output is not None and len(row.output) == 1)
    return max((i for i, row in enumerate(rows) if row.own), default=len(rows) - 1)

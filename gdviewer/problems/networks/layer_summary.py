"""Summaries of a network's layers, also of layers that do not fit yet; and networks adapted to other data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from gdviewer.problems.networks.architecture import MAX_PARAMETERS, completed, output_shape_error
from gdviewer.problems.networks.dataset import Dataset
from gdviewer.problems.networks.layer import Layer, LayerShapeError, Shape
from gdviewer.problems.networks.network import Network
from gdviewer.problems.networks.settings import default_layers


@dataclass(frozen=True)
class LayerRow:
    """A layer at its position in the network.

    Attributes:
        layer: the layer with its activation in the network.
        output: shape of the output for an example; None if unknown because a layer does not fit.
        weights: number of weights.
        error: the reason why the layer does not fit; empty if it does.
        user_defined: True for a given layer, False for one added by the network.
    """

    layer: Layer
    output: Shape | None
    weights: int = 0
    error: str = ""
    user_defined: bool = True


def summarise_layers(layers: Sequence[Layer], network: Network) -> list[LayerRow]:
    """Return a row for each of these layers and for each layer added by the network, on the network's data."""
    outputs = network.loss.outputs(len(network.train.classes), network.targets.shape[-1])
    before, given, after = completed(layers, network.values["activation"], network.inputs.shape[1:], outputs)
    shape: Shape | None = network.inputs.shape[1:]
    rows: list[LayerRow] = []
    total = 0
    for i, layer in enumerate([*before, *given, *after], -len(before)):
        shape, row = _row(layer, shape, 0 <= i < len(given))
        total += row.weights
        if total > MAX_PARAMETERS:
            error = f"{total:,} weights are more than {MAX_PARAMETERS:,}, the most there can be"
            shape, row = None, LayerRow(row.layer, row.output, row.weights, error, row.user_defined)
            total = 0
        rows.append(row)
    if shape is not None and (error := output_shape_error(shape, network.train.per_step)):
        at = _failing_row(rows, network.train.per_step)
        rows[at] = LayerRow(rows[at].layer, rows[at].output, rows[at].weights, error, rows[at].user_defined)
    return rows


def fitted(network: Network, make: Callable[..., Network], data: Dataset) -> tuple[Network, tuple[str, ...]]:
    """Return the network that ``make`` returns, with other layers or another loss if these do not fit the data.

    Default layers of one kind of data become the default layers of the other kind.

    Args:
        network: the current network.
        make: returns the network on ``data``, with the parameter values passed as arguments.
        data: the new data.

    Returns:
        The network, and the names of the changed parameters.

    Raises:
        LayerShapeError: No layers and loss fit.
        ValueError: A value is out of range.
    """
    layers, loss = {"layers": default_layers(data)}, {"loss": "auto"}
    is_default = network.values["layers"] in (network.parameters["layers"], default_layers(network.train))
    tried = [{}, loss, layers, layers | loss]
    if is_default and network.train.kind != data.kind:
        tried = [layers, layers | loss]
    first: LayerShapeError | None = None
    for others in tried:
        try:
            return make(**others), tuple(others)
        except LayerShapeError as error:
            first = first or error
    raise first or LayerShapeError("no layers fit")


def _row(layer: Layer, shape: Shape | None, user_defined: bool) -> tuple[Shape | None, LayerRow]:
    if shape is None:
        return None, LayerRow(layer, None, user_defined=user_defined)
    try:
        weights = sum(prod(weight.shape) for weight in layer.weights(shape).values())
        output = layer.output(shape)
    except LayerShapeError as error:
        return None, LayerRow(layer, None, error=str(error), user_defined=user_defined)
    return output, LayerRow(layer, output, weights, user_defined=user_defined)


def _failing_row(rows: Sequence[LayerRow], per_step: bool) -> int:
    """Return the first row without time steps, or the last user-defined one if time steps remain."""
    if per_step:
        return next(i for i, row in enumerate(rows) if row.output is not None and len(row.output) == 1)
    return max((i for i, row in enumerate(rows) if row.user_defined), default=len(rows) - 1)

"""The heart of training: forward through the layers, and back again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.networks.architecture import Architecture
from gdviewer.problems.networks.layer import Layer, Views


def feed_forward(layers: Sequence[Layer], weights: Sequence[Views], inputs: Array) -> tuple[Array, list[Any]]:
    """What comes out for ``inputs``, (rows, …), and what each layer keeps for the way back."""
    a, kept = inputs, []
    for layer, w in zip(layers, weights):  # noqa: B905 - they are of one length, and this is done every step
        a, own = layer.forward(a, w)
        kept.append(own)
    return a, kept


def backpropagate(
    layers: Sequence[Layer], weights: Sequence[Views], kept: Sequence[Any], delta: Array, architecture: Architecture
) -> Array:
    """The gradient, (n,): from the last layer to the first, each turns delta into that of the layer before."""
    gradient, parts = architecture.empty()
    first = architecture.first
    for i in range(len(layers) - 1, first - 1, -1):
        delta = layers[i].backward(delta, weights[i], kept[i], parts[i], i == first)  # type: ignore[assignment]
    return gradient

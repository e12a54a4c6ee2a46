"""The forward and backward pass through the layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.networks.architecture import Architecture
from gdviewer.problems.networks.layer import Layer, Views


def feed_forward(layers: Sequence[Layer], weights: Sequence[Views], inputs: Array) -> tuple[Array, list[Any]]:
    """Return the outputs for ``inputs``, (rows, …), and the values each layer keeps for the backward pass."""
    a, kept = inputs, []
    for layer, w in zip(layers, weights):  # noqa: B905 - the lengths are equal, and this runs in every step
        a, saved = layer.forward(a, w)
        kept.append(saved)
    return a, kept


def backpropagate(
    layers: Sequence[Layer], weights: Sequence[Views], kept: Sequence[Any], delta: Array, architecture: Architecture
) -> Array:
    """Return the gradient, (n,): from last to first, each layer turns delta into that of the layer before."""
    gradient, parts = architecture.empty()
    first = architecture.first
    for i in range(len(layers) - 1, first - 1, -1):
        delta = layers[i].backward(delta, weights[i], kept[i], parts[i], i == first)  # type: ignore[assignment]
    return gradient

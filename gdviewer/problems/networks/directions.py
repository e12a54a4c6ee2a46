"""Directions in the space of a network's weights for plots of its loss."""

from __future__ import annotations

import numpy as np

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.networks.network import Network


def filter_normalised(network: Network, x: Array, seed: int) -> Array:
    """Return two random normal directions, (2, n), with each filter scaled to the filter's norm at ``x``, (n,).

    A filter is the weights of one name that lead into one unit; the last axis counts units. A step of 1 thus has the
    same relative size in each layer. The components of weights without fans, such as biases, are zero. Source: Li et
    al. 2018, arXiv 1712.09913, section 4; different from there, a filter that is zero gets the norm 1.
    """
    directions = np.random.default_rng(seed).standard_normal((2, network.dimension))
    weights = [weight for stage in network.architecture.stages for weight in stage.weights.values()]
    for direction in directions:
        for weight in weights:
            part = weight.of(direction)
            if not weight.weight.fans:
                part[...] = 0.0
                continue
            lengths = [np.sqrt(np.square(w.reshape(-1, w.shape[-1])).sum(axis=0)) for w in (weight.of(x), part)]
            part *= np.where(lengths[0] > 0, lengths[0], 1.0) / lengths[1]
    return directions

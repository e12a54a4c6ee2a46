"""Directions in the space of a network's weights along which its loss can be looked at."""

from __future__ import annotations

import numpy as np

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.networks.network import Network


def filter_normalised(network: Network, x: Array, seed: int) -> Array:
    """Two random directions from a point, (2, n): normal, then for each filter as long as the filter is at ``x``, (n,).

    A filter is what leads into one unit: all its weights of one name, as the last axis counts units. So a step of 1 is
    as much for each layer, however large its weights are. Numbers that lead from nowhere, such as biases, stay as they
    are. Li et al. 2018, arXiv 1712.09913, section 4; a filter that is zero, which they can't move, gets the length 1.
    """
    directions = np.random.default_rng(seed).standard_normal((2, network.dimension))
    places = [place for stage in network.architecture.stages for place in stage.weights.values()]
    for direction in directions:
        for place in places:
            part = place.of(direction)
            if not place.weight.fans:
                part[...] = 0.0
                continue
            lengths = [np.sqrt(np.square(w.reshape(-1, w.shape[-1])).sum(axis=0)) for w in (place.of(x), part)]
            part *= np.where(lengths[0] > 0, lengths[0], 1.0) / lengths[1]
    return directions

"""Directions in the space of a network's weights along which its loss can be looked at."""

from __future__ import annotations

import numpy as np

from gdviewer.engine.rules.oracle import Array
from gdviewer.problems.networks.network import Network


def filter_normalised(network: Network, x: Array, seed: int) -> Array:
    """Two random directions from a point, (2, n): normal, then for each filter as long as the filter is at ``x``, (n,).

    A filter is what leads into one unit: a column of a dense layer's W or an RNN's W and U, and the window of a
    convolution's filter. So a step of 1 is as much for each layer, however large its weights are. Biases stay as they
    are. Li et al. 2018, arXiv 1712.09913, section 4; a filter that is zero, which they can't move, gets the length 1.
    """
    directions = np.random.default_rng(seed).standard_normal((2, network.dimension))
    own = network.parameters(x)
    for direction in directions:
        for layer, parts in network.parameters(direction).items():
            for name, part in parts.items():
                if part.ndim < 2:
                    part[...] = 0.0
                    continue
                lengths = [np.sqrt(np.square(w.reshape(-1, w.shape[-1])).sum(axis=0)) for w in (own[layer][name], part)]
                part *= np.where(lengths[0] > 0, lengths[0], 1.0) / lengths[1]
    return directions

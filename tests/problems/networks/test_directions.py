"""Random directions along which the loss of a network is shown."""

import numpy as np
import pytest

from gdviewer import problems
from gdviewer.problems.networks.directions import filter_normalised

NETWORKS = ["network", "convolutional_network", "recurrent_network"]


@pytest.mark.parametrize("name", NETWORKS)
def test_that_each_filter_of_a_direction_is_as_long_as_that_of_the_weights(name):
    network = problems.get(name)
    x = network.start + 0.1 * np.random.default_rng(1).normal(size=network.dimension)
    of_network = network.parameters(x)
    for direction in filter_normalised(network, x, seed=4):
        for layer, parts in network.parameters(direction).items():
            for key, part in parts.items():
                if key == "b":
                    assert not part.any()
                else:
                    lengths = [
                        np.linalg.norm(w.reshape(-1, w.shape[-1]), axis=0) for w in (part, of_network[layer][key])
                    ]
                    assert lengths[0] == pytest.approx(lengths[1], rel=1e-12)


def test_that_directions_are_drawn_from_the_seed():
    network = problems.get("network")
    a, b, c = (filter_normalised(network, network.start, seed) for seed in (0, 0, 1))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)
    assert not np.array_equal(a[0], a[1])


def test_that_weights_of_zero_have_directions_too():
    network = problems.get("network", init="zeros")
    directions = filter_normalised(network, network.start, seed=0)
    assert np.isfinite(directions).all()
    assert np.linalg.matrix_rank(directions) == 2

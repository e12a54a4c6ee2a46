"""Neural networks on data that come along: the entries of the catalogue."""

from __future__ import annotations

from gdviewer.problems.networks.catalogue_data import Catalogued
from gdviewer.problems.networks.network import Network

PROBLEMS = [
    Network(
        "network", "Neural network", Catalogued("moons"),
        why="Two half moons that no straight line separates: a few tanh units bend the boundary until it fits.",
    ),
    Network(
        "xor_network", "Neural network: XOR", Catalogued("xor", 0.0), defaults={"layers": "4", "test_share": 0.0},
        why="The smallest problem that one layer cannot solve; some initial weights lead to a slow saddle.",
    ),
    Network(
        "fitting_network", "Neural network: a curve", Catalogued("sine", 0.2), defaults={"layers": "16, 16"},
        why="A curve through scattered points: it fits where there are data, and is arbitrary elsewhere.",
    ),
    Network(
        "digits_network", "Neural network: digits", Catalogued("digits"),
        defaults={"layers": "32", "activation": "relu", "init": "he", "batch_size": 64, "scaling": "minmax"},
        why="Handwritten digits of 8×8 pixels: nine of ten are classified correctly within seconds, others take long.",
    ),
    Network(
        "convolutional_network", "Convolutional network: digits", Catalogued("digits"),
        defaults={
            "layers": "conv 8 3x3, maxpool 2, flatten", "activation": "relu", "init": "he", "batch_size": 64,
            "scaling": "minmax",
        },
        why="Eight small filters find edges and strokes by themselves.",
    ),
    Network(
        "recurrent_network", "Recurrent network: echo", Catalogued("echo", 0.0), defaults={"layers": "rnn 12 every"},
        why="The network must output its input of three steps before; the gradient is propagated back through time.",
    ),
]  # fmt: skip

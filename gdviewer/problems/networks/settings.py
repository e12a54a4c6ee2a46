"""Parameters of a network, and sources of its data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from gdviewer.engine.rules.parameter import Choice, Declared, Parameter, Text, count
from gdviewer.problems.data import SCALINGS
from gdviewer.problems.networks.activations import ACTIVATIONS
from gdviewer.problems.networks.dataset import Dataset
from gdviewer.problems.networks.initialisation import INITIALISATIONS
from gdviewer.problems.networks.losses import LOSSES
from gdviewer.problems.networks.notation import read
from gdviewer.problems.source import DataSource, Given

_HIDDEN = tuple(name for name in ACTIVATIONS if name != "softmax")


class DatasetSource(DataSource[Dataset], Protocol):
    """A source of a network's data."""

    def idle(self, values: Mapping[str, Any]) -> set[str]:
        """Return the names of parameters that have no effect on the data with these values."""


class GivenDataset(Given[Dataset]):
    """Data given by the user."""

    def idle(self, values: Mapping[str, Any]) -> set[str]:  # noqa: ARG002 - there is nothing to set
        return set()


def loss_for(data: Dataset) -> str:
    """Return the default loss for the targets."""
    if not data.classes:
        return "mean_squared_error"
    return "binary_cross_entropy" if len(data.classes) == 2 else "cross_entropy"


def default_layers(data: Dataset) -> str:
    """Return default layers for the kind of data."""
    if data.kind == "sequences":
        return "rnn 12 every" if data.per_step else "rnn 12"
    return "32" if data.kind == "images" else "8, 8"


def declared(source: DatasetSource, defaults: Mapping[str, Any]) -> dict[str, Declared]:
    """Return all parameters, with other defaults where given."""

    def default(name: str, value: Any) -> Any:
        return defaults.get(name, value)

    return {
        **source.parameters,
        "data_seed": count(1, 0, 10**9, slider=(0, 100), meaning="seed of the data and of the split"),
        "test_share": Parameter(
            default("test_share", 0.2), 0, 0.9, slider=(0, 0.5), meaning="share of the rows used for the test"
        ),
        "scaling": Choice(default("scaling", "standardise"), SCALINGS, "scaling of the inputs"),
        "layers": Text(
            default("layers", "8, 8"), read, "layers in order; the output layer is added", "32, 16 relu"
        ),
        "activation": Choice(default("activation", "tanh"), _HIDDEN, "activation of layers without an explicit one"),
        "loss": Choice(default("loss", "auto"), ("auto", *LOSSES), "loss of the outputs; auto: chosen for the targets"),
        "init": Choice(default("init", "glorot"), tuple(INITIALISATIONS), "initialisation of the weights"),
        "init_scale": Parameter(
            0.01, 0, 10, scale="log", slider=(1e-4, 10), meaning="standard deviation of small random weights"
        ),
        "init_seed": count(default("init_seed", 0), 0, 10**9, slider=(0, 100), meaning="seed of the initial weights"),
        "batch_size": count(
            default("batch_size", 32), 0, scale="linear", slider=(0, 256),
            meaning="rows used in each step; 0: all rows, 1: stochastic",
        ),
    }  # fmt: skip

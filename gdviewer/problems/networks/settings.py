"""What can be set about a network, and where its data come from."""

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
    """Where the data of a network come from."""

    def idle(self, values: Mapping[str, Any]) -> set[str]:
        """The names of those parameters that change nothing about the data while the others have these values."""


class GivenDataset(Given[Dataset]):
    """Data as they are."""

    def idle(self, values: Mapping[str, Any]) -> set[str]:  # noqa: ARG002 - there is nothing to set
        return set()


def loss_for(data: Dataset) -> str:
    """The loss that fits the targets best."""
    if not data.classes:
        return "mean_squared_error"
    return "binary_cross_entropy" if len(data.classes) == 2 else "cross_entropy"


def default_layers(data: Dataset) -> str:
    """Layers that suit the kind of data, to begin with."""
    if data.kind == "sequences":
        return "rnn 12 every" if data.per_step else "rnn 12"
    return "32" if data.kind == "images" else "8, 8"


def declared(source: DatasetSource, defaults: Mapping[str, Any]) -> dict[str, Declared]:
    """All that can be set, with other defaults where given."""

    def default(name: str, usual: Any) -> Any:
        return defaults.get(name, usual)

    return {
        **source.parameters,
        "data_seed": count(1, 0, 10**9, slider=(0, 100), meaning="other samples of the same kind, and another split"),
        "test_share": Parameter(
            default("test_share", 0.2), 0, 0.9, slider=(0, 0.5), meaning="share of the rows held back for the test"
        ),
        "scaling": Choice(default("scaling", "standardise"), SCALINGS, "how inputs are scaled"),
        "layers": Text(
            default("layers", "8, 8"), read, "the layers one after another; that of the outputs is added", "32, 16 relu"
        ),
        "activation": Choice(default("activation", "tanh"), _HIDDEN, "what follows each layer that says nothing else"),
        "loss": Choice(default("loss", "auto"), ("auto", *LOSSES), "what outputs cost; auto: what fits the targets"),
        "init": Choice(default("init", "glorot"), tuple(INITIALISATIONS), "how the weights begin"),
        "init_scale": Parameter(
            0.01, 0, 10, scale="log", slider=(1e-4, 10), meaning="standard deviation of small random weights"
        ),
        "init_seed": count(default("init_seed", 0), 0, 10**9, slider=(0, 100), meaning="other weights to begin with"),
        "batch_size": count(
            default("batch_size", 32), 0, scale="linear", slider=(0, 256),
            meaning="rows that each step sees; 0: all of them, 1: stochastic",
        ),
    }  # fmt: skip

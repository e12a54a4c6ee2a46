"""Base class of the pages on the values in a network for the selected example."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gdviewer.engine.run.run import Run
from gdviewer.inspection.network_parts import example_values
from gdviewer.problems.networks.network import Network
from gdviewer.ui.network.page import Page


class ExamplePage(Page):
    """A page that shows the values in a network for the selected example."""

    def key(self) -> tuple[Any, ...]:
        return self.example.chosen

    def computation(self, network: Network, run: Run, step: int) -> Callable[[], Any]:
        data, row = self.example.of(network)
        return lambda: example_values(network, run, step, data, row)

"""A page on what is inside a network for the chosen example."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gdviewer.engine.run.run import Run
from gdviewer.inspection.network_parts import Inside, look_inside
from gdviewer.problems.networks.network import Network
from gdviewer.ui.network.page import Page


class ExamplePage(Page):
    """Shows an :class:`Inside`; anew when another example is chosen."""

    def key(self) -> tuple[Any, ...]:
        return self.example.chosen

    def computation(self, network: Network, run: Run, step: int) -> Callable[[], Inside]:
        data, row = self.example.of(network)
        return lambda: look_inside(network, run, step, data, row)

    def show_result(self, result: Inside) -> None:
        raise NotImplementedError

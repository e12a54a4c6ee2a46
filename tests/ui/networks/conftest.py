"""A window on a network that was trained for some steps, with one of its pages in front."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.stop import Limits
from gdviewer.experiment.experiment import Experiment, RunPlan
from gdviewer.problems.networks.network import Network
from gdviewer.ui.networks.page import Page
from gdviewer.ui.window import MainWindow


class Trained:
    """Opens such windows, and moves their cursor."""

    def __init__(self, open_window: Callable[..., MainWindow], qtbot: Any) -> None:
        self._open, self._qtbot = open_window, qtbot

    def __call__(
        self, kind: type[Page], name: str = "network", steps: int = 40, problem: Network | None = None,
        rates: tuple[float, ...] = (0.02,), **values: Any,
    ) -> tuple[MainWindow, Any]:  # fmt: skip
        """The window, and its page of a kind on the side of what the network does, when it shows the last step."""
        problem = problem or problems.get(name, **values)
        plans = [RunPlan(optimizers.get("adam"), {"learning_rate": rate}, color=i) for i, rate in enumerate(rates)]
        limits = Limits(tolerance=None, max_steps=steps)
        window = self._open(Experiment(problem, tuple(plans), tuple(problem.start.tolist()), limits))
        window.session.finish()
        return window, self.turn_to(window, kind)

    def turn_to(self, window: MainWindow, kind: type[Page]) -> Any:
        """A page that is brought to the front."""
        does = window.stage.plot.does
        does.turn_to(kind.title)
        assert isinstance(does.page, kind)
        self.wait(does.page)
        return does.page

    def settled(self, page: Page) -> bool:
        """Whether a page shows what is looked at now."""
        page.renew()
        return page.current

    def wait(self, page: Page) -> None:
        """Wait until it does."""
        self._qtbot.waitUntil(lambda: self.settled(page))

    def look_at(self, window: MainWindow, page: Page, step: int) -> None:
        """Put the cursor on a step, and wait for the page."""
        window.session.look_at(step)
        self.wait(page)


@pytest.fixture
def trained(open_window, qtbot) -> Trained:
    """Open windows on networks that were trained."""
    return Trained(open_window, qtbot)

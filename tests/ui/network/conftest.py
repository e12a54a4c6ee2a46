"""A window on a network that was trained for some steps, with one of its pages in front."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtWidgets import QWidget

from gdviewer import optimizers, problems
from gdviewer.engine.run.stop import Limits
from gdviewer.experiment.experiment import Experiment
from gdviewer.experiment.plan import RunPlan
from gdviewer.problems.networks.network import Network
from gdviewer.ui.app.main_window import MainWindow
from gdviewer.ui.network.page import Page


class Trained:
    """Opens such windows, and moves their cursor."""

    def __init__(self, open_window: Callable[..., MainWindow], qtbot: Any) -> None:
        self._open, self._qtbot = open_window, qtbot

    def __call__(
        self, kind: type[Page], name: str = "network", steps: int = 40, problem: Network | None = None,
        rates: tuple[float, ...] = (0.02,), **values: Any,
    ) -> tuple[MainWindow, Any]:  # fmt: skip
        """The window, and its page of a kind of the results, when it shows the last step."""
        problem = problem or problems.get(name, **values)
        plans = [RunPlan(optimizers.get("adam"), {"learning_rate": rate}, color=i) for i, rate in enumerate(rates)]
        limits = Limits(tolerance=None, max_steps=steps)
        window = self._open(Experiment(problem, tuple(plans), tuple(problem.start.tolist()), limits))
        window.session.player.finish()
        return window, self.turn_to(window, kind)

    def turn_to(self, window: MainWindow, kind: type[Page]) -> Any:
        """A page that is brought to the front."""
        results = window.main_view.plot.results
        results.turn_to(kind.title)
        assert isinstance(results.page, kind)
        self.wait(results.page)
        return results.page

    def settled(self, page: Page) -> bool:
        """True if a page shows the current step."""
        page.renew()
        return page.current

    def wait(self, page: Page) -> None:
        """Wait until a page shows the current step."""
        self._qtbot.waitUntil(lambda: self.settled(page))

    def look_at(self, window: MainWindow, page: Page, step: int) -> None:
        """Put the cursor on a step, and wait for the page."""
        window.session.cursor.look_at(step)
        self.wait(page)


@pytest.fixture
def trained(open_window, qtbot) -> Trained:
    """Open windows on networks that were trained."""
    return Trained(open_window, qtbot)


@pytest.fixture
def reported_at(qtbot) -> Callable[[Page, QWidget, QPointF], str]:
    """Return what a page reports of a position in one of its widgets when the mouse moves there."""

    def report_at(page: Page, widget: QWidget, position: QPointF) -> str:
        reported: list[str] = []
        qtbot.mouseMove(widget, QPoint(1, 1))
        page.hovered.connect(reported.append)
        qtbot.mouseMove(widget, position.toPoint())
        qtbot.waitUntil(lambda: any(reported))  # on a display the mouse comes later, and may leave the widget again
        page.hovered.disconnect(reported.append)
        return next(text for text in reversed(reported) if text)

    return report_at

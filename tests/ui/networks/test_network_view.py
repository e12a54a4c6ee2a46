"""What is seen of a network side by side, and what has room."""

from __future__ import annotations

import pytest

from gdviewer import problems
from gdviewer.experiment.experiment import Experiment, usual_limits, usual_runs
from gdviewer.ui.theme import look


@pytest.fixture
def view(open_window):
    """The view of a convolutional network, the one with most pages, in a theme of large letters."""
    look().choose("projector")
    network = problems.get("convolutional_network")
    plans, limits = usual_runs(network), usual_limits(network)
    window = open_window(Experiment(network, plans, tuple(network.start.tolist()), limits))
    return window.stage.plot


def test_that_all_tabs_are_whole_on_a_projector(view):
    for pages in (view.does, view.inside):
        bar = pages.tabBar()
        shown = [i for i in range(bar.count()) if bar.isTabVisible(i)]
        assert bar.tabRect(shown[0]).left() >= 0
        assert bar.tabRect(shown[-1]).right() < pages.width()
        for i in shown:
            assert bar.tabRect(i).width() > bar.fontMetrics().horizontalAdvance(bar.tabText(i))


def test_that_what_is_beside_a_page_is_whole_on_a_projector(view, qtbot):
    view.inside.turn_to("Weights")
    told = view.does.page.bar.told
    qtbot.waitUntil(lambda: "wrong" in told.text(), timeout=20_000)
    qtbot.waitUntil(lambda: told.width() >= told.fontMetrics().horizontalAdvance(told.text()))
    for button in view.inside.page.choice.buttons.values():
        assert button.width() >= button.fontMetrics().horizontalAdvance(button.text()) + 12  # its padding and border

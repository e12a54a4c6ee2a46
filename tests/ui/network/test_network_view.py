"""The pages on a network that are side by side, and their widths."""

from __future__ import annotations

import pytest

from gdviewer import problems
from gdviewer.experiment.experiment import Experiment, default_limits, default_runs
from gdviewer.ui.widgets.theme import look


@pytest.fixture
def view(open_window):
    """The view of a convolutional network, the one with most pages, in a theme of large letters."""
    look().choose("projector")
    network = problems.get("convolutional_network")
    plans, limits = default_runs(network), default_limits(network)
    window = open_window(Experiment(network, plans, tuple(network.start.tolist()), limits))
    return window.main_view.plot


def test_that_all_tabs_are_whole_on_a_projector(view):
    for pages in (view.results, view.inside):
        bar = pages.tabBar()
        shown = [i for i in range(bar.count()) if bar.isTabVisible(i)]
        assert bar.tabRect(shown[0]).left() >= 0
        assert bar.tabRect(shown[-1]).right() < pages.width()
        for i in shown:
            assert bar.tabRect(i).width() > bar.fontMetrics().horizontalAdvance(bar.tabText(i))


def test_that_what_is_beside_a_page_is_whole_on_a_projector(view, qtbot):
    view.inside.turn_to("Weights")
    reported, choice = view.results.page.bar.summary, view.inside.page.choice
    qtbot.waitUntil(lambda: "wrong" in reported.text(), timeout=20_000)

    def has_room():
        letters = reported.fontMetrics()
        return reported.width() >= letters.horizontalAdvance(reported.text()) and all(
            button.width() >= letters.horizontalAdvance(button.text()) + 12  # its padding and border
            for button in choice.buttons.values()
        )

    qtbot.waitUntil(has_room)

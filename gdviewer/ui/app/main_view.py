"""The main view: the plot or page that fits the kind of problem."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget

from gdviewer.text import tr
from gdviewer.ui.plots.base import Plot
from gdviewer.ui.plots.landscape_plot import LandscapeView
from gdviewer.ui.plots.steps_plot import COMPONENTS, MAX_COMPONENTS, StepsPlot
from gdviewer.ui.session.session import Session

if TYPE_CHECKING:
    from gdviewer.ui.network.network_view import NetworkView
    from gdviewer.ui.plots.plane_view import PlaneView


class MainView(QStackedWidget):
    """Shows a landscape, a curve, a plane, components over the steps, or a network, depending on the problem.

    Signals:
        hovered: a line of text about the item under the mouse.
    """

    hovered = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._pages: dict[str, Page] = {}
        session.problem_changed.connect(self._show_page)
        self._show_page()

    @property
    def plot(self) -> Plot[Any] | NetworkView:
        """The plot that is shown."""
        return self._page.plot

    def show_example(self, row: int) -> None:
        """Select a row of the training data, counted from 0, on the pages of a network."""
        if self._session.experiment.problem.picture == "network":
            self.plot.example.choose(row)

    def close_threads(self) -> None:
        """End the threads that compute pictures."""
        for page in self._pages.values():
            page.plot.close_threads()

    def _show_page(self) -> None:
        picture = self._session.experiment.problem.picture
        if picture not in self._pages:
            page = self._pages[picture] = _PAGES[picture](self._session)
            page.plot.setAccessibleName(tr("Problem and runs"))
            page.plot.hovered.connect(self.hovered)
            self.addWidget(page)
        self._page = self._pages[picture]
        self.setCurrentWidget(self._page)


class _Components(QWidget):
    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.plot = StepsPlot(session, COMPONENTS)
        self._title = QLabel(wordWrap=True)
        self._title.setContentsMargins(8, 6, 8, 2)
        layout = QVBoxLayout(self)
        layout.setSpacing(0)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._title)
        layout.addWidget(self.plot, 1)
        session.problem_changed.connect(self._show_title)
        self._show_title()

    def _show_title(self) -> None:
        n = self._session.experiment.problem.dimension
        shown = tr("the first {k} of {n}", k=MAX_COMPONENTS, n=n) if n > MAX_COMPONENTS else tr("all {n}", n=n)
        self._title.setText(tr("Components of the point over the steps ({which})", which=shown))


class _Curve(QWidget):
    def __init__(self, session: Session) -> None:
        super().__init__()
        from gdviewer.ui.plots.curve_plot import CurvePlot  # loaded on first use: the window opens without it

        self.plot = CurvePlot(session)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)


def _plane(session: Session) -> PlaneView:
    from gdviewer.ui.plots.plane_view import PlaneView

    return PlaneView(session)


def _network(session: Session) -> NetworkView:
    from gdviewer.ui.network.network_view import NetworkView

    return NetworkView(session)


if TYPE_CHECKING:
    Page = LandscapeView | PlaneView | NetworkView | _Components | _Curve

_PAGES: dict[str, Callable[[Session], Page]] = {  # each is made on first use
    "landscape": LandscapeView,
    "curve": _Curve,
    "plane": _plane,
    "components": _Components,
    "network": _network,
}

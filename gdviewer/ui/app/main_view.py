"""The main plot: the one that fits the problem."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget

from gdviewer.text import tr
from gdviewer.ui.plots.base import Plot
from gdviewer.ui.plots.landscape_plot import LandscapeView
from gdviewer.ui.plots.steps_plot import COMPONENTS, MAX_COMPONENTS, StepsPlot
from gdviewer.ui.session.session import Session

if TYPE_CHECKING:
    from gdviewer.ui.network.network_view import NetworkView


class MainView(QStackedWidget):
    """Shows a landscape, a curve, a plane, components over the steps, or a network, as the problem asks.

    Signals:
        hovered: what is under the mouse, as a line of text.
    """

    hovered = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._made: dict[str, QWidget] = {}
        session.problem_changed.connect(self._match)
        self._match()

    @property
    def plot(self) -> Plot | NetworkView:
        """The plot that is shown."""
        return self.currentWidget().plot

    def show_example(self, row: int) -> None:
        """Have a network's pages look at a row of the training data, from 0."""
        if self._session.experiment.problem.picture == "network":
            self.plot.example.choose(row)

    def close_threads(self) -> None:
        """End the threads that compute pictures."""
        for page in self._made.values():
            page.plot.close_threads()

    def _match(self) -> None:
        picture = self._session.experiment.problem.picture
        if picture not in self._made:
            page = self._made[picture] = _PAGES[picture](self._session)
            page.plot.setAccessibleName(tr("Problem and runs"))
            page.plot.hovered.connect(self.hovered)
            self.addWidget(page)
        self.setCurrentWidget(self._made[picture])


class _Components(QWidget):
    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.plot = StepsPlot(session, COMPONENTS)
        self._title = QLabel(wordWrap=True)
        self._title.setContentsMargins(8, 6, 8, 2)
        layout = QVBoxLayout(self, spacing=0)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._title)
        layout.addWidget(self.plot, 1)
        session.problem_changed.connect(self._match)
        self._match()

    def _match(self) -> None:
        n = self._session.experiment.problem.dimension
        shown = tr("the first {k} of {n}", k=MAX_COMPONENTS, n=n) if n > MAX_COMPONENTS else tr("all {n}", n=n)
        self._title.setText(tr("Components of the point over the steps ({which})", which=shown))


class _Curve(QWidget):
    def __init__(self, session: Session) -> None:
        super().__init__()
        from gdviewer.ui.plots.curve_plot import CurvePlot  # loaded when first needed, as the window opens without it

        self.plot = CurvePlot(session)
        layout = QVBoxLayout(self, spacing=0)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)


def _plane(session: Session) -> QWidget:
    from gdviewer.ui.plots.plane_view import PlaneView  # the same

    return PlaneView(session)


def _network(session: Session) -> QWidget:
    from gdviewer.ui.network.network_view import NetworkView  # the same

    return NetworkView(session)


_PAGES = {  # each is made when first needed
    "landscape": LandscapeView,
    "curve": _Curve,
    "plane": _plane,
    "components": _Components,
    "network": _network,
}

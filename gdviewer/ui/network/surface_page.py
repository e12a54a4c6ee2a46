"""The page of the loss surface of a network, with the choice of its plane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from PySide6.QtWidgets import QToolButton, QVBoxLayout

from gdviewer.engine.run.run import Run
from gdviewer.problems.networks.network import Network
from gdviewer.text import number_text, tr
from gdviewer.ui.network.page import Page
from gdviewer.ui.network.selected_example import SelectedExample
from gdviewer.ui.network.surface_plot import SurfacePlot
from gdviewer.ui.plots.plane_plot import RANDOM
from gdviewer.ui.plots.plane_view import PlaneView
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.keys import keys_by_tab


class _PointReport(NamedTuple):
    """The position of a point of a run relative to the plane.

    Attributes:
        title: the optimizer; step: the step of the point.
        rows: the number of rows over which both losses are computed.
        distance: the distance of the point from the plane.
        loss: the loss at the point; height: the loss at its projection on the plane.
    """

    title: str
    step: int
    rows: int
    distance: float
    loss: float
    height: float


class SurfacePage(Page):
    """The loss on a plane, the projected paths, and the true loss at the current point.

    Attributes:
        view: the plot with its bar; plot: the plot.
        others: the button that draws other random directions; hidden for other planes.
    """

    title = tr("Loss surface")
    pause = 0.5

    def __init__(self, session: Session, example: SelectedExample) -> None:
        super().__init__(session, example)
        self.view = PlaneView(session, SurfacePlot, narrow=True)
        self.plot: SurfacePlot = self.view.plot
        self.plot.setAccessibleName(tr("Loss surface"))
        self.others = QToolButton()
        self.others.setText(tr("Others"))
        self.others.setToolTip(tr("Draw other random directions."))
        self.others.clicked.connect(self.plot.draw_others)
        keys_by_tab(self.others)
        self.view.bar.addWidget(self.others)
        self.view.kind.currentIndexChanged.connect(self._show_buttons)
        self.plot.hovered.connect(self.hovered)
        self.plot.noted.connect(self.renew)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        self._show_buttons()

    def key(self) -> tuple[Any, ...]:
        return (self.plot.surface.plane,)

    def computation(self, network: Network, run: Run, step: int) -> Callable[[], Any]:
        plane, title = self.plot.surface.plane, run.optimizer.title

        def compute() -> _PointReport:
            x = run.point(step)
            distance = plane.distance(x)
            if distance < 1e-12 * float(np.abs(x).max()):  # rounding error: it is on the plane
                distance = 0.0
            loss, height = (float(network.value(point)) for point in (x, plane.lift(plane.project(x))))
            return _PointReport(title, step, len(network.targets), distance, loss, height)

        return compute

    def show_result(self, result: _PointReport) -> None:
        self.plot.note = tr(
            "{optimizer} after step {step}: loss {loss}, on the plane {height} (all {n} rows), distance {distance}",
            optimizer=result.title, step=f"{result.step:,}", loss=number_text(float(f"{result.loss:.4g}")),
            height=number_text(float(f"{result.height:.4g}")), n=f"{result.rows:,}", distance=f"{result.distance:.3g}",
        )  # fmt: skip
        self.view.refresh()

    def show_all(self) -> None:
        self.plot.show_all()

    def restyle(self) -> None:
        """Do nothing: the plot applies the theme itself."""

    @property
    def computing(self) -> bool:
        return super().computing or self.plot.computing

    def close_threads(self) -> None:
        super().close_threads()
        self.plot.close_threads()

    def _show_buttons(self) -> None:
        self.others.setVisible(self.view.kind.currentData() == RANDOM)

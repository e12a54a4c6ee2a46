"""The loss surface of a network, with the choice of the plane it is drawn on."""

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


class _Here(NamedTuple):
    """How a point lies to the plane: its distance, its loss, and the height of its projection, both over all rows."""

    title: str
    step: int
    rows: int
    distance: float
    loss: float
    height: float


class SurfacePage(Page):
    """The loss on a plane, the descents on it, and how far the truth is from what is drawn."""

    title = tr("Loss surface")
    pause = 0.5

    def __init__(self, session: Session, example: SelectedExample) -> None:
        super().__init__(session, example)
        self.view = PlaneView(session, SurfacePlot, narrow=True)
        self.plot: SurfacePlot = self.view.plot
        self.plot.setAccessibleName(tr("Loss surface"))
        self.others = QToolButton(text=tr("Others"))
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

        def look() -> _Here:
            x = run.point(step)
            distance = plane.distance(x)
            if distance < 1e-12 * float(np.abs(x).max()):  # but for rounding it is on it
                distance = 0.0
            loss, height = (float(network.value(point)) for point in (x, plane.lift(plane.project(x))))
            return _Here(title, step, len(network.targets), distance, loss, height)

        return look

    def show_result(self, result: _Here) -> None:
        self.plot.note = tr(
            "{optimizer} after step {step}: loss {loss}, on the plane {height}, over all {n} rows; {distance} off it",
            optimizer=result.title, step=f"{result.step:,}", loss=number_text(float(f"{result.loss:.4g}")),
            height=number_text(float(f"{result.height:.4g}")), n=f"{result.rows:,}", distance=f"{result.distance:.3g}",
        )  # fmt: skip
        self.view.refresh()

    def show_all(self) -> None:
        self.plot.show_all()

    def restyle(self) -> None:
        """The plot takes the colours itself."""

    @property
    def computing(self) -> bool:
        return super().computing or self.plot.computing

    def close_threads(self) -> None:
        super().close_threads()
        self.plot.close_threads()

    def _show_buttons(self) -> None:
        self.others.setVisible(self.view.kind.currentData() == RANDOM)

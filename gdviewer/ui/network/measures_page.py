"""Loss and accuracy over the epochs, and at the current step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QVBoxLayout

from gdviewer.engine.run.run import Run
from gdviewer.inspection.epoch_metrics import Epochs, measure
from gdviewer.problems.networks.network import Network
from gdviewer.text import tr
from gdviewer.ui.network.measures_plot import ACCURACY, LOSS, MeasuresPlot
from gdviewer.ui.network.page import Page
from gdviewer.ui.network.selected_example import SelectedExample
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.keys import keys_by_tab

_SECONDS = 0.02, 0.15  # computing time at once: while the runs are played, and while they are paused


class MeasuresPage(Page):
    """The curves, with the values at the cursor above them."""

    title = tr("Measures")
    rest = 9.0  # a tenth of one core

    def __init__(self, session: Session, example: SelectedExample) -> None:
        super().__init__(session, example)
        self.epochs = Epochs()
        self.head = QLabel(textFormat=Qt.TextFormat.RichText)
        self.head.setToolTip(tr("Values of the selected run at the current step, over all rows, without dropout."))
        self.log = QCheckBox(tr("log"))
        self.log.setToolTip(tr("Logarithmic axis of the loss."))
        keys_by_tab(self.log)
        self.loss = MeasuresPlot(session, self.epochs, LOSS)
        self.accuracy = MeasuresPlot(session, self.epochs, ACCURACY)
        self.loss.setAccessibleName(tr("Loss over the epochs"))
        self.accuracy.setAccessibleName(tr("Accuracy over the epochs"))
        self.log.toggled.connect(self.loss.set_log)
        top = QHBoxLayout()
        top.setContentsMargins(6, 4, 6, 2)
        top.addWidget(self.head, 1)
        top.addWidget(self.log, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setSpacing(0)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(top)
        for plot in self.plots:
            plot.hovered.connect(self.hovered)
            layout.addWidget(plot, 1)
        session.problem_changed.connect(self._match)
        self._match()
        for plot in self.plots:
            plot.restyle()

    @property
    def plots(self) -> tuple[MeasuresPlot, MeasuresPlot]:
        """The plots of loss and accuracy."""
        return self.loss, self.accuracy

    def _match(self) -> None:
        network = self.network
        self.accuracy.setVisible(network is not None and bool(network.train.classes))

    def show_all(self) -> None:
        for plot in self.plots:
            plot.show_all()

    def restyle(self) -> None:
        """Do nothing: the plots follow the theme themselves."""

    def _runs(self) -> list[Run]:
        """Return the runs whose curves are shown."""
        return [run for plan, run in self.session.shown
                if plan.visible and run.begun and isinstance(run.problem, Network)]  # fmt: skip

    def key(self) -> tuple[Any, ...]:
        return tuple((run, len(self.epochs.missing(run))) for run in self._runs())

    def computation(self, network: Network, run: Run, step: int) -> Callable[[], Any]:
        missing = [(other, self.epochs.missing(other)) for other in self._runs()]
        seconds = _SECONDS[not self.session.player.playing] / max(1, len(missing))
        known = self.epochs.at(run, step)

        def compute() -> tuple[Run, int, dict[str, float], list[tuple[Run, dict[int, dict[str, float]]]]]:
            now = known or network.metrics(run.point(step))
            return run, step, now, [(other, measure(other, steps, seconds)) for other, steps in missing]

        return compute

    def show_result(self, result: Any) -> None:
        run, step, now, found = result
        for other, metrics in found:
            for at, values in metrics.items():
                self.epochs.add(other, at, values)
        if isinstance(run.problem, Network):
            self.head.setText(_head(run.problem, step, now))
        for plot in self.plots:
            if plot.isVisible():
                plot.draw()


def _head(network: Network, step: int, now: dict[str, float]) -> str:
    """Return the values at the cursor as a small HTML table."""
    parts = [part for part in ("train", "test") if f"{part}_loss" in now]
    signs = {"train": tr("train") + " ──", "test": tr("test") + " ╌╌"}
    epoch = f"{step / network.batches.count:,.2f}"
    table = [[tr("epoch {epoch}", epoch=epoch), *(signs[part] for part in parts)]]
    table.append([tr("loss"), *(f"{now[f'{part}_loss']:.4g}" for part in parts)])
    if "train_accuracy" in now:
        table.append([tr("accuracy"), *(f"{100 * now[f'{part}_accuracy']:.2f} %" for part in parts)])
    rows = ("".join(f'<td style="padding-right: 8px">{text}</td>' for text in row) for row in table)
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"

"""The page of the predictions for each row, wrong ones first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QPushButton, QTableView, QVBoxLayout

from gdviewer.engine.run.run import Run
from gdviewer.inspection.prediction_scores import PredictionScores, score_predictions
from gdviewer.problems.networks.dataset import Dataset
from gdviewer.problems.networks.network import Network
from gdviewer.text import tr
from gdviewer.ui.network.page import Page
from gdviewer.ui.network.part_bar import PartBar
from gdviewer.ui.network.pictures import Pictures
from gdviewer.ui.network.prediction_rows import PredictionModel
from gdviewer.ui.network.selected_example import SelectedExample
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.keys import keys_by_tab


class PredictionsPage(Page):
    """Pictures of images, or a table of other rows; a click selects the example.

    Attributes:
        rows: the model of the listed rows.
        bar: the choice of training or test data, and the number of wrong predictions.
        all: the button that lists all rows; hidden if they are listed.
        pictures, table: the views of the rows, one of which is visible; views: both.
    """

    title = tr("Predictions")
    pause = 0.4  # seconds; a list that is sorted again more often cannot be read

    def __init__(self, session: Session, example: SelectedExample) -> None:
        super().__init__(session, example)
        self.rows = PredictionModel()
        self.bar = PartBar(example)
        self.all = QPushButton(tr("Show all"))
        self.all.setToolTip(tr("List all rows, not only those of one cell of the confusion matrix."))
        self.all.clicked.connect(lambda: self.example.list_rows(self.example.listed))
        keys_by_tab(self.all)
        self.pictures = Pictures(self.rows)
        self.table = QTableView()
        self.table.setModel(self.rows)
        self.table.verticalHeader().hide()
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setWordWrap(False)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setTextElideMode(Qt.TextElideMode.ElideRight)
        for column in (0, 3):  # fixed: a fit to the contents reads all rows each time
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        self.table.setMouseTracking(True)
        self.bar.summary.setToolTip(
            tr("The most certain wrong predictions come first, then the least certain correct ones; for numbers, the "
               "largest errors (root mean square). Bars: probabilities of the classes; the true class is blue, a wrong "
               "predicted class red.")
        )  # fmt: skip
        top = QHBoxLayout()
        top.setContentsMargins(0, 0, 8, 0)
        top.addWidget(self.bar, 1)
        top.addWidget(self.all)
        layout = QVBoxLayout(self)
        layout.setSpacing(0)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(top)
        self.views: tuple[QAbstractItemView, QAbstractItemView] = self.pictures, self.table
        for view in self.views:
            view.setAccessibleName(tr("Rows with their predictions, worst first"))
            view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
            view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
            view.entered.connect(lambda index: self.hovered.emit(self.rows.describe(self._row(index))))
            view.selectionModel().currentChanged.connect(self._choose)
            layout.addWidget(view, 1)
        keys_by_tab(*self.views)
        self._choosing = False
        session.problem_changed.connect(self._match)
        self._match()
        if self.network:
            self._show_as(self.network.train)

    def _show_as(self, data: Dataset) -> None:
        """Show the pictures for images with classes, else the table; the model must not hold rows of other data."""
        images = data.kind == "images" and bool(data.classes)
        self.pictures.setVisible(images)
        self.table.setVisible(not images)

    def _match(self) -> None:
        network = self.network
        if network:
            self._fit()
            cell = self.example.cell
            if cell and max(cell) >= len(network.train.classes):
                self.example.list_rows(self.example.listed)

    def _fit(self) -> None:
        """Fit the fixed columns to their contents; the others are at least as wide as a number."""
        metrics, network = self.table.fontMetrics(), self.network
        numbers = network is not None and not network.train.classes
        self.table.horizontalHeader().setMinimumSectionSize(
            metrics.horizontalAdvance("−0.0000" if numbers else "✗ A") + 14
        )
        for column, widest in ((0, "99,999"), (3, "0.00000" if numbers else tr("probability"))):
            self.table.setColumnWidth(column, metrics.horizontalAdvance(widest) + 14)

    def restyle(self) -> None:
        self._fit()
        self.again()

    def key(self) -> tuple[Any, ...]:
        return self.example.listed, self.example.cell, self.example.chosen

    def computation(self, network: Network, run: Run, step: int) -> Callable[[], Any]:
        listed, cell = self.example.listed, self.example.cell

        def compute() -> tuple[PredictionScores, NDArray[np.intp], tuple[int, int] | None]:
            scores = score_predictions(network, run.point(step), listed)
            order = scores.order
            return scores, order[scores.in_cell(cell)[order]] if cell and scores.data.classes else order, cell

        return compute

    def show_result(self, result: Any) -> None:
        scores, order, cell = result
        network = self.network
        if network is None:
            return
        self._choosing = True  # the selection follows its row to its new position, without scrolling
        self.rows.show_rows(scores, order)
        self._show_as(scores.data)
        self.bar.match(network)
        self.all.setVisible(cell is not None)
        self.bar.summary.setText(_count_text(scores, order, cell))
        row, part = self.example.row_of(network)
        positions = np.flatnonzero(order == row).tolist() if part == scores.part else []
        for view in self.views:
            view.setAutoScroll(False)
            if positions:
                view.selectionModel().setCurrentIndex(
                    self.rows.index(positions[0], 0),
                    view.selectionModel().SelectionFlag.ClearAndSelect | view.selectionModel().SelectionFlag.Rows,
                )
            else:
                view.selectionModel().clear()
            view.setAutoScroll(True)
        self._choosing = False

    def _row(self, index: QModelIndex) -> int:
        return int(self.rows.order[index.row()])

    def _choose(self, index: QModelIndex) -> None:
        scores = self.rows.scores
        if not self._choosing and scores and index.isValid():
            self.example.choose(self._row(index), scores.part)


def _count_text(scores: PredictionScores, order: NDArray[np.intp], cell: tuple[int, int] | None) -> str:
    """Return the number of wrong rows and of all, the number of rows in a cell, or the error over all rows."""
    classes, count = scores.data.classes, len(scores.data)
    if cell and classes:
        return tr(
            "{true} predicted as {predicted}: {k}", k=len(order), true=classes[cell[0]], predicted=classes[cell[1]]
        )
    if classes and scores.data.per_step:
        return tr("{k} of {n} wrong", k=int((scores.wrong > 0).sum()), n=count)
    if classes:
        return tr("{k} of {n} wrong", k=int(scores.wrong.sum()), n=count)
    if not count:
        return ""
    mean = float(np.sqrt((scores.error_scores**2).mean()))
    return tr("error {e}", e=f"{mean:.4g}")

"""The results of a sweep, a row for each value; it is also the legend of the curves."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from gdviewer.engine.run.stop import Reason
from gdviewer.experiment.sweep import RATE, Sweep, value_title
from gdviewer.experiment.sweep_findings import Summary, summaries
from gdviewer.text import tr
from gdviewer.ui.sweeps.plot import value_colors
from gdviewer.ui.widgets.theme import look


class Results(QTableWidget):
    """A row for each value: its colour, final loss and steps, as medians over its runs.

    Signals:
        chosen: the selected value, or None.
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._sweep: Sweep | None = None
        self._shown: tuple[object, ...] = ()
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName(tr("Results of the values"))
        self.setToolTip(tr("The result of each value and its colour in the plot; select a row to see its curve."))
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setMinimumWidth(240)
        self.itemSelectionChanged.connect(self._emit_value)
        look().changed.connect(self.refresh)

    def show_sweep(self, sweep: Sweep) -> None:
        """Show another sweep."""
        self._sweep = sweep
        self.clear()
        self.setRowCount(len(sweep.values))
        self.refresh()

    @property
    def value(self) -> Any:
        """The selected value; None if no row is selected."""
        rows = self.selectionModel().selectedRows()
        return self._sweep.values[rows[0].row()] if rows and self._sweep else None

    def refresh(self) -> None:
        """Show the new results."""
        sweep = self._sweep
        theme = look().theme
        if sweep is None or self._shown == (sweep, len(sweep.outcomes), theme):
            return
        self._shown = sweep, len(sweep.outcomes), theme
        lines = {line.value: line for line in summaries(sweep)}
        columns = self._columns(sweep, list(lines.values()))
        if self.columnCount() != len(columns):
            self.setColumnCount(len(columns))
        self.setHorizontalHeaderLabels(list(columns))
        colors = value_colors(len(sweep.values), theme)
        for row, (value, color) in enumerate(zip(sweep.values, colors, strict=True)):
            line = lines.get(value)
            texts = self._texts(sweep, line, columns) if line else [""] * (len(columns) - 1)
            for column, text in enumerate([value_title(sweep.what, value), *texts]):
                item = self._cell(row, column)
                if item.text() != text:
                    item.setText(text)
                if line and column:
                    item.setToolTip(self._tip(line))
            self._cell(row, 0).setIcon(_swatch(color))
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)

    def _cell(self, row: int, column: int) -> QTableWidgetItem:
        item = self.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            side = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
            item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.setItem(row, column, item)
        return item

    @staticmethod
    def _columns(sweep: Sweep, lines: list[Summary]) -> dict[str, str]:
        """Return the attribute of a summary for each heading."""
        columns = {tr("Value"): "value", tr("Final loss"): "end"}
        measured = {name for line in lines for name in line.measures}
        if "test_accuracy" in measured:
            columns[tr("Test accuracy")] = "test_accuracy"
        elif "test_loss" in measured:
            columns[tr("Test loss")] = "test_loss"
        columns[tr("Steps")] = "steps"
        if sweep.what != RATE and any(line.rate > 0 for line in lines) and sweep.finds_rates:
            columns[tr("Rate")] = "rate"
        return columns

    @staticmethod
    def _texts(sweep: Sweep, line: Summary, columns: dict[str, str]) -> list[str]:
        failed = any(run.stop and run.stop.reason is Reason.ERROR for run in sweep.of(line.value))
        no_loss = tr("failed") if failed else tr("diverged")
        texts = []
        for name in list(columns.values())[1:]:
            if name == "steps":
                reached = sweep.target is None or (line.reached is not None and np.isfinite(line.reached))
                texts.append(f"{line.steps:,.0f}" if reached else f"> {line.steps:,.0f}")
            elif name in line.measures:
                percent = name.endswith("accuracy")
                texts.append(f"{line.measures[name]:.1%}" if percent else f"{line.measures[name]:.3g}")
            else:
                number = getattr(line, name, np.nan)
                texts.append(f"{number:.3g}" if np.isfinite(number) else no_loss if name == "end" else "–")
        return texts

    @staticmethod
    def _tip(line: Summary) -> str:
        quartiles = tr("Quartiles of the final loss: {low} … {high}", low=f"{line.low:.4g}", high=f"{line.high:.4g}")
        runs = tr("{n} runs, of which {diverged} diverged", n=line.runs, diverged=line.diverged)
        return f"{quartiles}\n{runs}"

    def _emit_value(self) -> None:
        self.chosen.emit(self.value)


def _swatch(color: QColor) -> QIcon:
    pixmap = QPixmap(14, 14)
    pixmap.fill(color)
    icon = QIcon(pixmap)
    icon.addPixmap(pixmap, QIcon.Mode.Selected)  # the colour does not change in a selected row
    return icon

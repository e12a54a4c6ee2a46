"""The curves of a sweep: in one plot, or in a small plot for each value."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gdviewer.experiment.sweep import Sweep, value_title
from gdviewer.text import tr
from gdviewer.ui.session.session import Session
from gdviewer.ui.sweeps.plot import SweepPlot
from gdviewer.ui.widgets.keys import keys_by_tab


class SweepCurves(QWidget):
    """The plots of a sweep and the switches of their axes.

    Attributes:
        overlay: the plot of all values; small: the plots of one value each, made on first use.
        log_steps, log_values, apart: the switches.

    Signals:
        hovered: a line of text about the item under the mouse.
    """

    hovered = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._sweep: Sweep | None = None
        self._emphasis: Any = None
        self.overlay = SweepPlot(session)
        self.overlay.hovered.connect(self.hovered)
        self.small: list[SweepPlot] = []
        self._grid = QWidget(visible=False)
        self._cells = QGridLayout(self._grid)
        self._cells.setHorizontalSpacing(6)
        self._cells.setVerticalSpacing(2)
        self._cells.setContentsMargins(0, 0, 0, 0)
        self.log_steps = self._switch(tr("log steps"), tr("Logarithmic axis of the steps."))
        self.log_values = self._switch(tr("log loss"), tr("Logarithmic axis of the loss."))
        self.log_values.setChecked(True)
        self.apart = self._switch(tr("one plot each"), tr("A small plot for each value, on the same axes."))
        switches = QHBoxLayout()
        switches.setSpacing(10)
        for switch in (self.log_steps, self.log_values, self.apart):
            switches.addWidget(switch)
            switch.toggled.connect(self._arrange)
        switches.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setSpacing(4)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(switches)
        layout.addWidget(self.overlay, 1)
        layout.addWidget(self._grid, 1)

    def show_sweep(self, sweep: Sweep) -> None:
        """Show another sweep, with a logarithmic axis of steps if each value runs to the same loss."""
        self._sweep = sweep
        self._emphasis = None
        self.log_steps.setChecked(sweep.target is not None)
        self.overlay.show_sweep(sweep, sweep.values)
        self._drop_small()
        self._arrange()

    def refresh(self) -> None:
        """Draw the new results."""
        for plot in self._shown:
            plot.refresh()

    def emphasise(self, value: Any) -> None:
        """Draw the curve of one value wider; None for no value."""
        self._emphasis = value
        for plot in (self.overlay, *self.small):
            plot.emphasise(value)

    @property
    def _shown(self) -> list[SweepPlot]:
        return self.small if self.apart.isChecked() else [self.overlay]

    @staticmethod
    def _switch(text: str, tip: str) -> QCheckBox:
        switch = QCheckBox(text)
        switch.setToolTip(tip)
        keys_by_tab(switch)
        return switch

    def _arrange(self) -> None:
        apart = self.apart.isChecked()
        if apart and not self.small and self._sweep:
            self._make_small(self._sweep)
        self.overlay.setVisible(not apart)
        self._grid.setVisible(apart)
        for plot in (self.overlay, *self.small):
            plot.set_logarithmic(self.log_steps.isChecked(), self.log_values.isChecked())
            plot.refresh()

    def _make_small(self, sweep: Sweep) -> None:
        columns = math.ceil(math.sqrt(len(sweep.values)))
        for i, value in enumerate(sweep.values):
            plot = SweepPlot(self._session)
            plot.show_sweep(sweep, [value])
            plot.emphasise(self._emphasis)
            plot.hovered.connect(self.hovered)
            cell = QWidget()
            rows = QVBoxLayout(cell)
            rows.setSpacing(0)
            rows.setContentsMargins(0, 0, 0, 0)
            rows.addWidget(QLabel(value_title(sweep.what, value)))
            rows.addWidget(plot, 1)
            self._cells.addWidget(cell, i // columns, i % columns)
            self.small.append(plot)

    def _drop_small(self) -> None:
        self.small = []
        while item := self._cells.takeAt(0):
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()

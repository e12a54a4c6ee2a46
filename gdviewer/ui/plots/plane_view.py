"""The plane, with its choice and a description above."""

from __future__ import annotations

import re
from time import perf_counter

from PySide6.QtCore import Qt
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSpinBox, QToolButton, QVBoxLayout, QWidget

from gdviewer.text import component_name, tr
from gdviewer.ui.plots.landscape_plot import LandscapeView
from gdviewer.ui.plots.plane_plot import COORDINATES, PlanePlot
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.keys import keys_by_tab

_REFRESH_SECONDS = 0.1
_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


class CoordinateBox(QSpinBox):
    """Selects a coordinate by its name or its number; its value is the index, from 0."""

    def __init__(self, session: Session, name: str) -> None:
        super().__init__()
        self.setKeyboardTracking(False)
        self.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self._session = session
        self.setAccessibleName(name)
        self.setToolTip(tr("{name}: type its number, or use the wheel or the keys ↑ and ↓.", name=name))

    def textFromValue(self, value: int) -> str:
        return component_name(self._session.experiment.problem, value)

    def valueFromText(self, text: str) -> int:
        problem = self._session.experiment.problem
        try:
            return problem.axis_names.index(text)
        except ValueError:  # not a complete name
            number = re.search(r"\d+", text.translate(_DIGITS))
            return int(number.group()) - 1 if number else self.value()

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        in_range = self.minimum() <= self.valueFromText(text) <= self.maximum()
        return QValidator.State.Acceptable if in_range else QValidator.State.Intermediate, text, position


class PlaneView(QWidget):
    """A bar over the landscape: the choice of the plane, the share of the path in it, the distance of the point.

    Args:
        session: the session.
        plot: the class of the plot.
        narrow: True if the texts do not fit beside the controls.

    Attributes:
        bar: the layout of the controls.
    """

    def __init__(self, session: Session, plot: type[PlanePlot] = PlanePlot, narrow: bool = False) -> None:
        super().__init__()
        self._session = session
        self._refreshed = 0.0
        landscape = LandscapeView(session, plot)
        self.plot: PlanePlot = landscape.plot
        self.kind = QComboBox()
        self.kind.setAccessibleName(tr("Plane"))
        self.kind.setToolTip(self.plot.kinds_tip)
        for kind, title in self.plot.kinds.items():
            self.kind.addItem(title, kind)
        self.axes = [CoordinateBox(session, tr("Coordinate across")), CoordinateBox(session, tr("Coordinate up"))]
        self.again = QToolButton()
        self.again.setText(tr("Fit again"))
        self.again.setToolTip(tr("Fit the plane to the current path or point, as is done when the runs stop."))
        self.plane_note, self.point_note = QLabel(wordWrap=True), QLabel(wordWrap=True)
        self.plane_note.setToolTip(
            tr("Share of the squared distances between the path's points and its last point that lies in the plane.")
        )
        self.point_note.setToolTip(
            tr("Distance of the point at the cursor from the plane, its loss, and the loss of its projection.")
        )
        self.point_note.setProperty("role", "muted")
        self.plane_note.setProperty("role", "muted")
        keys_by_tab(self.again)
        self.bar = QHBoxLayout()
        self.bar.setSpacing(6)
        for widget in (self.kind, *self.axes, self.again):
            self.bar.addWidget(widget)
        head = QVBoxLayout()
        head.setSpacing(2)
        head.setContentsMargins(8, 4, 8, 2)
        head.addLayout(self.bar)
        if narrow:
            self.kind.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            self.kind.setMinimumContentsLength(9)
            self.bar.setStretchFactor(self.kind, 1)
            head.addWidget(self.plane_note)
            for note in (self.plane_note, self.point_note):  # a constant height, so that the plot does not move
                note.setMinimumHeight(2 * note.fontMetrics().lineSpacing())
                note.setAlignment(Qt.AlignmentFlag.AlignTop)
        else:
            self.bar.addWidget(self.plane_note, 1)
        head.addWidget(self.point_note)
        layout = QVBoxLayout(self)
        layout.setSpacing(0)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(head)
        layout.addWidget(landscape, 1)
        self.kind.currentIndexChanged.connect(lambda: self.plot.choose(self.kind.currentData()))
        for box in self.axes:
            box.valueChanged.connect(self._choose_axes)
        self.again.clicked.connect(self.plot.update_plane)
        self.plot.noted.connect(self._refresh_if_due)
        self.refresh()

    def _choose_axes(self) -> None:
        self.plot.choose_axes(*(box.value() for box in self.axes))
        self.refresh()

    def _refresh_if_due(self) -> None:
        if perf_counter() - self._refreshed > _REFRESH_SECONDS or not self._session.player.playing:
            self.refresh()

    def refresh(self) -> None:
        """Show the texts about the current plane and the point at the cursor."""
        self._refreshed = perf_counter()
        self.plane_note.setText(self.plot.plane_text())
        self.point_note.setText(self.plot.point_text())
        for box, axis in zip(self.axes, self.plot.axes, strict=True):
            box.setVisible(self.plot.kind == COORDINATES)
            if box.value() != axis or not box.hasFocus():  # with the focus, a number may be half typed
                was = box.blockSignals(True)
                box.setRange(0, self._session.experiment.problem.dimension - 1)
                box.setValue(axis)
                box.blockSignals(was)

"""The pins of the step panel, and the length of their arrows."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QGridLayout, QToolButton, QVBoxLayout, QWidget

from gdviewer.text import tr
from gdviewer.ui.inspector.cell import math_font
from gdviewer.ui.session.pins import Pins
from gdviewer.ui.widgets.keys import keys_by_tab

_COLUMNS = 5


class PinBar(QWidget):
    """A button for each pin, which removes it.

    Attributes:
        buttons: the buttons; true_length: the box for the length of the arrows.
    """

    def __init__(self, pins: Pins) -> None:
        super().__init__()
        self._pins = pins
        self.buttons: list[QToolButton] = []
        self.true_length = QCheckBox(tr("arrows of true length"))
        self.true_length.setChecked(pins.true_length)
        self.true_length.setToolTip(tr("Off: all arrows have the same length. Arrows to a point always reach it."))
        self._grid = QGridLayout()
        self._grid.setSpacing(4)
        layout = QVBoxLayout(self)
        layout.setSpacing(4)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._grid)
        layout.addWidget(self.true_length)
        keys_by_tab(self.true_length)
        self.true_length.toggled.connect(pins.set_true_length)
        pins.changed.connect(self._match)

    def _match(self) -> None:
        shown = [button.property("pin") for button in self.buttons]
        if shown == [(pin.rule, pin.name) for pin in self._pins.pins]:
            return
        for button in self.buttons:
            self._grid.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = []
        for number, pin in enumerate(self._pins.pins):
            button = QToolButton()
            button.setText(f"{pin.symbol}  ✕")
            button.setFont(math_font(self.font()))
            button.setProperty("pin", (pin.rule, pin.name))
            button.setToolTip(tr("Unpin {name} of {rule}", name=pin.symbol, rule=pin.rule))
            button.setAccessibleName(button.toolTip())
            button.clicked.connect(lambda _=False, pin=pin: self._pins.toggle(pin))
            keys_by_tab(button)
            self._grid.addWidget(button, number // _COLUMNS, number % _COLUMNS)
            self.buttons.append(button)
        self._grid.setColumnStretch(_COLUMNS, 1)

"""The fields of a layer, created from the declaration of its class."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QGridLayout, QLabel, QSpinBox, QWidget

from gdviewer.problems.networks.activations import ACTIVATIONS
from gdviewer.problems.networks.layer import Entry, Layer
from gdviewer.text import tr
from gdviewer.ui.widgets.keys import keys_by_tab

_WIDTH = 6  # of the field of a number, in characters


class LayerFields(QWidget):
    """The fields of the selected layer.

    Attributes:
        layer: the layer; None if none is selected.
        fields: the control of each field by name.

    Signals:
        changed: the layer with the new value.
    """

    changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.layer: Layer | None = None
        self.fields: dict[str, QWidget] = {}
        self._kind: object = None
        self._showing = False
        self._layout = QGridLayout(self)
        self._layout.setHorizontalSpacing(8)
        self._layout.setVerticalSpacing(4)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setColumnStretch(4, 1)

    def show_layer(self, layer: Layer | None, default: str) -> None:
        """Show the values of a layer, or nothing for None.

        Args:
            layer: the layer.
            default: the activation of layers without one.
        """
        self.layer = layer
        self._showing = True
        if self._kind is not type(layer):
            self._kind = type(layer)
            self._make_fields()
        for name, field in self.fields.items():
            value = getattr(layer, name)
            if isinstance(field, QComboBox):
                field.setItemText(0, tr("default: {default}", default=tr(default.replace("_", " "))))
                field.setCurrentIndex(field.findData(value))
            elif isinstance(field, QCheckBox):
                field.setChecked(value)
            elif isinstance(field, QSpinBox | QDoubleSpinBox):
                field.setValue(value)
        self._showing = False
        self.setVisible(bool(self.fields))

    def _make_fields(self) -> None:
        while (item := self._layout.takeAt(0)) is not None:
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()
        self.fields = {}
        cell = 0  # two cells are in a row
        for name, entry in self.layer.entries().items() if self.layer else ():
            title, tip = tr(entry.title), tr(entry.meaning)
            field = self.fields[name] = self._field(name, getattr(self.layer, name), entry)
            keys = tr("Type a number, or press Up or Down.")
            field.setToolTip(f"{tip}\n{keys}" if isinstance(field, _Unscrolled) else tip)
            field.setAccessibleName(title)
            wide = isinstance(field, QComboBox | QCheckBox)
            cell += wide and cell % 2
            row, column = cell // 2, cell % 2 * 2
            if not isinstance(field, QCheckBox):
                label = QLabel(title)
                label.setBuddy(field)
                label.setToolTip(tip)
                self._layout.addWidget(label, row, column)
                column += 1
            self._layout.addWidget(field, row, column, 1, 3 if wide else 1)
            cell += 1 + wide

    def _field(self, name: str, value: Any, entry: Entry) -> QWidget:
        if name == "activation":
            field = QComboBox()
            field.addItem("", None)
            for word in ACTIVATIONS:
                field.addItem(tr(word.replace("_", " ")), word)
            field.currentIndexChanged.connect(lambda _: self._change(name, field.currentData()))
            return field
        if isinstance(value, bool):
            box = QCheckBox(tr(entry.title))
            keys_by_tab(box)
            box.toggled.connect(partial(self._change, name))
            return box
        spin = _whole_number(entry) if isinstance(value, int) else _decimal_number(entry)
        spin.setButtonSymbols(spin.ButtonSymbols.NoButtons)
        spin.setFixedWidth(_WIDTH * spin.fontMetrics().averageCharWidth() + 12)
        spin.setKeyboardTracking(False)  # the value changes at the end of the edit, not at each digit
        spin.valueChanged.connect(partial(self._change, name))
        return spin

    def _change(self, name: str, value: Any) -> None:
        if self._showing or self.layer is None or getattr(self.layer, name) == value:
            return
        self.changed.emit(self.layer.resized(name, value))


class _Unscrolled:
    """A field that ignores the wheel, so that the wheel scrolls the panel."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class _Count(_Unscrolled, QSpinBox):
    """A whole number."""


class _Decimal(_Unscrolled, QDoubleSpinBox):
    """A number with decimals."""


def _whole_number(entry: Entry) -> _Count:
    spin = _Count()
    spin.setRange(int(entry.low), int(entry.high))
    return spin


def _decimal_number(entry: Entry) -> _Decimal:
    spin = _Decimal()
    spin.setSingleStep(0.05)
    spin.setDecimals(3)
    spin.setRange(entry.low, entry.high)
    return spin

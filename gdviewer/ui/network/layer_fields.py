"""The sizes of one layer as fields, made from what its class declares."""

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

_WIDTH = 6  # characters of a number


class LayerFields(QWidget):
    """The fields of the layer that is chosen.

    Signals:
        changed: the layer with another size.
    """

    changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.layer: Layer | None = None
        self.fields: dict[str, QWidget] = {}
        self._kind: object = None
        self._showing = False
        self._layout = QGridLayout(self, horizontalSpacing=8, verticalSpacing=4)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setColumnStretch(4, 1)

    def show_layer(self, layer: Layer | None, usual: str) -> None:
        """Show the sizes of a layer, or nothing; ``usual`` is the activation of layers that say none."""
        self.layer = layer
        self._showing = True
        if self._kind is not type(layer):
            self._kind = type(layer)
            self._make()
        for name, field in self.fields.items():
            value = getattr(layer, name)
            if isinstance(field, QComboBox):
                field.setItemText(0, tr("the usual: {usual}", usual=tr(usual.replace("_", " "))))
                field.setCurrentIndex(field.findData(value))
            elif isinstance(field, QCheckBox):
                field.setChecked(value)
            else:
                field.setValue(value)
        self._showing = False
        self.setVisible(bool(self.fields))

    def _make(self) -> None:
        while (item := self._layout.takeAt(0)) is not None:
            item.widget().hide()
            item.widget().deleteLater()
        self.fields = {}
        place = 0
        for name, entry in self.layer.entries().items() if self.layer else ():
            title, tip = tr(entry.title), tr(entry.meaning)
            field = self.fields[name] = self._field(name, getattr(self.layer, name), entry)
            keys = tr("Type a number, or change it with the keys Up and Down.")
            field.setToolTip(f"{tip}\n{keys}" if isinstance(field, _Unscrolled) else tip)
            field.setAccessibleName(title)
            wide = isinstance(field, QComboBox | QCheckBox)
            place += wide and place % 2
            row, column = place // 2, place % 2 * 2
            if not isinstance(field, QCheckBox):
                label = QLabel(title)
                label.setBuddy(field)
                label.setToolTip(tip)
                self._layout.addWidget(label, row, column)
                column += 1
            self._layout.addWidget(field, row, column, 1, 3 if wide else 1)
            place += 1 + wide

    def _field(self, name: str, value: Any, entry: Entry) -> QWidget:
        if name == "activation":
            field = QComboBox()
            field.addItem("", None)
            for word in ACTIVATIONS:
                field.addItem(tr(word.replace("_", " ")), word)
            field.currentIndexChanged.connect(lambda _: self._take(name, field.currentData()))
            return field
        if isinstance(value, bool):
            box = QCheckBox(tr(entry.title))
            keys_by_tab(box)
            box.toggled.connect(partial(self._take, name))
            return box
        spin = _Count() if isinstance(value, int) else _Chance(singleStep=0.05, decimals=3)
        spin.setButtonSymbols(spin.ButtonSymbols.NoButtons)
        spin.setRange(entry.low, entry.high)
        spin.setFixedWidth(_WIDTH * spin.fontMetrics().averageCharWidth() + 12)
        spin.setKeyboardTracking(False)  # a number is taken when it is typed, not each of its digits
        spin.valueChanged.connect(partial(self._take, name))
        return spin

    def _take(self, name: str, value: Any) -> None:
        if self._showing or self.layer is None or getattr(self.layer, name) == value:
            return
        self.changed.emit(self.layer.resized(name, value))


class _Unscrolled:
    """A field that leaves the wheel to the panel it is in, which is scrolled over it."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class _Count(_Unscrolled, QSpinBox):
    """A whole number."""


class _Chance(_Unscrolled, QDoubleSpinBox):
    """A number with decimals."""

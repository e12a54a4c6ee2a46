"""The fields of a declaration: one for each parameter, made anew when there are others."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gdviewer.engine.parameter import Parameter
from gdviewer.ui.number_field import NumberField


class ParameterFields(QWidget):
    """A column of number fields.

    Attributes:
        fields: the field of each parameter by name.

    Signals:
        changed: the name and the new value.
    """

    changed = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, NumberField] = {}
        self._layout = QVBoxLayout(self, spacing=6)
        self._layout.setContentsMargins(0, 0, 0, 0)

    def declare(self, parameters: Mapping[str, Parameter], by_name: bool = False) -> None:
        """Make the fields of these parameters; ``by_name`` titles them just as they are written."""
        for field in self.fields.values():
            self._layout.removeWidget(field)
            field.hide()
            field.deleteLater()
        self.fields = {}
        for name, parameter in parameters.items():
            field = NumberField(name, parameter, title=name if by_name else "")
            field.changed.connect(lambda value, name=name: self.changed.emit(name, value))
            self._layout.addWidget(field)
            self.fields[name] = field
        self.setVisible(bool(parameters))

    def show_values(self, values: Mapping[str, float]) -> None:
        """Show values that hold already."""
        for name, value in values.items():
            self.fields[name].show_value(value)

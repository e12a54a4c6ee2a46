"""Fields for declared parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from gdviewer.engine.rules.parameter import Choice, Declared, Numbers, Switch, Text
from gdviewer.text import tr
from gdviewer.ui.widgets.keys import keys_by_tab
from gdviewer.ui.widgets.number_field import EntryField, NumberField, caption


class SwitchField(QWidget):
    """A check box for yes or no.

    Signals:
        changed: the new value, a bool.
    """

    changed = Signal(object)

    def __init__(self, name: str, parameter: Switch, title: str = "") -> None:
        super().__init__()
        shown, words, tip = caption(name, parameter, title)
        self.value = bool(parameter)
        self.entry = QCheckBox(shown)
        self.entry.setAccessibleName(words)
        for widget in (self, self.entry):
            widget.setToolTip(tip)
        keys_by_tab(self.entry)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.entry)
        self.entry.toggled.connect(self._use)
        self.show_value(self.value)

    def show_value(self, value: bool) -> None:
        """Show the current value without a signal."""
        self.value = value
        self.entry.setChecked(value)

    def _use(self, on: bool) -> None:
        if on != self.value:
            self.value = on
            self.changed.emit(on)


class ChoiceField(QWidget):
    """A list to choose one of a few words.

    Signals:
        changed: the new word.
    """

    changed = Signal(object)

    def __init__(self, name: str, parameter: Choice, title: str = "") -> None:
        super().__init__()
        shown, words, tip = caption(name, parameter, title)
        self.value = str(parameter)
        self.entry = QComboBox()
        for word in parameter.words:
            self.entry.addItem(tr(word.replace("_", " ")), word)
        self.entry.setAccessibleName(words)
        label = QLabel(shown)
        label.setBuddy(self.entry)
        for widget in (self, label, self.entry):
            widget.setToolTip(tip)
        layout = QGridLayout(self)
        layout.setHorizontalSpacing(8)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(label, 0, 0)
        layout.addWidget(self.entry, 0, 1)
        layout.setColumnStretch(0, 1)
        self.entry.currentIndexChanged.connect(self._use)
        self.show_value(self.value)

    def show_value(self, value: str) -> None:
        """Show the current value without a signal."""
        self.value = value
        self.entry.setCurrentIndex(self.entry.findData(value))

    def _use(self) -> None:
        word = self.entry.currentData()
        if word != self.value:
            self.value = word
            self.changed.emit(word)


class TextField(QWidget):
    """A text, or a list of numbers separated by commas; an error is shown below.

    Signals:
        changed: the new text, or the new list as a tuple.
    """

    changed = Signal(object)

    def __init__(self, name: str, parameter: Numbers | Text, title: str = "") -> None:
        super().__init__()
        shown, words, tip = caption(name, parameter, title)
        self.name, self.parameter = name, parameter
        self.value = parameter.check(name, parameter)
        self.entry = EntryField()
        self.entry.setAccessibleName(words)
        label = QLabel(shown)
        label.setBuddy(self.entry)
        for widget in (self, label, self.entry):
            widget.setToolTip(tip)
        layout = QGridLayout(self)
        layout.setHorizontalSpacing(8)
        layout.setVerticalSpacing(1)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(label, 0, 0)
        layout.addWidget(self.entry, 0, 1)
        layout.addWidget(self.entry.message, 1, 0, 1, 2)
        self.entry.entered.connect(self._use)
        self.show_value(self.value)

    def show_value(self, value: tuple[float, ...] | str) -> None:
        """Show the current value without a signal."""
        self.value = value
        self.entry.show_text(value if isinstance(value, str) else ", ".join(f"{number:g}" for number in value))

    def _use(self, text: str) -> None:
        try:
            value = self.parameter.check(self.name, text)
        except ValueError as error:
            self.entry.explain(str(error))
            return
        self.entry.take(text.strip())
        if value != self.value:
            self.value = value
            self.changed.emit(value)


Field = NumberField | SwitchField | ChoiceField | TextField


def field_for(name: str, parameter: Declared, title: str = "") -> Field:
    """Return a field for a parameter."""
    if isinstance(parameter, Switch):
        return SwitchField(name, parameter, title)
    if isinstance(parameter, Choice):
        return ChoiceField(name, parameter, title)
    if isinstance(parameter, Numbers | Text):
        return TextField(name, parameter, title)
    return NumberField(name, parameter, title=title)


class ParameterFields(QWidget):
    """A column of fields.

    Attributes:
        fields: the field of each parameter by name.

    Signals:
        changed: the name and the new value.
    """

    changed = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, Field] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setSpacing(6)
        self._layout.setContentsMargins(0, 0, 0, 0)

    def declare(
        self, parameters: Mapping[str, Declared], by_name: bool = False, titles: Mapping[str, str] | None = None
    ) -> None:
        """Make fields for these parameters.

        Args:
            parameters: the parameters by name.
            by_name: True to use the names as titles.
            titles: titles by name; without one, the name in words is used.
        """
        for field in self.fields.values():
            self._layout.removeWidget(field)
            field.hide()
            field.deleteLater()
        self.fields = {}
        for name, parameter in parameters.items():
            field = field_for(name, parameter, name if by_name else (titles or {}).get(name, ""))
            field.changed.connect(lambda value, name=name: self.changed.emit(name, value))
            self._layout.addWidget(field)
            self.fields[name] = field
        self.setVisible(bool(parameters))

    def show_values(self, values: Mapping[str, Any]) -> None:
        """Show the current values without a signal."""
        for name, value in values.items():
            self.fields[name].show_value(value)

    def show_value(self, name: str, value: Any) -> None:
        """Show the current value of a parameter without a signal."""
        self.fields[name].show_value(value)

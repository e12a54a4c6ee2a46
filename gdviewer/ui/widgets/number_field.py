"""The control of a number: its name and symbol, an entry for exact values, and a slider."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QLineEdit, QSlider, QWidget

from gdviewer.engine.rules.parameter import Declared, Parameter, symbol_of
from gdviewer.text import tr
from gdviewer.ui.widgets.keys import keys_by_tab

_TICKS = 1000


class EntryField(QLineEdit):
    """A line whose text is accepted when the edit ends; an invalid text stays, with a message below.

    Attributes:
        message: the label with the error; the owner places it.

    Signals:
        entered: the text, emitted when Enter is pressed or when the field loses the focus with a changed text.
    """

    entered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.message = QLabel(wordWrap=True)
        self.message.hide()
        self.message.setProperty("role", "error")
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._accepted = ""
        self.setAcceptDrops(False)
        self.editingFinished.connect(self.finish)

    def show_text(self, text: str) -> None:
        """Show a valid text; if it has not changed, a text that is being typed stays."""
        if text != self._accepted or (self.text() == text and not self.message.text()):
            self.take(text)

    def take(self, text: str) -> None:
        """Show a valid text and hide the message."""
        self._accepted = text
        self.setText(text)
        self.setCursorPosition(0)
        self.explain("")

    def explain(self, message: str) -> None:
        """Show an error; an empty text hides it."""
        if message == self.message.text() and self.message.isHidden() != bool(message):
            return
        self.message.setText(message)
        self.message.setVisible(bool(message))
        self.setProperty("invalid", bool(message))
        self.setAccessibleDescription(message or self.toolTip())
        self.style().unpolish(self)
        self.style().polish(self)

    def finish(self) -> None:
        """End the edit: emit the text if it has changed."""
        if self.text() != self._accepted or self.message.text():
            self.entered.emit(self.text())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not self.message.text():
            self.clearFocus()  # so that keys control the runs again


def caption(name: str, parameter: Declared, title: str = "") -> tuple[str, str, str]:
    """Return the label of a parameter, its name in words, and its tool tip with symbol, meaning and range."""
    symbol = symbol_of(name)
    words = title or tr(name.replace("_", " "))
    plain = symbol.translate(str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")) == name
    shown = (symbol if words == name else words) if plain else f"{words} {symbol}"
    meaning = tr(parameter.meaning)
    title = words if symbol == name else symbol
    tip = f"{title}: {meaning}" if meaning else title
    tip += "\n" + tr("Range {range}; default {default}.", range=parameter.range_text, default=parameter.text)
    return shown, words, tip


class NumberField(QWidget):
    """A number with its range, which can be typed exactly or moved with a slider.

    A text, an empty entry, NaN or a number out of range gets a message below the field; the value does not change.

    Args:
        name: the name in the declaration; it is shown with its symbol.
        parameter: the range, scale and meaning.
        optional: True for a check box that switches the value on and off; None is off.
        title: the title instead of the name.
        parent: the parent widget.

    Attributes:
        value: the value; None if it is switched off.
        switch: the check box; None if the number is not optional.
        entry, slider: the controls.

    Signals:
        changed: the new value, a float, or None if it was switched off.
    """

    changed = Signal(object)

    def __init__(
        self, name: str, parameter: Parameter, *, optional: bool = False,
        title: str = "", parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.name, self.parameter = name, parameter
        self.value: float | None = float(parameter)
        shown, words, tip = caption(name, parameter, title)
        self.switch = QCheckBox(shown) if optional else None
        label: QWidget = self.switch or QLabel(shown)
        self.entry = EntryField()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _TICKS)
        self.slider.setPageStep(_TICKS // 20)
        self.setToolTip(tip)
        for widget, role in ((label, ""), (self.entry, ""), (self.slider, " " + tr("slider"))):
            widget.setToolTip(tip)
            widget.setAccessibleName(words + role)
        if isinstance(label, QLabel):
            label.setBuddy(self.entry)
        layout = QGridLayout(self)
        layout.setHorizontalSpacing(8)
        layout.setVerticalSpacing(1)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(label, 0, 0)
        layout.addWidget(self.entry, 0, 1)
        layout.addWidget(self.slider, 1, 0, 1, 2)
        layout.addWidget(self.entry.message, 2, 0, 1, 2)
        layout.setColumnStretch(0, 1)
        keys_by_tab(self.slider, *([self.switch] if self.switch else []))
        self.entry.setMinimumWidth(84)
        self.entry.setMaximumWidth(120)
        self.entry.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.entry.entered.connect(self._enter)
        self.slider.valueChanged.connect(self._slide)
        if self.switch:
            self.switch.toggled.connect(self._toggle)
        self.show_value(self.value)

    def show_value(self, value: float | None) -> None:
        """Show the current value without a signal."""
        if self.switch:
            self._quietly(self.switch, self.switch.setChecked, value is not None)
            self.entry.setEnabled(value is not None)
            self.slider.setEnabled(value is not None)
        self.value = value
        if value is None:
            return
        self.entry.show_text(f"{int(value)}" if self.parameter.whole else f"{value:.10g}")
        self._quietly(self.slider, self.slider.setValue, round(self._to_slider(value) * _TICKS))

    @staticmethod
    def _quietly(widget: QWidget, call: Callable[[Any], None], value: object) -> None:
        was = widget.blockSignals(True)
        call(value)
        widget.blockSignals(was)

    def _enter(self, text: str) -> None:
        try:
            value = self.parameter.check(self.name, text.strip().replace("−", "-") or "nothing")
        except ValueError as error:
            message = str(error).replace("'nothing'", tr("nothing"))
            self.entry.explain(message)
            return
        self.entry.take(text.strip())
        self._set(value)

    def _slide(self, tick: int) -> None:
        value = self._from_slider(tick / _TICKS)
        value = float(round(value)) if self.parameter.whole else float(f"{value:.3g}")
        low, high = self.parameter.slider
        value = min(max(value, low), high)
        self.entry.take(f"{value:.10g}")
        self._set(value)

    def _toggle(self, on: bool) -> None:
        self.show_value(self._last() if on else None)
        self.changed.emit(self.value)

    def _last(self) -> float:
        try:
            return self.parameter.check(self.name, self.entry.text())
        except ValueError:
            return float(self.parameter)

    def _set(self, value: float) -> None:
        if value != self.value:
            self.show_value(value)
            self.changed.emit(value)

    def _to_slider(self, value: float) -> float:
        low, high = self.parameter.slider
        value = min(max(value, low), high)
        if self.parameter.scale == "log":
            return math.log(max(value, low) / low) / math.log(high / low)
        if self.parameter.scale == "complement":  # even in the digits of 1 − value
            return math.log(1 - value) / math.log(1 - high)
        return (value - low) / (high - low)

    def _from_slider(self, share: float) -> float:
        low, high = self.parameter.slider
        if self.parameter.scale == "log":
            return float(low * (high / low) ** share)
        if self.parameter.scale == "complement":
            return 1 - float(f"{(1 - high) ** share:.3g}")
        return low + share * (high - low)


class PointField(QWidget):
    """A point as numbers separated by commas.

    Signals:
        changed: the new point, a tuple of floats.
    """

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entry = EntryField()
        self.entry.setAccessibleName(tr("start"))
        self._dimension = 2
        layout = QGridLayout(self)
        layout.setVerticalSpacing(1)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.entry, 0, 0)
        layout.addWidget(self.entry.message, 1, 0)
        self.entry.entered.connect(self._enter)

    def show_point(self, point: tuple[float, ...], text: str) -> None:
        """Show the current point as this text, without a signal."""
        self._dimension = len(point)
        form = tr("one number") if len(point) == 1 else tr("{n} numbers separated by commas", n=len(point))
        self.entry.setToolTip(tr("θ₀, the start: {form}. You can also click or drag in the plot.", form=form))
        self.entry.show_text(text)

    def _enter(self, text: str) -> None:
        words = text.replace("−", "-").replace(";", ",").split(",")
        point = []
        for word in words:
            try:
                point.append(float(word))
            except ValueError:
                shown = word.strip() or tr("nothing")
                self.entry.explain(tr("{word} is not a number", word=shown))
                return
        if not all(map(math.isfinite, point)):
            self.entry.explain(tr("the start must be finite"))
        elif len(point) == 1 < self._dimension and self._dimension > 2:
            self.entry.take(text)
            self.changed.emit(tuple(point * self._dimension))
        elif len(point) != self._dimension:
            self.entry.explain(tr("the start has {n} numbers; got {m}", n=self._dimension, m=len(point)))
        else:
            self.entry.take(text.strip())
            self.changed.emit(tuple(point))

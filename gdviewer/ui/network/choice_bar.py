"""A row of buttons of which exactly one is checked."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QWidget

from gdviewer.ui.widgets.keys import keys_by_tab


class ChoiceBar(QWidget):
    """Buttons of which exactly one is checked.

    Args:
        words: the text and the tool tip of each button, by the name of the choice.

    Attributes:
        buttons: the buttons by name.

    Signals:
        changed: the user clicked a button.
    """

    changed = Signal()

    def __init__(self, words: Mapping[str, tuple[str, str]]) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QToolButton] = {}
        layout = QHBoxLayout(self)
        layout.setSpacing(2)
        layout.setContentsMargins(0, 0, 0, 0)
        for name, (text, tip) in words.items():
            button = self.buttons[name] = QToolButton()
            button.setText(text)
            button.setCheckable(True)
            button.setToolTip(tip)
            button.setAccessibleName(text)
            button.setProperty("role", "choice")
            self._group.addButton(button)
            layout.addWidget(button)
        layout.addStretch()
        next(iter(self.buttons.values())).setChecked(True)
        keys_by_tab(*self.buttons.values())
        self._group.buttonClicked.connect(lambda _: self.changed.emit())

    @property
    def chosen(self) -> str:
        """The name of the checked button."""
        return next(name for name, button in self.buttons.items() if button.isChecked())

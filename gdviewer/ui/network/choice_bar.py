"""One of a few words, as buttons side by side."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QWidget

from gdviewer.ui.widgets.keys import keys_by_tab


class ChoiceBar(QWidget):
    """Buttons of which one is down.

    Args:
        words: the choices by name: the text on a button, and its tool tip.

    Signals:
        changed: another was chosen.
    """

    changed = Signal()

    def __init__(self, words: Mapping[str, tuple[str, str]]) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QToolButton] = {}
        layout = QHBoxLayout(self, spacing=2)
        layout.setContentsMargins(0, 0, 0, 0)
        for name, (text, tip) in words.items():
            button = self.buttons[name] = QToolButton(text=text, checkable=True, toolTip=tip, accessibleName=text)
            button.setProperty("role", "choice")
            self._group.addButton(button)
            layout.addWidget(button)
        layout.addStretch()
        next(iter(self.buttons.values())).setChecked(True)
        keys_by_tab(*self.buttons.values())
        self._group.buttonClicked.connect(lambda _: self.changed.emit())

    @property
    def chosen(self) -> str:
        """The name of the one that is down."""
        return next(name for name, button in self.buttons.items() if button.isChecked())

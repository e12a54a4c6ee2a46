"""A button that opens a grouped, searchable list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from gdviewer.text import tr
from gdviewer.ui.widgets.keys import keys_by_tab

if TYPE_CHECKING:
    from gdviewer.ui.catalogue.choice_list import ChoiceList, ListEntry


class Picker(QPushButton):
    """Shows what is chosen; pressed, it opens a list one can search by typing.

    Args:
        choices: called when the list opens.

    Signals:
        chosen: the key of the entry.
    """

    chosen = Signal(str)

    def __init__(self, choices: Callable[[], Sequence[ListEntry]], what: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choices = choices
        self._what = what
        self._key = ""
        self.popup: ChoiceList | None = None
        self.setAccessibleName(what)
        self.setToolTip(tr("{what}: click to choose from the list, or type to search it.", what=what))
        self.setStyleSheet("Picker { text-align: left; padding: 5px 8px; }")
        keys_by_tab(self)
        self.clicked.connect(self.open)

    def show_choice(self, key: str, title: str) -> None:
        """Show what is chosen."""
        self._key = key
        self.setText(f"{title}  ▾")

    def open(self) -> None:
        """Open the list."""
        from gdviewer.ui.catalogue.choice_list import ChoiceList

        self.popup = ChoiceList(self._choices(), self._what, self, current=self._key)
        self.popup.chosen.connect(self.chosen)
        self.popup.open_at(self)

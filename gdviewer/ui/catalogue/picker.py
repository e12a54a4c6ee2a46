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
    """Shows the chosen entry; a click opens a list that is searched by typing.

    Args:
        choices: returns the entries when the list opens.
        name: the name of the choice, such as "Optimizer".
        parent: the parent widget.

    Attributes:
        popup: the last opened list.

    Signals:
        chosen: the key of the entry.
    """

    chosen = Signal(str)

    def __init__(self, choices: Callable[[], Sequence[ListEntry]], name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choices = choices
        self._name = name
        self._key = ""
        self.popup: ChoiceList | None = None
        self.setAccessibleName(name)
        self.setToolTip(tr("{name}: click to choose from the list; type to search it.", name=name))
        self.setStyleSheet("Picker { text-align: left; padding: 5px 8px; }")
        keys_by_tab(self)
        self.clicked.connect(self.open)

    def show_choice(self, key: str, title: str) -> None:
        """Show the chosen entry."""
        self._key = key
        self.setText(f"{title}  ▾")

    def open(self) -> None:
        """Open the list."""
        from gdviewer.ui.catalogue.choice_list import ChoiceList

        self.popup = ChoiceList(self._choices(), self._name, self, current=self._key)
        self.popup.chosen.connect(self.chosen)
        self.popup.open_at(self)

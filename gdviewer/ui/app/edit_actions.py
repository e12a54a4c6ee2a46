"""Undo, redo, and the switch that lets edits recompute the runs."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QToolBar

from gdviewer.text import tr
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.keys import keys_by_tab


class EditActions(QObject):
    """The actions on edits of the experiment.

    Attributes:
        undo, redo: for a menu; their texts tell what they would do.
        what_if: the switch.
    """

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.undo = self._action(tr("Undo an edit"), ["Ctrl+Z"], session.undo)
        self.redo = self._action(tr("Do again what was undone"), ["Ctrl+Shift+Z", "Ctrl+Y"], session.redo)
        self.what_if = QAction(tr("What if"), self, checkable=True, shortcut=QKeySequence("W"))
        self.what_if.setToolTip(
            tr("What if: edits recompute the runs so far; the paths before are shown pale (W)")
        )  # fmt: skip
        self.what_if.toggled.connect(session.set_what_if)
        session.experiment_changed.connect(self._tell)
        self._tell()

    def add_switch(self, bar: QToolBar, before: QAction) -> None:
        """Put the switch into a tool bar, as a button."""
        bar.insertAction(before, self.what_if)
        button = bar.widgetForAction(self.what_if)
        button.setAccessibleName(tr("What if: edits recompute the runs so far"))
        keys_by_tab(button)

    def _action(self, tip: str, keys: Sequence[str], call) -> QAction:
        action = QAction(self, triggered=lambda: call(), shortcuts=[QKeySequence(key) for key in keys])
        native = QKeySequence(keys[0]).toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{tip} ({native})")
        return action

    def _tell(self) -> None:
        edits = self._session.undo_history
        for action, what, text, none in (
            (self.undo, edits.undo_text, tr("&Undo: {what}"), tr("&Undo")),
            (self.redo, edits.redo_text, tr("&Redo: {what}"), tr("&Redo")),
        ):
            shown = text.format(what=what.replace("&", "&&")) if what else none
            if action.text() != shown:
                action.setText(shown)
                action.setEnabled(bool(what))

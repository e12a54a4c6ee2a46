"""Undo, redo, and the switch that lets edits recompute the runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QToolBar

from gdviewer.text import tr
from gdviewer.ui.session.session import Session
from gdviewer.ui.widgets.keys import keys_by_tab


class EditActions(QObject):
    """Actions on the edits of the experiment.

    Attributes:
        undo, redo: actions for a menu; their texts name the edit.
        what_if: the switch that lets edits recompute the runs.
    """

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.undo = self._action(tr("Undo an edit"), ["Ctrl+Z"], session.undo)
        self.redo = self._action(tr("Redo an edit"), ["Ctrl+Shift+Z", "Ctrl+Y"], session.redo)
        self.what_if = QAction(tr("What if"), self, checkable=True, shortcut=QKeySequence("W"))
        self.what_if.setToolTip(tr("What if: edits recompute the runs; the previous paths are shown pale (W)"))
        self.what_if.toggled.connect(session.set_what_if)
        session.experiment_changed.connect(self._show_texts)
        self._show_texts()

    def add_switch(self, bar: QToolBar, before: QAction) -> None:
        """Insert a button for the switch into a tool bar."""
        bar.insertAction(before, self.what_if)
        button = bar.widgetForAction(self.what_if)
        button.setAccessibleName(tr("What if: edits recompute the runs"))
        keys_by_tab(button)

    def _action(self, tip: str, keys: Sequence[str], call: Callable[[], None]) -> QAction:
        action = QAction(self)
        action.triggered.connect(lambda: call())
        action.setShortcuts([QKeySequence(key) for key in keys])
        native = QKeySequence(keys[0]).toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{tip} ({native})")
        return action

    def _show_texts(self) -> None:
        edits = self._session.undo_history
        for action, edit, text, none in (
            (self.undo, edits.undo_text, tr("&Undo: {edit}"), tr("&Undo")),
            (self.redo, edits.redo_text, tr("&Redo: {edit}"), tr("&Redo")),
        ):
            shown = text.format(edit=edit.replace("&", "&&")) if edit else none
            if action.text() != shown:
                action.setText(shown)
                action.setEnabled(bool(edit))

"""Who gets a key: the runs, or the control that was reached by Tab."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

_BUTTON = {Qt.Key.Key_Space}
_SLIDER = {Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End}


class _OwnKeys(QObject):
    """Lets a focused control have its keys before a shortcut takes them, and a click on it end an entry elsewhere."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            keys = _BUTTON if isinstance(watched, QAbstractButton) else _SLIDER
            if event.key() in keys and event.modifiers() == Qt.KeyboardModifier.NoModifier:
                event.accept()
                return True
        elif event.type() == QEvent.Type.MouseButtonPress:
            # It does not take the focus, so a field that is being typed in would not know that the typing is over.
            finish = getattr(QApplication.focusWidget(), "finish", None)
            if finish:
                finish()
        return False


def keys_by_tab(*controls: QWidget) -> None:
    """Give buttons and sliders the focus by Tab only: after a click, Space still runs and → still steps."""
    for control in controls:
        control.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        control.installEventFilter(_OwnKeys(control))

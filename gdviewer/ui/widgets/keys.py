"""Keys of focused controls, which the shortcuts of the window would take otherwise."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

_BUTTON = {Qt.Key.Key_Space}
_SLIDER = {Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End}


class _ControlKeys(QObject):
    """Gives a focused control its keys before shortcuts, and ends an edit in another field when it is clicked."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            keys = _BUTTON if isinstance(watched, QAbstractButton) else _SLIDER
            if event.key() in keys and event.modifiers() == Qt.KeyboardModifier.NoModifier:
                event.accept()
                return True
        elif event.type() == QEvent.Type.MouseButtonPress:
            # The control does not take the focus, so a field with the focus does not notice the end of the edit.
            finish = getattr(QApplication.focusWidget(), "finish", None)
            if finish:
                finish()
        return False


def keys_by_tab(*controls: QWidget) -> None:
    """Let controls take the focus by Tab only, so that Space and → still run and step after a click."""
    for control in controls:
        control.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        control.installEventFilter(_ControlKeys(control))

"""A run as a card in the list of runs."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from gdviewer.ui.widgets.theme import look

Index = QModelIndex | QPersistentModelIndex
TITLE, STATUS, COLOR = Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1


class RunCard(QStyledItemDelegate):
    """Draws a run as three lines: its title, its numbers and its state."""

    @staticmethod
    def height(widget: QWidget) -> int:
        """Return the height of a card in the font of a widget, in pixels."""
        return 3 * widget.fontMetrics().height() + 14

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, self.height(option.widget))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = look().theme
        painter.save()
        rect = option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            background = QColor(theme.accent)
            background.setAlphaF(0.16)
            painter.fillRect(rect, background)
        color = QColor(index.data(COLOR))
        visible = index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked.value
        line = option.widget.fontMetrics().height()
        box = self._box(rect, line)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(color)
        painter.setBrush(color if visible else QColor(theme.base))
        painter.drawRoundedRect(box, 3, 3)
        left = box.right() + 9
        width = rect.right() - left - 6
        numbers, state = index.data(STATUS) or ("", "")
        font = painter.font()
        for i, (text, shade, bold) in enumerate(
            ((index.data(TITLE), theme.text if visible else theme.muted, True), (numbers, theme.text, False),
             (state, theme.muted, False))
        ):  # fmt: skip
            font.setBold(bold)
            painter.setFont(font)
            painter.setPen(QColor(shade))
            at = QRect(left, rect.top() + 6 + i * line, width, line)
            painter.drawText(
                at,
                Qt.AlignmentFlag.AlignVCenter,
                painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, width),
            )
        painter.setPen(QColor(theme.line))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        painter.restore()

    def editorEvent(self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index) -> bool:
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseButtonRelease:
            line = option.widget.fontMetrics().height()
            if self._box(option.rect, line).adjusted(-4, -4, 4, 4).contains(event.position().toPoint()):
                on = index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked.value
                state = Qt.CheckState.Unchecked if on else Qt.CheckState.Checked
                return bool(model.setData(index, state.value, Qt.ItemDataRole.CheckStateRole))
        return False

    @staticmethod
    def _box(rect: QRect, line: int) -> QRect:
        size = line - 3
        return QRect(rect.left() + 8, rect.top() + 8, size, size)

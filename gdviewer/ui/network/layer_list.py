"""The editable list of the layers of a network."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QBrush, QColor, QDropEvent, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gdviewer.problems.networks.layer import Layer, shape_text
from gdviewer.problems.networks.layer_summary import LayerRow, summarise_layers
from gdviewer.problems.networks.layers import catalogue
from gdviewer.problems.networks.network import Network
from gdviewer.problems.networks.notation import MOST_LAYERS, layers_of, text_of
from gdviewer.text import tr
from gdviewer.ui.network.layer_fields import LayerFields
from gdviewer.ui.widgets.keys import keys_by_tab
from gdviewer.ui.widgets.number_field import EntryField
from gdviewer.ui.widgets.theme import look

_INDEX = Qt.ItemDataRole.UserRole  # of the layer of a row; None for layers that the network adds


class LayerList(QWidget):
    """The layers in order; each row shows the shape of the output and the number of weights.

    For a layer that does not fit, a message is shown below its row. The entered layers stay, and no signal is emitted.

    Attributes:
        layers: the entered layers; value: the text of the layers of the network.
        tree: the rows; entry: the layers as text; fields: the fields of the selected layer.
        add_button, up, down, delete: the buttons.
        note: the label with a note on the layers.

    Signals:
        changed: the text of the new layers, if all of them fit.
    """

    changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.layers: list[Layer] = []
        self.value = ""
        self._network: Network | None = None
        self.tree = _LayerTree()
        self.tree.moved.connect(self._use_order)
        self.tree.nudged.connect(self.move_layer)
        self.tree.deleted.connect(self.remove)
        self.tree.currentItemChanged.connect(self._show_fields)
        self.add_button, self.up, self.down, self.delete = (QToolButton() for _ in range(4))
        self.add_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.add_button, toolTipsVisible=True)
        for kind in catalogue().values():
            action = menu.addAction(tr(kind.title), partial(self.add, kind.default()))
            action.setToolTip(textwrap.fill(tr(kind.meaning), 64))
        self.add_button.setMenu(menu)
        self.up.clicked.connect(lambda: self.move_layer(-1))
        self.down.clicked.connect(lambda: self.move_layer(1))
        self.delete.clicked.connect(self.remove)
        line = QHBoxLayout()
        line.setSpacing(4)
        for button, text, tip in (
            (self.add_button, tr("Add"), tr("Add a layer after the selected one.")),
            (self.up, tr("Up"), tr("Move the selected layer up (Alt+Up), or drag it.")),
            (self.down, tr("Down"), tr("Move the selected layer down (Alt+Down), or drag it.")),
            (self.delete, tr("Remove"), tr("Remove the selected layer (Delete).")),
        ):
            button.setText(text)
            button.setToolTip(tip)
            button.setAccessibleName(f"{text} {tr('layer')}")
            line.addWidget(button)
        line.addStretch(1)
        keys_by_tab(self.add_button, self.up, self.down, self.delete)
        self.fields = LayerFields()
        self.fields.changed.connect(self._replace_selected)
        self.entry = EntryField()
        self.entry.setAccessibleName(tr("Layers as text"))
        examples = [kind.example for kind in catalogue().values()]
        self.entry.setToolTip("\n".join([tr("The layers as text:"), *examples]))
        self.entry.entered.connect(self._use_text)
        self.note = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.note.setProperty("role", "muted")
        layout = QVBoxLayout(self)
        layout.setSpacing(4)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tree)
        layout.addLayout(line)
        layout.addWidget(self.fields)
        layout.addWidget(self.entry)
        layout.addWidget(self.entry.message)
        layout.addWidget(self.note)
        look().changed.connect(self._show_rows)

    @property
    def pending(self) -> str | None:
        """The text of the entered layers if they are not those of the network, because one does not fit; else None."""
        text = text_of(self.layers)
        return text if text != self.value else None

    @property
    def chosen(self) -> int:
        """The index of the selected layer; −1 if none is selected."""
        item = self.tree.currentItem()
        index = item.data(0, _INDEX) if item else None
        return -1 if index is None else int(index)

    def show_network(self, network: Network) -> None:
        """Show the layers of a network; entered layers that do not fit stay until the layers of the network change."""
        if network is self._network:
            return
        self._network = network
        text = network.values["layers"]
        if text != self.value or self.pending is None:
            self.show_value(text)
        else:
            self._show_rows()

    def show_value(self, value: str) -> None:
        """Show the layers of the network without a signal."""
        self.value = value
        self._set_layers(layers_of(value), self.chosen)

    def add(self, layer: Layer) -> None:
        """Add a layer after the selected one, or at the end."""
        if len(self.layers) >= MOST_LAYERS:
            self.show_error(tr("{n} layers are the maximum: remove one first", n=MOST_LAYERS))
            return
        if self._network:
            layer = layer.for_targets(self._network.train.per_step)
        index = self.chosen + 1 if self.chosen >= 0 else len(self.layers)
        self._change([*self.layers[:index], layer, *self.layers[index:]], index)

    def remove(self) -> None:
        """Remove the selected layer."""
        index = self.chosen
        if index >= 0:
            self._change([*self.layers[:index], *self.layers[index + 1 :]], min(index, len(self.layers) - 2))

    def move_layer(self, by: int) -> None:
        """Move the selected layer down by a number of rows, or up for a negative number; not past the ends."""
        index, other = self.chosen, self.chosen + by
        if index >= 0 and 0 <= other < len(self.layers):
            layers = list(self.layers)
            layers.insert(other, layers.pop(index))
            self._change(layers, other)

    def show_error(self, message: str) -> None:
        """Show an error in the layers as a whole."""
        self.entry.explain(message)

    def event(self, event: QEvent) -> bool:
        """Handle the keys of undo for layers that do not fit, as they are not in the history of the experiment."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._is_undo(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._is_undo(event):
            self.show_value(self.value)
        else:
            super().keyPressEvent(event)

    def _is_undo(self, event: QKeyEvent) -> bool:
        return self.pending is not None and event.matches(QKeySequence.StandardKey.Undo)

    def _use_text(self, text: str) -> None:
        try:
            layers = layers_of(text)
        except ValueError as error:
            self.entry.explain(str(error))
            return
        self._change(layers, self.chosen)
        if not self.pending:
            self.entry.take(text_of(layers))

    def _replace_selected(self, layer: Layer) -> None:
        layers = list(self.layers)
        layers[self.chosen] = layer
        self._change(layers, self.chosen)

    def _use_order(self, index: int) -> None:
        """Use the order of the rows, after the layer with this index was dragged."""
        order = [known for item in self.tree.rows() if (known := item.data(0, _INDEX)) is not None]
        self._change([self.layers[i] for i in order], order.index(index) if index in order else -1)

    def _change(self, layers: Sequence[Layer], chosen: int) -> None:
        """Set the layers, and emit the signal if they fit."""
        self._set_layers(layers, chosen)
        text = text_of(layers)
        if text != self.value and not any(row.error for row in self._rows()):
            self.value = text
            self.changed.emit(text)

    def _set_layers(self, layers: Sequence[Layer], chosen: int) -> None:
        self.layers = list(layers)
        self.entry.take(text_of(layers))
        self._show_rows(chosen)

    def _rows(self) -> list[LayerRow]:
        return summarise_layers(self.layers, self._network) if self._network else []

    def _show_rows(self, chosen: int | None = None) -> None:
        if self._network is None:
            return
        rows = self._rows()
        self.tree.show_rows(rows, self.chosen if chosen is None else chosen)
        self._show_fields()
        data = self._network.train
        model = "" if self.layers else tr("logistic regression") if data.classes else tr("linear regression")
        note = tr("Without hidden layers, this is {model}.", model=model) if model else ""
        if any(row.error for row in rows):
            note = tr(
                "Until all layers fit, the network has: {layers}. Ctrl+Z restores them.",
                layers=self.value or tr("none"),
            )
        self.note.setText(note)
        self.note.setVisible(bool(note))

    def _show_fields(self, *_: object) -> None:
        index = self.chosen
        self.fields.show_layer(
            self.layers[index] if 0 <= index < len(self.layers) else None,
            self._network.values["activation"] if self._network else "",
        )
        self.up.setEnabled(index > 0)
        self.down.setEnabled(0 <= index < len(self.layers) - 1)
        self.delete.setEnabled(index >= 0)


class _LayerTree(QTreeWidget):
    """The rows of the layers: name, shape of the output, number of weights.

    Signals:
        moved: the index of the layer that was dropped at another position.
        nudged: 1 or −1, if a key moves the current row down or up.
        deleted: a key removes the current row.
    """

    moved = Signal(int)
    nudged = Signal(int)
    deleted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Layers"))
        self.setToolTip(
            tr("The layers from the inputs to the outputs. Drag a row to move it; select a row to edit it.")
        )
        self.setHeaderLabels([tr("layer"), tr("output"), tr("weights")])
        self.headerItem().setToolTip(1, tr("The shape of the output for one example."))
        self.setRootIsDecorated(False)
        self.setIndentation(0)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDropIndicatorShown(True)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionsClickable(False)
        header.setMinimumSectionSize(10)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
            self.headerItem().setTextAlignment(column, Qt.AlignmentFlag.AlignRight)
        self._messages: list[QTreeWidgetItem] = []

    def rows(self) -> list[QTreeWidgetItem]:
        """Return all rows, also those of messages."""
        items = (self.topLevelItem(i) for i in range(self.topLevelItemCount()))
        return [item for item in items if item is not None]

    def show_rows(self, rows: Sequence[LayerRow], chosen: int) -> None:
        """Show rows, with a message below each layer that does not fit; select the layer with index ``chosen``."""
        was = self.blockSignals(True)
        self.clear()
        self._messages = []
        index = 0
        for row in rows:
            item = self._item(row)
            self.addTopLevelItem(item)
            if row.user_defined:
                item.setData(0, _INDEX, index)
                if index == chosen:
                    self.setCurrentItem(item)
                index += 1
            if row.error:
                self._add_message(row.error)
        self.blockSignals(was)
        self._fit_height()

    def _item(self, row: LayerRow) -> QTreeWidgetItem:
        output = "" if row.output is None else shape_text(row.output)
        item = QTreeWidgetItem([layer_title(row.layer), output, f"{row.weights:,}" if row.weights else "–"])
        item.setToolTip(0, layer_title(row.layer) if row.user_defined else tr("Added automatically by the network."))
        enabled = Qt.ItemFlag.ItemIsEnabled
        item.setFlags(
            enabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled if row.user_defined else enabled
        )
        item.setSizeHint(0, QSize(0, self.fontMetrics().height() + 6))
        theme = look().theme
        color = theme.error if row.error else theme.text if row.user_defined else theme.muted
        for column in range(3):
            item.setForeground(column, QBrush(QColor(color)))
            if column:
                item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return item

    def _add_message(self, message: str) -> None:
        item = QTreeWidgetItem()
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        self.addTopLevelItem(item)
        item.setFirstColumnSpanned(True)
        label = QLabel(message, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        label.setProperty("role", "error")
        label.setContentsMargins(12, 0, 4, 3)
        self.setItemWidget(item, 0, label)
        self._messages.append(item)

    def _fit_height(self) -> None:
        """Set the height to that of all rows."""
        width = self.viewport().width()
        for item in self._messages:
            item.setSizeHint(0, QSize(0, self.itemWidget(item, 0).heightForWidth(width)))
        self.doItemsLayout()
        heights = sum(
            max(self.visualItemRect(item).height(), self.rowHeight(self.indexFromItem(item))) for item in self.rows()
        )
        self.setFixedHeight(self.header().sizeHint().height() + heights + 2 * self.frameWidth() + 4)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._fit_height()

    def dropEvent(self, event: QDropEvent) -> None:
        item = self.currentItem()
        index = item.data(0, _INDEX) if item else -1
        super().dropEvent(event)
        QTimer.singleShot(0, self, lambda: self.moved.emit(index))  # the rows are replaced after Qt's drop has ended

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _row_key(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = _row_key(event)
        if key == Qt.Key.Key_Delete:
            self.deleted.emit()
        elif key:
            self.nudged.emit(-1 if key == Qt.Key.Key_Up else 1)
        else:
            super().keyPressEvent(event)


def _row_key(event: QKeyEvent) -> Qt.Key | None:
    """Return the key if it moves or removes a row, else None."""
    alt = event.modifiers() == Qt.KeyboardModifier.AltModifier
    keys = (Qt.Key.Key_Up, Qt.Key.Key_Down) if alt else (Qt.Key.Key_Delete,)
    return next((key for key in keys if key == event.key()), None)


def layer_title(layer: Layer) -> str:
    """Return a layer as the list shows it: ``Dense 8 relu``."""
    words = [
        word.replace("x", "×") if word[0].isdigit() else word.replace("_", " ")
        for word in str(layer).removesuffix(" identity").split()
    ]
    return " ".join([layer.title, *words[words[0] == layer.word :]])

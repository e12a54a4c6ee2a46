"""The layers of a network as a list that is added to, reordered and sized."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QBrush, QColor, QDropEvent, QKeyEvent, QKeySequence
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

_PLACE = Qt.ItemDataRole.UserRole  # of a row among the layers; None for those that the network adds


class LayerList(QWidget):
    """Layers one after another: a row each, with the shape that comes out and the number of weights.

    Where a layer does not fit, that is told at its row; the rows stay as they were entered, and nothing is signalled.

    Attributes:
        layers: as they are entered; value: the text of those in force.
        tree: the rows; entry: the same as text.

    Signals:
        changed: other layers, as text, all of which fit.
    """

    changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.layers: list[Layer] = []
        self.value = ""
        self._network: Network | None = None
        self.tree = _LayerTree()
        self.tree.moved.connect(self._take_order)
        self.tree.nudged.connect(self.move)
        self.tree.deleted.connect(self.remove)
        self.tree.currentItemChanged.connect(self._show_fields)
        self.add_button = QToolButton(text=tr("Add"), popupMode=QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.add_button, toolTipsVisible=True)
        for kind in catalogue().values():
            action = menu.addAction(tr(kind.title), partial(self.add, kind.default()))
            action.setToolTip(textwrap.fill(tr(kind.meaning), 64))
        self.add_button.setMenu(menu)
        self.up = QToolButton(text=tr("Up"), clicked=lambda: self.move(-1))
        self.down = QToolButton(text=tr("Down"), clicked=lambda: self.move(1))
        self.delete = QToolButton(text=tr("Remove"), clicked=self.remove)
        line = QHBoxLayout(spacing=4)
        for button, tip in (
            (self.add_button, tr("Add a layer after the one chosen.")),
            (self.up, tr("Move the layer chosen up (Alt+Up); it can be dragged too.")),
            (self.down, tr("Move the layer chosen down (Alt+Down); it can be dragged too.")),
            (self.delete, tr("Remove the layer chosen (Delete).")),
        ):
            button.setToolTip(tip)
            button.setAccessibleName(f"{button.text()} {tr('layer')}")
            line.addWidget(button)
        line.addStretch(1)
        keys_by_tab(self.add_button, self.up, self.down, self.delete)
        self.fields = LayerFields()
        self.fields.changed.connect(self._size)
        self.entry = EntryField()
        self.entry.setAccessibleName(tr("Layers as text"))
        examples = [kind.example for kind in catalogue().values()]
        self.entry.setToolTip("\n".join([tr("The layers as text:"), *examples]))
        self.entry.entered.connect(self._type)
        self.note = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.note.setProperty("role", "muted")
        layout = QVBoxLayout(self, spacing=4)
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
        """The text of the layers where they are not those in force, as some do not fit; else None."""
        text = text_of(self.layers)
        return text if text != self.value else None

    @property
    def chosen(self) -> int:
        """The place of the layer that is chosen; −1 where none is."""
        item = self.tree.currentItem()
        place = item.data(0, _PLACE) if item else None
        return -1 if place is None else place

    def show_network(self, network: Network) -> None:
        """Show the layers of a network; those entered that do not fit stay, until others are in force."""
        if network is self._network:
            return
        self._network = network
        text = network.values["layers"]
        if text != self.value or self.pending is None:
            self.show_value(text)
        else:
            self._show_rows()

    def show_value(self, value: str) -> None:
        """Show layers that are in force; nothing is signalled."""
        self.value = value
        self._adopt(layers_of(value), self.chosen)

    def add(self, layer: Layer) -> None:
        """Add a layer after the one chosen, or at the end."""
        if len(self.layers) >= MOST_LAYERS:
            self.say(tr("there are {n} layers; more can't be shown", n=len(self.layers)))
            return
        if self._network:
            layer = layer.for_targets(self._network.train.per_step)
        place = self.chosen + 1 if self.chosen >= 0 else len(self.layers)
        self._change([*self.layers[:place], layer, *self.layers[place:]], place)

    def remove(self) -> None:
        """Remove the layer chosen."""
        place = self.chosen
        if place >= 0:
            self._change([*self.layers[:place], *self.layers[place + 1 :]], min(place, len(self.layers) - 2))

    def move(self, by: int) -> None:
        """Move the layer chosen by so many places."""
        place, other = self.chosen, self.chosen + by
        if place >= 0 and 0 <= other < len(self.layers):
            layers = list(self.layers)
            layers.insert(other, layers.pop(place))
            self._change(layers, other)

    def say(self, message: str) -> None:
        """Tell what is wrong with the layers as a whole."""
        self.entry.explain(message)

    def event(self, event: QEvent) -> bool:
        """Take back what does not fit with the keys of undo: it is no edit of the experiment yet."""
        if event.type() == QEvent.Type.ShortcutOverride and self._takes_back(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._takes_back(event):
            self.show_value(self.value)
        else:
            super().keyPressEvent(event)

    def _takes_back(self, event: QKeyEvent) -> bool:
        return self.pending is not None and event.matches(QKeySequence.StandardKey.Undo)

    def _type(self, text: str) -> None:
        try:
            layers = layers_of(text)
        except ValueError as error:
            self.entry.explain(str(error))
            return
        self._change(layers, self.chosen)
        if not self.pending:
            self.entry.take(text_of(layers))

    def _size(self, layer: Layer) -> None:
        layers = list(self.layers)
        layers[self.chosen] = layer
        self._change(layers, self.chosen)

    def _take_order(self, place: int) -> None:
        """Take the order in which the rows stand now, after the layer of this place was moved."""
        items = (self.tree.topLevelItem(i) for i in range(self.tree.topLevelItemCount()))
        order = [known for item in items if (known := item.data(0, _PLACE)) is not None]
        self._change([self.layers[i] for i in order], order.index(place) if place in order else -1)

    def _change(self, layers: Sequence[Layer], chosen: int) -> None:
        """Take other layers; signal them where they fit."""
        self._adopt(layers, chosen)
        text = text_of(layers)
        if text != self.value and not any(row.error for row in self._rows()):
            self.value = text
            self.changed.emit(text)

    def _adopt(self, layers: Sequence[Layer], chosen: int) -> None:
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
        none = "" if self.layers else tr("logistic regression") if data.classes else tr("linear regression")
        told = tr("Without a layer of your own this is {what}.", what=none) if none else ""
        if any(row.error for row in rows):
            told = tr(
                "Until all fit, the layers are still: {layers}. Ctrl+Z goes back to them.",
                layers=self.value or tr("none"),
            )
        self.note.setText(told)
        self.note.setVisible(bool(told))

    def _show_fields(self, *_: object) -> None:
        place = self.chosen
        self.fields.show_layer(
            self.layers[place] if 0 <= place < len(self.layers) else None,
            self._network.values["activation"] if self._network else "",
        )
        self.up.setEnabled(place > 0)
        self.down.setEnabled(0 <= place < len(self.layers) - 1)
        self.delete.setEnabled(place >= 0)


class _LayerTree(QTreeWidget):
    """The rows: layer, shape that comes out, number of weights.

    Signals:
        moved: the layer of this place was dropped elsewhere.
        nudged: a key moves the current row by so many; deleted: a key removes it.
    """

    moved = Signal(int)
    nudged = Signal(int)
    deleted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Layers"))
        self.setToolTip(tr("The layers from the inputs to the outputs. Drag a row to reorder; choose one to size it."))
        self.setHeaderLabels([tr("layer"), tr("output"), tr("weights")])
        self.headerItem().setToolTip(1, tr("The shape of what comes out for one example."))
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

    def show_rows(self, rows: Sequence[LayerRow], chosen: int) -> None:
        """Show these rows, and below one that does not fit, why."""
        was = self.blockSignals(True)
        self.clear()
        self._messages = []
        place = 0
        for row in rows:
            item = self._item(row)
            self.addTopLevelItem(item)
            if row.user_defined:
                item.setData(0, _PLACE, place)
                if place == chosen:
                    self.setCurrentItem(item)
                place += 1
            if row.error:
                self._explain(row.error)
        self.blockSignals(was)
        self._fit()

    def _item(self, row: LayerRow) -> QTreeWidgetItem:
        output = "" if row.output is None else shape_text(row.output)
        item = QTreeWidgetItem([layer_title(row.layer), output, f"{row.weights:,}" if row.weights else "–"])
        item.setToolTip(0, layer_title(row.layer) if row.user_defined else tr("The network adds it by itself."))
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

    def _explain(self, message: str) -> None:
        item = QTreeWidgetItem()
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        self.addTopLevelItem(item)
        item.setFirstColumnSpanned(True)
        label = QLabel(message, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        label.setProperty("role", "error")
        label.setContentsMargins(12, 0, 4, 3)
        self.setItemWidget(item, 0, label)
        self._messages.append(item)

    def _fit(self) -> None:
        """Be as high as all rows are."""
        width = self.viewport().width()
        for item in self._messages:
            item.setSizeHint(0, QSize(0, self.itemWidget(item, 0).heightForWidth(width)))
        self.doItemsLayout()
        rows = (self.topLevelItem(i) for i in range(self.topLevelItemCount()))
        heights = sum(
            max(self.visualItemRect(item).height(), self.rowHeight(self.indexFromItem(item))) for item in rows
        )
        self.setFixedHeight(self.header().sizeHint().height() + heights + 2 * self.frameWidth() + 4)

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._fit()

    def dropEvent(self, event: QDropEvent) -> None:
        item = self.currentItem()
        place = item.data(0, _PLACE) if item else -1
        super().dropEvent(event)
        QTimer.singleShot(0, self, lambda: self.moved.emit(place))  # the rows are made anew, when Qt is done with these

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and _own_key(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = _own_key(event)
        if key == Qt.Key.Key_Delete:
            self.deleted.emit()
        elif key:
            self.nudged.emit(-1 if key == Qt.Key.Key_Up else 1)
        else:
            super().keyPressEvent(event)


def _own_key(event: Any) -> Qt.Key | None:
    """The key, where it is one that moves or removes a row."""
    alt = event.modifiers() == Qt.KeyboardModifier.AltModifier
    if event.key() in ((Qt.Key.Key_Up, Qt.Key.Key_Down) if alt else (Qt.Key.Key_Delete,)):
        return event.key()
    return None


def layer_title(layer: Layer) -> str:
    """A layer as the list shows it: ``Dense 8 relu``."""
    words = [
        word.replace("x", "×") if word[0].isdigit() else word.replace("_", " ")
        for word in str(layer).removesuffix(" identity").split()
    ]
    return " ".join([layer.title, *words[words[0] == layer.word :]])

"""The controls that build a network without code: its data, its layers and its training."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QSizePolicy, QTabWidget, QVBoxLayout, QWidget

from gdviewer.problems.networks.network import Network
from gdviewer.text import tr
from gdviewer.ui.network.layer_list import LayerList
from gdviewer.ui.widgets.parameter_fields import Field, ParameterFields

_LAYERS = ("activation",)  # shown below the list of layers
_TRAINING = ("loss", "init", "init_scale", "init_seed")
_BATCH = ("batch_size",)


class NetworkBuilder(QTabWidget):
    """The controls of a network on three pages; controls without effect are hidden.

    Attributes:
        layers: the list of layers.
        notes: the label with the parameters that were changed to fit the data.
        scaling, weights, batch: the labels with the scaling of the data, the loss and weights, and the batch.
        messages: the label with the error on each page.

    Signals:
        changed: the name of a parameter and its new value.
    """

    changed = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self.setDocumentMode(True)
        self.layers = LayerList()
        self._groups = [ParameterFields() for _ in range(4)]
        self._parameters: dict[str, object] | None = None
        self._pages: list[QWidget] = []
        self._layouts: list[QVBoxLayout] = []
        self.notes, self.scaling, self.weights, self.batch = (_note() for _ in range(4))
        self.notes.setProperty("role", "heading")
        data, layers, training, batch = self._groups
        self.messages = [self._add_page(tr("Data"), self.notes, data, self.scaling)]
        self.messages.append(self._add_page(tr("Layers"), self.layers, layers))
        self.messages.append(self._add_page(tr("Training"), training, self.weights, batch, self.batch))
        self.tabBar().setAccessibleName(tr("Parts of the network"))
        self.tabBar().setToolTip(tr("The training data, the layers, and the settings of training."))
        for group in self._groups:
            group.changed.connect(self.changed)
        self.layers.changed.connect(lambda text: self.changed.emit("layers", text))
        self.currentChanged.connect(self._fit_height)
        self._fit_height()

    @property
    def fields(self) -> dict[str, Field | LayerList]:
        """The field of each parameter by name; for ``layers`` it is the list of layers."""
        return {"layers": self.layers} | {name: f for group in self._groups for name, f in group.fields.items()}

    def show_network(self, network: Network) -> None:
        """Show the parameters of a network, and hide notes and errors."""
        if self._parameters is None or list(self._parameters) != list(network.parameters) or any(
            self._parameters[name] != network.parameters[name] for name in network.parameters
        ):  # fmt: skip
            self._declare(network)
        self.layers.show_network(network)
        idle = network.idle
        for group in self._groups:
            group.show_values({name: network.values[name] for name in group.fields})
            for name, field in group.fields.items():
                field.setVisible(name not in idle)
        self.notes.hide()
        for label in self.messages:
            label.hide()
        self.scaling.setText(network.scaling.text)
        values, rows = network.values, len(network.targets)
        self.weights.setText(
            tr("Loss: {loss}. {n} weights, {init}, seed {seed}.", loss=tr(network.loss_name.replace("_", " ")),
               n=f"{network.dimension:,}", init=tr(values["init"]), seed=values["init_seed"])
        )  # fmt: skip
        more = tr("A batch of {n} is larger than the data.", n=f"{values['batch_size']:,}")
        self.batch.setText(network.batch_text + (f" {more}" if values["batch_size"] > rows else ""))

    def show_changes(self, changed: tuple[str, ...], network: Network) -> None:
        """Show a note on the parameters that were changed to fit the data: ``layers``, ``loss`` or both."""
        texts = {
            "layers": tr("Layers changed to fit the data: {layers}.", layers=network.values["layers"]),
            "loss": tr("Loss changed to fit the targets: {loss}.", loss=tr(network.loss_name.replace("_", " "))),
        }  # fmt: skip
        self.notes.setText(" ".join(texts[name] for name in changed))
        self.notes.setVisible(bool(changed))

    def show_value(self, name: str, value: Any) -> None:
        """Show the current value of a parameter without a signal."""
        self.fields[name].show_value(value)

    def _declare(self, network: Network) -> None:
        self._parameters = dict(network.parameters)
        others = {"layers", *_LAYERS, *_TRAINING, *_BATCH}
        names = [name for name in network.parameters if name not in others], _LAYERS, _TRAINING, _BATCH
        for group, some in zip(self._groups, names, strict=True):
            group.declare({name: network.parameters[name] for name in some}, titles=_titles())

    def add_data_entry(self, entry: QWidget) -> None:
        """Move the entry of user-defined data to the top of the data page."""
        if not self._pages[0].isAncestorOf(entry):
            self._layouts[0].insertWidget(0, entry)

    def show_error(self, name: str, message: str) -> None:
        """Show an error in the value of a parameter on the page with its field; an empty text hides it."""
        field = self.fields[name]
        for page, label in zip(self._pages, self.messages, strict=True):
            found = page.isAncestorOf(field)
            label.setText(message if found else "")
            label.setVisible(found and bool(message))

    def _add_page(self, title: str, *widgets: QWidget) -> QLabel:
        """Add a page, and return its label for errors."""
        page, message = QWidget(), _note()
        message.setProperty("role", "error")
        message.hide()
        layout = QVBoxLayout(page)
        layout.setSpacing(6)
        layout.setContentsMargins(0, 8, 0, 0)
        for widget in (message, *widgets):
            layout.addWidget(widget)
        layout.addStretch(1)
        self.addTab(page, title)
        self._pages.append(page)
        self._layouts.append(layout)
        return message

    def _fit_height(self) -> None:
        """Let the current page alone determine the height."""
        for i, page in enumerate(self._pages):
            policy = QSizePolicy.Policy.Preferred if i == self.currentIndex() else QSizePolicy.Policy.Ignored
            page.setSizePolicy(QSizePolicy.Policy.Preferred, policy)
        self.updateGeometry()


def _titles() -> dict[str, str]:
    """Return the titles of fields whose parameters have short names."""
    return {
        "data_noise": tr("noise"),
        "data_seed": tr("seed of the data"),
        "activation": tr("default activation"),
        "init": tr("initial weights"),
        "init_scale": tr("weight scale"),
        "init_seed": tr("weight seed"),
    }


def _note() -> QLabel:
    label = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
    label.setProperty("role", "muted")
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label

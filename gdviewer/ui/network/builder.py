"""A network put together without code: its data, its layers, and how it is trained."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QSizePolicy, QTabWidget, QVBoxLayout, QWidget

from gdviewer.problems.networks.network import Network
from gdviewer.text import tr
from gdviewer.ui.network.layer_list import LayerList
from gdviewer.ui.widgets.parameter_fields import Field, ParameterFields

_LAYERS = ("activation",)  # beside the list of them
_TRAINING = ("loss", "init", "init_scale", "init_seed")
_BATCH = ("batch_size",)


class NetworkBuilder(QTabWidget):
    """The controls of a network; those without effect are hidden.

    Attributes:
        layers: the list of layers.
        notes: what was changed so that all fits, in words; empty where nothing was.
        messages: what is wrong with what was entered, on each page.

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
        self.notes, self.scaling, self.weights, self.batch = (_note() for _ in range(4))
        self.notes.setProperty("role", "heading")
        data, layers, training, batch = self._groups
        self.messages = [self._page(tr("Data"), self.notes, data, self.scaling)]
        self.messages.append(self._page(tr("Layers"), self.layers, layers))
        self.messages.append(self._page(tr("Training"), training, self.weights, batch, self.batch))
        self.tabBar().setAccessibleName(tr("Parts of the network"))
        self.tabBar().setToolTip(tr("The data it is trained on, its layers, and how it is trained."))
        for group in self._groups:
            group.changed.connect(self.changed)
        self.layers.changed.connect(lambda text: self.changed.emit("layers", text))
        self.currentChanged.connect(self._fit)
        self._fit()

    @property
    def fields(self) -> dict[str, Field | LayerList]:
        """The field of each parameter; that of the layers is their list."""
        return {"layers": self.layers} | {name: f for group in self._groups for name, f in group.fields.items()}

    def show_network(self, network: Network) -> None:
        """Show the values of a network."""
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
        more = tr("A batch of {n} is more than there are.", n=f"{values['batch_size']:,}")
        self.batch.setText(network.batch_text + (f" {more}" if values["batch_size"] > rows else ""))

    def tell(self, changed: tuple[str, ...], network: Network) -> None:
        """Say which parameters had to be changed so that the network fits its data."""
        told = {
            "layers": tr("For these data the layers are now: {layers}.", layers=network.values["layers"]),
            "loss": tr("For these targets the loss is now: {loss}.", loss=tr(network.loss_name.replace("_", " "))),
        }  # fmt: skip
        self.notes.setText(" ".join(told[name] for name in changed))
        self.notes.setVisible(bool(changed))

    def show_value(self, name: str, value: object) -> None:
        """Show a value that holds already."""
        self.fields[name].show_value(value)

    def _declare(self, network: Network) -> None:
        self._parameters = dict(network.parameters)
        own = {"layers", *_LAYERS, *_TRAINING, *_BATCH}
        names = [name for name in network.parameters if name not in own], _LAYERS, _TRAINING, _BATCH
        for group, some in zip(self._groups, names, strict=True):
            group.declare({name: network.parameters[name] for name in some}, titles=_titles())

    def hold(self, entry: QWidget) -> None:
        """Show the entry of data of one's own above what else is set about the data."""
        if not self.widget(0).isAncestorOf(entry):
            self.widget(0).layout().insertWidget(0, entry)

    def say(self, name: str, message: str) -> None:
        """Tell what is wrong with the value entered for a parameter, on its page."""
        field = self.fields[name]
        for i, label in enumerate(self.messages):
            here = self.widget(i).isAncestorOf(field)
            label.setText(message if here else "")
            label.setVisible(here and bool(message))

    def _page(self, title: str, *widgets: QWidget) -> QLabel:
        """Add a page; returns the label on which it tells what is wrong."""
        page, message = QWidget(), _note()
        message.setProperty("role", "error")
        message.hide()
        layout = QVBoxLayout(page, spacing=6)
        layout.setContentsMargins(0, 8, 0, 0)
        for widget in (message, *widgets):
            layout.addWidget(widget)
        layout.addStretch(1)
        self.addTab(page, title)
        return message

    def _fit(self) -> None:
        """Be as high as the page in front."""
        for i in range(self.count()):
            policy = QSizePolicy.Policy.Preferred if i == self.currentIndex() else QSizePolicy.Policy.Ignored
            self.widget(i).setSizePolicy(QSizePolicy.Policy.Preferred, policy)
        self.updateGeometry()


def _titles() -> dict[str, str]:
    """What fields are called whose parameters have short names."""
    return {
        "data_noise": tr("noise"),
        "data_seed": tr("seed of the data"),
        "activation": tr("usual activation"),
        "init": tr("initial weights"),
        "init_scale": tr("their scale"),
        "init_seed": tr("their seed"),
    }


def _note() -> QLabel:
    label = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
    label.setProperty("role", "muted")
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label

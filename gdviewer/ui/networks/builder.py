"""A network put together without code: its data, its layers, and how it is trained."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QSizePolicy, QTabWidget, QVBoxLayout, QWidget

from gdviewer.problems.networks.network import Network
from gdviewer.ui.networks.layer_list import LayerList
from gdviewer.ui.parameter_fields import Field, ParameterFields
from gdviewer.ui.text import tr

_LAYERS = ("activation",)  # beside the list of them
_TRAINING = ("loss", "init", "init_scale", "init_seed", "batch_size")


class NetworkBuilder(QTabWidget):
    """The controls of a network; those without effect are hidden.

    Attributes:
        layers: the list of layers.
        notes: what was changed so that all fits, in words; empty where nothing was.

    Signals:
        changed: the name of a parameter and its new value.
    """

    changed = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self.setDocumentMode(True)
        self.layers = LayerList()
        self._groups = [ParameterFields() for _ in range(3)]
        self._parameters: dict[str, object] | None = None
        self.notes, self.scaling, self.weights, self.batch = (_note() for _ in range(4))
        self.notes.setProperty("role", "heading")
        data, layers, training = self._groups
        self._page(tr("Data"), self.notes, data, self.scaling)
        self._page(tr("Layers"), self.layers, layers)
        self._page(tr("Training"), training, self.weights, self.batch)
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
        self.scaling.setText(network.scaling.text)
        values, rows = network.values, len(network.targets)
        self.weights.setText(
            tr("{n} weights, {init}, seed {seed}.", n=f"{network.dimension:,}", init=tr(values["init"]),
               seed=values["init_seed"])
        )  # fmt: skip
        more = tr("A batch of {n} is more than there are.", n=f"{values['batch_size']:,}")
        self.batch.setText(network.batch_text + (f" {more}" if values["batch_size"] > rows else ""))

    def tell(self, changed: tuple[str, ...], network: Network) -> None:
        """Say which parameters had to be changed so that the network fits its data."""
        told = {
            "layers": tr("The layers did not fit these data; they are now: {layers}.", layers=network.values["layers"]),
            "loss": tr("The loss did not fit these targets; it is now: {loss}.",
                       loss=tr(network.loss_name.replace("_", " "))),
        }  # fmt: skip
        self.notes.setText(" ".join(told[name] for name in changed))
        self.notes.setVisible(bool(changed))

    def show_value(self, name: str, value: object) -> None:
        """Show a value that holds already."""
        self.fields[name].show_value(value)

    def _declare(self, network: Network) -> None:
        self._parameters = dict(network.parameters)
        own = {*_LAYERS, *_TRAINING, "layers"}
        names = [name for name in network.parameters if name not in own], _LAYERS, _TRAINING
        for group, some in zip(self._groups, names, strict=True):
            group.declare({name: network.parameters[name] for name in some})

    def _page(self, title: str, *widgets: QWidget) -> None:
        page = QWidget()
        layout = QVBoxLayout(page, spacing=6)
        layout.setContentsMargins(0, 8, 0, 0)
        for widget in widgets:
            layout.addWidget(widget)
        self.addTab(page, title)

    def _fit(self) -> None:
        """Be as high as the page in front."""
        for i in range(self.count()):
            policy = QSizePolicy.Policy.Preferred if i == self.currentIndex() else QSizePolicy.Policy.Ignored
            self.widget(i).setSizePolicy(QSizePolicy.Policy.Preferred, policy)
        self.updateGeometry()


def _note() -> QLabel:
    label = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
    label.setProperty("role", "muted")
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label

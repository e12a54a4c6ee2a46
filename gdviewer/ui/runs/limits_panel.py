"""The panel of the limits at which runs stop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from gdviewer.engine.rules.parameter import Parameter
from gdviewer.engine.run.stop import LIMITS
from gdviewer.experiment.diff import ExperimentDiff
from gdviewer.text import tr
from gdviewer.ui.session.session import Session
from gdviewer.ui.timeline.progress import in_epochs
from gdviewer.ui.widgets.number_field import NumberField

_EPOCHS = Parameter(
    50, 0, LIMITS["max_steps"].high, open_low=True, scale="log", slider=(1, 1000),
    meaning="stop after this number of passes over the data; the same limit as max steps",
)  # fmt: skip


class LimitsPanel(QWidget):
    """A field for each limit; a limit that can be switched off has a check box.

    Attributes:
        fields: the field of each limit; epochs: the field of max steps in epochs, shown if steps are counted in epochs.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        titles = {
            "tolerance": tr("tolerance on the move"),
            "max_steps": tr("max steps"),
            "gradient_tolerance": tr("gradient tolerance"),
            "loss_tolerance": tr("loss tolerance"),
            "divergence": tr("diverged beyond"),
        }
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        self.fields: dict[str, NumberField] = {}
        for name, parameter in LIMITS.items():
            optional = name not in ("max_steps", "divergence")
            field = NumberField(name, parameter, optional=optional, title=titles[name])
            field.changed.connect(lambda value, name=name: self._set(name, value))
            layout.addWidget(field)
            self.fields[name] = field
        self.epochs = NumberField("epochs", _EPOCHS, title=tr("epochs"))
        self.epochs.changed.connect(self._set_epochs)
        layout.insertWidget(list(self.fields).index("max_steps") + 1, self.epochs)
        layout.addStretch(1)
        session.experiment_changed.connect(self._take_edit)
        self._match()

    def _set(self, name: str, value: float | None) -> None:
        experiment = self._session.experiment
        changes: dict[str, Any] = {name: value}
        self._session.edit(replace(experiment, limits=replace(experiment.limits, **changes)))

    def _set_epochs(self, epochs: float) -> None:
        high = LIMITS["max_steps"].high
        self._set("max_steps", int(min(max(1, round(epochs * (self._batches or 1))), high)))
        self._match()  # show the epochs of the rounded number of steps

    @property
    def _batches(self) -> int | None:
        return in_epochs(self._session.experiment.problem)

    def _take_edit(self, change: ExperimentDiff) -> None:
        if change.limits or change.problem:
            self._match()

    def _match(self) -> None:
        for name, field in self.fields.items():
            value = getattr(self._session.experiment.limits, name)
            if value != field.value:
                field.show_value(value)
        batches = self._batches
        self.epochs.setVisible(batches is not None)
        if batches is not None:
            self.epochs.show_value(round(self._session.experiment.limits.max_steps / batches, 2) or 0.01)

"""When runs stop."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QVBoxLayout, QWidget

from gdviewer.engine.stop import LIMITS
from gdviewer.ui.number_field import NumberField
from gdviewer.ui.session import Session
from gdviewer.ui.text import tr


class LimitsPanel(QWidget):
    """The stop rules: a field each; those that may be off have a check box."""

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
        layout = QVBoxLayout(self, spacing=8)
        self.fields: dict[str, NumberField] = {}
        for name, parameter in LIMITS.items():
            optional = name not in ("max_steps", "divergence")
            field = NumberField(name, parameter, optional=optional, title=titles[name])
            field.changed.connect(lambda value, name=name: self._set(name, value))
            layout.addWidget(field)
            self.fields[name] = field
        layout.addStretch(1)
        session.experiment_changed.connect(self._match)
        self._match()

    def _set(self, name: str, value: float | None) -> None:
        experiment = self._session.experiment
        self._session.edit(replace(experiment, limits=replace(experiment.limits, **{name: value})))

    def _match(self) -> None:
        for name, field in self.fields.items():
            value = getattr(self._session.experiment.limits, name)
            if value != field.value:
                field.show_value(value)

"""The choice of the example that is followed through a step of training."""

from __future__ import annotations

from PySide6.QtWidgets import QSpinBox

from gdviewer.text import tr


class ExampleBox(QSpinBox):
    """All examples of a batch, or one of them; hidden if there is no batch."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimum(0)
        self.setKeyboardTracking(False)
        self.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.hide()
        self.setPrefix(tr("example "))
        self.setSpecialValueText(tr("all examples of the batch"))
        self.setAccessibleName(tr("Example followed through the step"))
        self.setToolTip(
            tr(
                "Follow one example of the batch: arrays of the batch show only its row. Type its number, or use the "
                "wheel or the keys ↑ and ↓; 0 shows all examples."
            )
        )

    @property
    def index(self) -> int | None:
        """The index of the example in the batch, from 0; None for all."""
        return self.value() - 1 if self.value() else None

    def set_count(self, batch: int) -> None:
        """Set the number of examples in the batch; 0 hides the box."""
        self.setVisible(bool(batch))
        if batch:
            self.setMaximum(batch)
            self.setSuffix(tr(" of {n}", n=f"{batch:,}"))

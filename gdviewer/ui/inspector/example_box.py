"""The choice of the example that is followed through a step of a network's training."""

from __future__ import annotations

from PySide6.QtWidgets import QSpinBox

from gdviewer.text import tr


class ExampleBox(QSpinBox):
    """All of a step's batch, or one example of it; hidden where there is no batch."""

    def __init__(self) -> None:
        super().__init__(
            minimum=0, keyboardTracking=False, visible=False, buttonSymbols=QSpinBox.ButtonSymbols.NoButtons
        )
        self.setPrefix(tr("example "))
        self.setSpecialValueText(tr("all examples of the batch"))
        self.setAccessibleName(tr("Example followed through the step"))
        self.setToolTip(
            tr(
                "Follow one example of the batch: of each array that holds the batch, only its own row is shown. "
                "Type its number, or use the wheel or the keys ↑ and ↓; 0 shows them all."
            )
        )

    @property
    def place(self) -> int | None:
        """The example's place in the batch, from 0; None for all."""
        return self.value() - 1 if self.value() else None

    def take(self, batch: int) -> None:
        """Offer the examples of a batch of so many."""
        self.setVisible(bool(batch))
        if batch:
            self.setMaximum(batch)
            self.setSuffix(tr(" of {n}", n=f"{batch:,}"))

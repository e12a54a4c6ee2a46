"""The eigenvalues of a Hessian as bars."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from gdviewer.engine.analysis.curvature import Curvature
from gdviewer.text import indexed, tr
from gdviewer.ui.widgets.theme import Theme, look

_ALL, _ENDS = 7, 3  # up to so many are shown whole, else so many at each end
_DECADES = 6  # an eigenvalue so many powers of ten below the largest has the shortest bar


class Spectrum(QWidget):
    """A bar for each eigenvalue, the largest first; of many, those at both ends.

    Attributes:
        rows: what is shown: name, value and its sign as it counts, -1, 0 or 1; an empty name stands for those between.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[str, float, int]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Eigenvalues of the Hessian"))
        self.setToolTip(
            tr("How the loss curves along its own directions, the steepest first; the bars are by powers of ten.")
        )
        look().changed.connect(self.updateGeometry)

    def show_curvature(self, here: Curvature | None) -> None:
        """Show the eigenvalues that are known of a point."""
        before = len(self.rows)
        self.rows = rows_of(here) if here else []
        self.setAccessibleDescription(", ".join(f"{name} = {value:.4g}" for name, value, _ in self.rows if name))
        if len(self.rows) != before:
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, len(self.rows) * self._height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _height(self) -> int:
        return self.fontMetrics().height() + 4

    def paintEvent(self, event: object) -> None:
        theme, metrics, height = look().theme, self.fontMetrics(), self._height()
        painter = QPainter(self)
        names = max((metrics.horizontalAdvance(name) for name, *_ in self.rows), default=0) + 8
        numbers = metrics.horizontalAdvance("−0.000e+000") + 8
        largest = max((abs(value) for _, value, _ in self.rows), default=0.0)
        room = self.width() - names - numbers
        for i, (name, value, sign) in enumerate(self.rows):
            line = QRectF(0, i * height, self.width(), height)
            painter.setPen(QColor(theme.text))
            if not name:
                painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, "⋮")
                continue
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, f"{value:.4g}")
            share = length_of(value, largest) if sign else 0.02
            painter.fillRect(QRectF(names, i * height + 4, max(room * share, 2), height - 8), sign_color(theme, sign))


def rows_of(here: Curvature) -> list[tuple[str, float, int]]:
    """Name, value and sign of the eigenvalues to show, the largest first."""
    values, n = here.eigenvalues[::-1].tolist(), len(here.x)
    signs = [0 if abs(value) <= here.floor else int(math.copysign(1, value)) for value in values]
    if here.whole and n <= _ALL:
        return [(indexed("λ", i), *row) for i, row in enumerate(zip(values, signs, strict=True))]
    half = min(_ENDS, -(-len(values) // 2))
    first = [(indexed("λ", i), values[i], signs[i]) for i in range(half)]
    last = [(indexed("λ", n + i), values[i], signs[i]) for i in range(-min(half, len(values) - half), 0)]
    return [*first, ("", 0.0, 0), *last]


def length_of(value: float, largest: float) -> float:
    """The part of the room that a bar takes, by powers of ten."""
    if not value or not largest:
        return 0.02
    return max(0.04, 1 + math.log10(abs(value) / largest) / _DECADES)


def sign_color(theme: Theme, sign: int) -> QColor:
    """What a curvature of that sign is drawn in."""
    return QColor(theme.accent if sign > 0 else theme.error if sign < 0 else theme.muted)

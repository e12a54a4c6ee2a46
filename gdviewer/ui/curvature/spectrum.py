"""The eigenvalues of a Hessian as bars."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gdviewer.engine.analysis.curvature import Curvature
from gdviewer.text import indexed, tr
from gdviewer.ui.widgets.theme import Theme, look

_ALL, _ENDS = 7, 3  # the number up to which all are shown, and the number at each end otherwise
_DECADES = 6  # the range of the bars in powers of ten


class Spectrum(QWidget):
    """A bar for each eigenvalue, the largest first; of many eigenvalues, only those at both ends.

    Attributes:
        rows: name, value and sign (−1, 0 or 1) of each; an empty name stands for those that are left out.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[str, float, int]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Eigenvalues of the Hessian"))
        self.setToolTip(tr("Eigenvalues of the Hessian, the largest first; the bars are by powers of ten."))
        look().changed.connect(self.updateGeometry)

    def show_curvature(self, curvature: Curvature | None) -> None:
        """Show the eigenvalues at a point; None for none."""
        before = len(self.rows)
        self.rows = rows_of(curvature) if curvature else []
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

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, metrics, height = look().theme, self.fontMetrics(), self._height()
        painter = QPainter(self)
        names = max((metrics.horizontalAdvance(name) for name, *_ in self.rows), default=0) + 8
        numbers = metrics.horizontalAdvance("−0.000e+000") + 8
        largest = max((abs(value) for _, value, _ in self.rows), default=0.0)
        width = self.width() - names - numbers
        for i, (name, value, sign) in enumerate(self.rows):
            line = QRectF(0, i * height, self.width(), height)
            painter.setPen(QColor(theme.text))
            if not name:
                painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, "⋮")
                continue
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, f"{value:.4g}")
            share = length_of(value, largest) if sign else 0.02
            painter.fillRect(QRectF(names, i * height + 4, max(width * share, 2), height - 8), sign_color(theme, sign))


def rows_of(curvature: Curvature) -> list[tuple[str, float, int]]:
    """Return name, value and sign of the eigenvalues to show, the largest first."""
    values, n = curvature.eigenvalues[::-1].tolist(), len(curvature.x)
    signs = [0 if abs(value) <= curvature.floor else int(math.copysign(1, value)) for value in values]
    if curvature.whole and n <= _ALL:
        return [(indexed("λ", i), *row) for i, row in enumerate(zip(values, signs, strict=True))]
    half = min(_ENDS, -(-len(values) // 2))
    first = [(indexed("λ", i), values[i], signs[i]) for i in range(half)]
    last = [(indexed("λ", n + i), values[i], signs[i]) for i in range(-min(half, len(values) - half), 0)]
    return [*first, ("", 0.0, 0), *last]


def length_of(value: float, largest: float) -> float:
    """Return the length of a bar as a share of the width, by powers of ten."""
    if not value or not largest:
        return 0.02
    return max(0.04, 1 + math.log10(abs(value) / largest) / _DECADES)


def sign_color(theme: Theme, sign: int) -> QColor:
    """Return the colour of a curvature of this sign."""
    return QColor(theme.accent if sign > 0 else theme.error if sign < 0 else theme.muted)

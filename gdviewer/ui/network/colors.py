"""Colours of classes and outputs, distinguishable with colour blindness too (Okabe & Ito 2008)."""

from __future__ import annotations

from PySide6.QtGui import QColor

from gdviewer.ui.widgets.theme import Theme

_ON_LIGHT = "#0072b2", "#d55e00", "#009e73", "#b05a8c", "#a87400", "#3d9bd6", "#7a6a00", "#555b66", "#5b3fa0", "#8c2d04"
_ON_DARK = "#56b4e9", "#ff8c42", "#2fc79b", "#e39ac4", "#f0c040", "#3f8fd0", "#f0e442", "#b8bec9", "#a994ee", "#e0754c"
_SYMBOLS = "o", "s", "t", "d", "t1", "p", "h", "star", "t2", "t3"
SIGNS = dict(zip(_SYMBOLS, "●■▼◆▲⬟⬢★▶◀", strict=True))  # the characters of the symbols


def class_color(theme: Theme, index: int) -> QColor:
    """Return the colour of a class or an output; the colours repeat after ten."""
    colors = _ON_DARK if QColor(theme.plot).lightnessF() < 0.5 else _ON_LIGHT
    return QColor(colors[index % len(colors)])


def class_symbol(index: int) -> str:
    """Return the name of the symbol of a class in pyqtgraph; the symbols repeat after ten."""
    return _SYMBOLS[index % len(_SYMBOLS)]

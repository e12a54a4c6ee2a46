"""Colours and sizes: light, dark and projector."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QSettings, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

from gdviewer.resources import asset
from gdviewer.text import tr

# Fonts that draw the hat of m̂ above the m; DejaVu Sans, the default on Linux, draws it in the line above.
MATH_FONTS = "Cambria Math", "STIX Two Math", "DejaVu Serif"


@dataclass(frozen=True)
class Theme:
    """A theme: colours as #rrggbb, and sizes.

    Attributes:
        accent, review: the colours for the newest step and for an earlier one.
        heat: the ends of the colours of the loss, the low end first.
        lines: the colours of the lines of a rule and of their arrows; runs: the colours of the runs.
        scale: the factor of the font size; width: the width of paths in pixels.
    """

    name: str
    window: str
    base: str
    raised: str
    text: str
    muted: str
    line: str
    accent: str
    review: str
    error: str
    plot: str
    heat: tuple[str, str]
    contour: str
    runs: tuple[str, ...]
    lines: tuple[str, ...]
    scale: float = 1.0
    width: float = 2.0

    def run_color(self, index: int) -> QColor:
        """Return the colour of a run."""
        return QColor(self.runs[index % len(self.runs)])

    def line_color(self, index: int) -> QColor:
        """Return the colour of a line of a rule."""
        return QColor(self.lines[index % len(self.lines)])

    def heat_colors(self) -> NDArray[np.uint8]:
        """Return 256 colours at equal distances in Oklab between the two ends, shape (256, 4), RGBA."""
        return _ramp(*self.heat)

    def signed_colors(self) -> NDArray[np.uint8]:
        """Return 511 colours for numbers from −1 to 1, shape (511, 4), RGBA.

        Negative numbers are orange, zero has the background colour, positive numbers are blue. People with a red-green
        deficiency can distinguish them too.
        """
        return _two_ramps(self.review, self.plot, self.accent)


LIGHT = Theme(
    "light", window="#f3f4f6", base="#ffffff", raised="#ffffff", text="#1c2230", muted="#5b6475", line="#cfd4dd",
    accent="#2563c9", review="#a85400", error="#b3261e", plot="#ffffff", heat=("#6f97c4", "#fbfcfe"), contour="#33507a",
    runs=("#d9480f", "#6b21a8", "#117a3a", "#b3006b", "#1f2937", "#8a6100", "#b91c1c", "#0f5e6e"),
    lines=("#1c6fd1", "#c2255c", "#087f5b", "#7048e8", "#b35c00", "#0b7285", "#862e9c", "#5c7a00"),
)  # fmt: skip
DARK = Theme(
    "dark", window="#1b1f27", base="#14171d", raised="#242a34", text="#e6e9ef", muted="#9aa4b5", line="#39414f",
    accent="#6ea8fe", review="#ffb454", error="#ff8a80", plot="#14171d", heat=("#0d1524", "#4a6288"), contour="#9db7dc",
    runs=("#ff922b", "#e599f7", "#69db7c", "#ffe066", "#66d9e8", "#ff8787", "#f1f3f5", "#a5b4fc"),
    lines=("#74c0fc", "#faa2c1", "#63e6be", "#b197fc", "#ffc078", "#66d9e8", "#e599f7", "#c0eb75"),
)  # fmt: skip
PROJECTOR = Theme(
    "projector", window="#ffffff", base="#ffffff", raised="#ffffff", text="#000000", muted="#333333", line="#888888",
    accent="#0040c0", review="#9c4a00", error="#b00000", plot="#ffffff", heat=("#7ea6d9", "#ffffff"), contour="#1d3f73",
    runs=("#d00000", "#5a009d", "#006b1f", "#a8005c", "#000000", "#7a4f00", "#003fa3", "#005f5f"),
    lines=("#0047b3", "#b3003c", "#006644", "#5500cc", "#8a4600", "#005c66", "#73007f", "#465c00"),
    scale=1.25, width=4.0,
)  # fmt: skip
THEMES = {theme.name: theme for theme in (LIGHT, DARK, PROJECTOR)}


class Look(QObject):
    """The current theme; the application has one such object.

    Attributes:
        choice: the name of the chosen theme, or "system"; theme: the theme.

    Signals:
        changed: colours and sizes have changed.
    """

    changed = Signal()

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._application = application
        self._point_size = application.font().pointSizeF()
        self.choice = str(QSettings().value("theme", "system"))
        self.theme = LIGHT
        application.styleHints().colorSchemeChanged.connect(self._apply)
        self._apply()

    def choose(self, name: str) -> None:
        """Use a theme by name, or ``"system"`` to follow the desktop, and save the choice."""
        self.choice = name
        QSettings().setValue("theme", name)
        self._apply()

    def _apply(self) -> None:
        dark = self._application.styleHints().colorScheme() == Qt.ColorScheme.Dark
        self.theme = THEMES.get(self.choice, DARK if dark else LIGHT)
        self._application.setPalette(_palette(self.theme))
        font = QFont(self._application.font())
        font.setPointSizeF(self._point_size * self.theme.scale)
        self._application.setFont(font)
        self._application.setStyleSheet(_style(self.theme))
        self.changed.emit()


def look() -> Look:
    """Return the look of the application; it is made on first use."""
    application = cast(QApplication, QApplication.instance())
    return application.findChild(Look) or Look(application)


def theme_titles() -> dict[str, str]:
    """Return the titles of the choices by name."""
    return {"system": tr("System"), "light": tr("Light"), "dark": tr("Dark"), "projector": tr("Projector")}


def _palette(theme: Theme) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    colors = {
        role.Window: theme.window, role.WindowText: theme.text, role.Base: theme.base, role.Text: theme.text,
        role.AlternateBase: theme.window, role.Button: theme.raised, role.ButtonText: theme.text,
        role.ToolTipBase: theme.raised, role.ToolTipText: theme.text, role.Highlight: theme.accent,
        role.HighlightedText: theme.base, role.PlaceholderText: theme.muted, role.Link: theme.accent,
        role.Mid: theme.line, role.Midlight: theme.line, role.Light: theme.raised, role.Dark: theme.line,
        role.Accent: theme.accent, role.BrightText: theme.error,
    }  # fmt: skip
    for key, color in colors.items():
        palette.setColor(key, QColor(color))
    for key in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, key, QColor(theme.muted))
    return palette


def _style(theme: Theme) -> str:
    return f"""
        QToolTip {{ color: {theme.text}; background: {theme.raised}; border: 1px solid {theme.line}; padding: 4px; }}
        QLabel[role="error"] {{ color: {theme.error}; }}
        QLabel[role="muted"] {{ color: {theme.muted}; }}
        QLabel[role="heading"] {{ font-weight: 600; }}
        QLineEdit, QPlainTextEdit, QListWidget, QTextBrowser {{
            background: {theme.base}; border: 1px solid {theme.line}; border-radius: 4px; padding: 2px 4px; }}
        QListWidget {{ padding: 0; }}
        QSpinBox {{ background: {theme.base}; border: 1px solid {theme.line}; border-radius: 4px; padding: 3px 2px; }}
        QSpinBox:focus {{ border-color: {theme.accent}; }}
        QSpinBox QLineEdit {{ border: none; }}
        QLineEdit:focus, QPlainTextEdit:focus {{ border-color: {theme.accent}; }}
        QLineEdit:disabled {{ color: {theme.muted}; background: {theme.window}; }}
        QLineEdit[invalid="true"] {{ border-color: {theme.error}; }}
        QPushButton, QToolButton {{
            background: {theme.raised}; border: 1px solid {theme.line}; border-radius: 4px; padding: 4px 7px; }}
        QPushButton:hover, QToolButton:hover {{ border-color: {theme.accent}; }}
        QPushButton:pressed, QToolButton:pressed {{ background: {theme.line}; }}
        QToolButton:checked {{ background: {theme.accent}; color: {theme.base}; border-color: {theme.accent}; }}
        QPushButton:focus, QToolButton:focus {{ border-color: {theme.accent}; }}
        QPushButton:disabled, QToolButton:disabled {{ color: {theme.muted}; }}
        QToolButton#primary, QPushButton#primary:enabled {{
            background: {theme.accent}; color: {theme.base}; border-color: {theme.accent}; font-weight: 600; }}
        QTabBar QToolButton {{ padding: 0; }}
        QToolButton[role="choice"] {{ padding: 4px 5px; }}
        QToolBar {{ background: {theme.window}; border: none; border-top: 1px solid {theme.line};
            spacing: 4px; padding: 3px 8px; }}
        QLabel[role="live"], QLabel[role="review"] {{
            color: {theme.base}; background: {theme.accent}; border-radius: 4px; padding: 3px 8px; font-weight: 600; }}
        QLabel[role="review"] {{ background: {theme.review}; }}
        QLabel[role="bubble"] {{ color: {theme.error}; background: {theme.raised};
            border: 1px solid {theme.error}; border-radius: 4px; padding: 4px 8px; }}
        QCheckBox::indicator, QListWidget::indicator {{
            width: 14px; height: 14px; border: 1px solid {theme.muted}; border-radius: 3px; background: {theme.base}; }}
        QCheckBox::indicator:checked, QListWidget::indicator:checked {{
            background: {theme.accent}; border-color: {theme.accent}; image: url("{_tick()}"); }}
        QCheckBox::indicator:focus {{ border-color: {theme.accent}; }}
        QStatusBar {{ border-top: 1px solid {theme.line}; }}
        QStatusBar::item {{ border: none; }}
        QMainWindow::separator {{ background: {theme.line}; width: 1px; height: 1px; }}
        QDockWidget::title {{ background: {theme.window}; padding: 5px 8px; text-align: left; }}
        QScrollArea {{ border: none; }}
    """


def _tick() -> str:
    with asset("check.svg") as path:
        return path.as_posix()


@cache
def _ramp(first: str, last: str) -> NDArray[np.uint8]:
    low, high = _oklab(first), _oklab(last)
    rgb = _from_oklab(low + np.linspace(0, 1, 256)[:, None] * (high - low))
    return np.column_stack([rgb, np.full(256, 255)]).astype(np.uint8)


@cache
def _two_ramps(first: str, middle: str, last: str) -> NDArray[np.uint8]:
    return np.vstack([_ramp(first, middle), _ramp(middle, last)[1:]])


def _oklab(color: str) -> NDArray[np.float64]:
    """Convert sRGB to Oklab (Ottosson 2020), in which equal distances look equally different."""
    value = QColor(color)
    rgb = np.array([value.redF(), value.greenF(), value.blueF()])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    lab: NDArray[np.float64] = np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T
    return lab


def _from_oklab(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = ((lab @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_LMS).T).clip(0, 1)
    rgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(rgb * 255)


_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)

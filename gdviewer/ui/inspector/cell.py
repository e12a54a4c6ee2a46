"""Painting of a row of a step: the line, its numbers and its value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontMetricsF, QImage, QPainter, QPen, QTextLayout, QTextOption
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTreeView

from gdviewer.inspection.rows import ReportRow
from gdviewer.ui.widgets.theme import MATH_FONTS, look

Index = QModelIndex | QPersistentModelIndex
ROW = Qt.ItemDataRole.UserRole
_BAR, _LEFT, _ABOVE, _HANG = 4, 12, 4, 14  # width of the colour bar; left, vertical margin; hanging indent, in pixels
_MAX_LINES = 4  # of text of one part of a row
_BARS, _IMAGE = QSize(150, 26), QSize(150, 44)  # thumbnails of a vector and of a matrix
_PICTURES = 24  # maximum number of pictures in a thumbnail
_FIRM, _LOOSE = "\u00a0", "\u200b"  # a space without a line break, and a line break without a space
_NUMBER = "−?[\\d.e−]+"
_VECTOR = re.compile(rf"(\w = )?\({_NUMBER}(, {_NUMBER})*\)|\w = {_NUMBER}")


@dataclass(frozen=True)
class _Part:
    """A line of text at its position in a row, or the thumbnail."""

    x: float
    y: float
    text: str
    font: QFont
    role: str  # the name of the colour


class Cell(QStyledItemDelegate):
    """Paints a row of the tree; the height of a row depends on its text.

    Attributes:
        code: True to show the source of the lines, False for mathematical notation.
    """

    def __init__(self, tree: QTreeView) -> None:
        super().__init__(tree)
        self._tree = tree
        self.code = False

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        tree, row = self._tree, index.data(ROW)
        return QSize(0, self._lay(row, tree.viewport().width() - tree.indentation() * (row.depth + 1))[1])

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row, theme, rect = index.data(ROW), look().theme, option.rect
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, chosen_tint(self._tree.hasFocus()))
        painter.translate(rect.topLeft())
        parts, height = self._lay(row, rect.width())
        if row.vector is not None:
            painter.fillRect(QRectF(2, _ABOVE, _BAR, height - 2 * _ABOVE), theme.line_color(row.color))
        colors = {"text": theme.text, "muted": theme.muted, "error": theme.error, "accent": theme.accent}
        for part in parts:
            if part.role == "thumb":
                size = _thumb_size(row)
                width = rect.width() - part.x - 8
                _draw_thumb(painter, QRectF(part.x, part.y, min(size.width(), width), size.height()), row)
                continue
            painter.setFont(part.font)
            painter.setPen(QColor(colors[part.role]))
            painter.drawText(QPointF(part.x, part.y), part.text)
        if index.data(Qt.ItemDataRole.CheckStateRole) is not None:
            _draw_pin(painter, QRect(rect.width() - 20, _ABOVE, 14, 14), QColor(theme.accent))
        painter.restore()

    def line_of(self, row: ReportRow) -> str:
        """Return the line of a row in the chosen notation."""
        return row.code if self.code else row.text

    def first_line(self, row: ReportRow) -> float:
        """Return the distance from the top of a row to the middle of its first line."""
        font = self._font_of(row)
        return _ABOVE + QFontMetricsF(font).height() / 2

    def _font_of(self, row: ReportRow) -> QFont:
        """Return the font of the line of a row."""
        math, _, code = _fonts(QApplication.font())
        if row.heading:
            return heading_font(QApplication.font())
        return code if self.code and not row.remark else math

    def _lay(self, row: ReportRow, width: int) -> tuple[list[_Part], int]:
        """Return the parts of a row of this width, and its height."""
        plain = QApplication.font()
        math, bold = _fonts(plain)[:2]
        value_font = math if row.is_large or row.heading else bold
        font = self._font_of(row)
        room, parts, y = width - _LEFT - 8.0, [], float(_ABOVE)
        line, value = self.line_of(row), f"= {row.value}" if row.value and not row.named else row.value
        numbers = f"= {row.numbers}" if row.numbers and not row.summary else ""
        for text, role, its_font in ((line, "muted" if row.remark else "text", font), (numbers, "muted", math)):
            last = text and (text is numbers or not numbers)
            if last and value and (both := _beside(text, its_font, value, value_font, room)):
                base, begin, below = both
                parts += [_Part(_LEFT, y + base, text, its_font, role)]
                parts += [_Part(_LEFT + begin, y + base, value, value_font, "text")]
                y, value = y + below, ""
            elif text:
                y = _add(parts, text, its_font, role, room, y)
        if value:
            y = _add(parts, value, value_font, "text", room, y)
        if row.summary:
            y = _add(parts, row.summary, math, "muted", room, y)
        if row.is_large:
            parts.append(_Part(_LEFT, y + 2, "", plain, "thumb"))
            y += _thumb_size(row).height() + 4
        if row.change:
            y = _add(parts, f"△ {row.change}", plain, "accent", room, y)
        if row.error:
            y = _add(parts, row.error, plain, "error", room, y)
        return parts, round(y + _ABOVE)


def chosen_tint(focused: bool) -> QColor:
    """Return the background colour of the current row."""
    below, above, share = QColor(look().theme.base), QColor(look().theme.accent), 0.22 if focused else 0.12
    pairs = (below.redF(), above.redF()), (below.greenF(), above.greenF()), (below.blueF(), above.blueF())
    return QColor.fromRgbF(*(b + share * (a - b) for b, a in pairs))


def math_font(plain: QFont) -> QFont:
    """Return the font for mathematics beside a plain font."""
    font = QFont(plain)
    font.setFamilies([*MATH_FONTS, plain.family()])
    font.setPointSizeF(plain.pointSizeF() * 1.05)
    return font


@lru_cache(maxsize=8)
def heading_font(plain: QFont) -> QFont:
    """Return the font of the title of a part."""
    font = QFont(plain)
    font.setWeight(QFont.Weight.Bold)
    return font


@lru_cache(maxsize=8)
def _fonts(plain: QFont) -> tuple[QFont, QFont, QFont]:
    """Return the fonts of mathematics, values and code."""
    math = math_font(plain)
    value = QFont(math)
    value.setWeight(QFont.Weight.DemiBold)
    code = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    code.setPointSizeF(plain.pointSizeF() * 0.95)
    return math, value, code


def _add(parts: list[_Part], text: str, font: QFont, role: str, room: float, y: float) -> float:
    """Add a text, wrapped into lines, and return the position below it."""
    metrics = QFontMetricsF(font)
    for number, line in enumerate(broken(text, font, round(room), _MAX_LINES)):
        parts.append(_Part(_LEFT + (_HANG if number else 0), y + metrics.ascent(), line, font, role))
        y += metrics.height()
    return y


def _beside(left: str, font: QFont, right: str, other: QFont, room: float) -> tuple[float, float, float] | None:
    """Return base line, start of the right text and height of two texts on one line; None if they don't fit."""
    metrics, others = QFontMetricsF(font), QFontMetricsF(other)
    begin = metrics.horizontalAdvance(left) + 2 * metrics.averageCharWidth()
    if begin + others.horizontalAdvance(right) > room:
        return None
    return max(metrics.ascent(), others.ascent()), begin, max(metrics.height(), others.height())


@lru_cache(maxsize=4096)
def broken(text: str, font: QFont, room: int, max_lines: int) -> tuple[str, ...]:
    """Return the lines of a wrapped text, with a hanging indent; a text with too many lines is elided."""
    metrics, next_room = QFontMetricsF(font), room - _HANG

    def whole(found: re.Match[str]) -> str:
        """Return a vector without line breaks if it fits on one line."""
        return found[0].replace(" ", _FIRM) if metrics.horizontalAdvance(found[0]) <= next_room else found[0]

    text = _VECTOR.sub(whole, text)
    text = re.sub(r"(?<=\w\w\w\()", _LOOSE, re.sub("^= ", f"={_FIRM}", text))
    layout, option = QTextLayout(text, font), QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    lines: list[str] = []
    layout.beginLayout()
    while (line := layout.createLine()).isValid():
        line.setLineWidth(max(40, next_room if lines else room))
        begin = line.textStart()
        lines.append(text[begin : begin + line.textLength()].rstrip())
        if len(lines) == max_lines and begin + line.textLength() < len(text):
            rest = text[begin:]
            lines[-1] = metrics.elidedText(rest, Qt.TextElideMode.ElideMiddle, max(40, next_room))
            break
    layout.endLayout()
    return tuple(line.replace(_LOOSE, "") for line in lines)


def _thumb_size(row: ReportRow) -> QSize:
    return _BARS if row.amount.ndim == 1 else _IMAGE


def _draw_thumb(painter: QPainter, rect: QRectF, row: ReportRow) -> None:
    """Draw a vector as bars of its components, a matrix as an image."""
    theme, values = look().theme, np.asarray(row.amount, dtype=float)
    painter.setPen(QPen(QColor(theme.line), 1))
    painter.setBrush(QColor(theme.plot))
    if values.ndim != 1:
        image = _image_of(matrix_of(values, row.name.endswith("W")))
        wide = min(max(rect.height() * image.width() / max(image.height(), 1), 12.0), rect.width())
        frame = QRectF(rect.left(), rect.top(), wide, rect.height())
        painter.drawImage(frame, image)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(frame)
        return
    painter.drawRect(rect)
    color = theme.line_color(row.color) if row.vector is not None else QColor(theme.accent)
    for bar in _bars(values, rect):
        painter.fillRect(bar, color)


def _bars(values: NDArray[np.float64], rect: QRectF) -> Iterator[QRectF]:
    """Yield a bar for each component; with more components than pixels, a bar spans several of them."""
    finite = np.where(np.isfinite(values), values, 0.0)
    low, high = min(float(finite.min()), 0.0), max(float(finite.max()), 0.0)
    columns = np.array_split(finite, min(len(finite), int(rect.width()) - 2))
    step = (rect.width() - 2) / len(columns)
    scale = (rect.height() - 4) / ((high - low) or 1.0)
    for number, part in enumerate(columns):
        x = rect.left() + 1 + number * step
        top, bottom = max(float(part.max()), 0.0), min(float(part.min()), 0.0)
        base = rect.bottom() - 2
        yield QRectF(x, base - (top - low) * scale, max(1.0, 0.75 * step), max(1.0, (top - bottom) * scale))


def matrix_of(values: NDArray[np.float64], filters: bool = False) -> NDArray[np.float64]:
    """Return an array as a matrix; an array of more dimensions as a grid of pictures, separated by NaN.

    Args:
        values: shape (height, width, channels), or with an axis of examples before it.
        filters: True for filters, shape (height, width, channels, filters).
    """
    if values.ndim < 3:
        return values.reshape(-1, values.shape[-1])
    if filters and values.ndim == 4:
        pictures = values.transpose(2, 3, 0, 1)
    else:
        pictures = values.reshape(-1, *values.shape[-3:])[:_PICTURES].transpose(0, 3, 1, 2)
    down, across = pictures.shape[-2:]
    pictures = pictures.reshape(-1, down, across)[:_PICTURES]
    beside = round(np.sqrt(len(pictures) * down / across * _IMAGE.width() / _IMAGE.height()))
    beside = min(max(beside, 1), len(pictures))
    rows = -(-len(pictures) // beside)
    board = np.full((rows, down + 1, beside, across + 1), np.nan)
    for number, picture in enumerate(pictures):
        board[number // beside, :-1, number % beside, :-1] = picture
    return board.reshape(rows * (down + 1), -1)[:-1, :-1]


def _image_of(table: NDArray[np.float64]) -> QImage:
    """Return a matrix in the colours of the loss, thinned to 64 rows and 150 columns; NaN is transparent."""
    table = table[:: -(-table.shape[0] // 64), :: -(-table.shape[1] // 150)]
    finite = np.isfinite(table)
    low, high = float(table[finite].min(initial=np.inf)), float(table[finite].max(initial=-np.inf))
    shades = (np.where(finite, table - low, 0.0) / ((high - low) or 1.0) * 255).astype(np.uint8)
    pixels = np.where(finite[..., None], look().theme.heat_colors()[shades], np.uint8(0))
    return QImage(pixels.tobytes(), table.shape[1], table.shape[0], QImage.Format.Format_RGBA8888).copy()


def _draw_pin(painter: QPainter, rect: QRect, color: QColor) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(color, 1.5))
    painter.setBrush(color)
    middle = QPointF(rect.center())
    painter.drawEllipse(middle - QPointF(0, 3), 3.5, 3.5)
    painter.drawLine(middle, middle + QPointF(0, 6))

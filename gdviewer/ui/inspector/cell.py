"""How a line of a step is painted: the line, the numbers it worked on, and what it came to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontMetricsF, QImage, QPainter, QPen, QTextLayout, QTextOption
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from gdviewer.inspection.rows import ReportRow
from gdviewer.ui.widgets.theme import MATH_FONTS, look

ROW = Qt.ItemDataRole.UserRole
_BAR, _LEFT, _ABOVE, _HANG = 4, 12, 4, 14  # width of the colour's bar, where text begins, room above and below, indent
_MOST = 4  # lines of text that one part of a row may take
_BARS, _IMAGE = QSize(150, 26), QSize(150, 44)  # thumbnails of a vector and of a matrix
_PICTURES = 24  # of so many channels of examples a thumbnail shows the pictures
_FIRM, _LOOSE = "\u00a0", "\u200b"  # a space where no line is to be broken, and none where one may be
_NUMBER = "−?[\\d.e−]+"
_VECTOR = re.compile(rf"(\w = )?\({_NUMBER}(, {_NUMBER})*\)|\w = {_NUMBER}")


@dataclass(frozen=True)
class _Part:
    """A line of text in its place in a row, or the thumbnail."""

    x: float
    y: float
    text: str
    font: QFont
    role: str  # which of the theme's colours


class Cell(QStyledItemDelegate):
    """Paints a row of the tree; rows are as high as their text asks for.

    Attributes:
        code: whether lines are shown as they are written.
    """

    code = False

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        tree, row = self.parent(), index.data(ROW)
        return QSize(0, self._lay(row, tree.viewport().width() - tree.indentation() * (row.depth + 1))[1])

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        row, theme, rect = index.data(ROW), look().theme, option.rect
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, chosen_tint(self.parent().hasFocus()))
        painter.translate(rect.topLeft())
        parts, height = self._lay(row, rect.width())
        if row.vector is not None:
            painter.fillRect(QRectF(2, _ABOVE, _BAR, height - 2 * _ABOVE), theme.line_color(row.color))
        colors = {"text": theme.text, "muted": theme.muted, "error": theme.error, "accent": theme.accent}
        for part in parts:
            if part.role == "thumb":
                size = _thumb_size(row)
                room = rect.width() - part.x - 8
                _draw_thumb(painter, QRectF(part.x, part.y, min(size.width(), room), size.height()), row)
                continue
            painter.setFont(part.font)
            painter.setPen(QColor(colors[part.role]))
            painter.drawText(QPointF(part.x, part.y), part.text)
        if index.data(Qt.ItemDataRole.CheckStateRole) is not None:
            _draw_pin(painter, QRect(rect.width() - 20, _ABOVE, 14, 14), QColor(theme.accent))
        painter.restore()

    def line_of(self, row: ReportRow) -> str:
        """A row's line in the notation chosen."""
        return row.code if self.code else row.text

    def first_line(self, row: ReportRow) -> float:
        """How far below a row's top the middle of its first line is."""
        font = self._font_of(row)
        return _ABOVE + QFontMetricsF(font).height() / 2

    def _font_of(self, row: ReportRow) -> QFont:
        """That of a row's line."""
        math, _, code = _fonts(QApplication.font())
        if row.heading:
            return heading_font(QApplication.font())
        return code if self.code and not row.remark else math

    def _lay(self, row: ReportRow, width: int) -> tuple[list[_Part], int]:
        """The parts of a row of that width, and its height."""
        plain = QApplication.font()
        math, bold = _fonts(plain)[:2]
        told = math if row.is_large or row.heading else bold
        font = self._font_of(row)
        room, parts, y = width - _LEFT - 8.0, [], float(_ABOVE)
        line, value = self.line_of(row), f"= {row.value}" if row.value and not row.named else row.value
        numbers = f"= {row.numbers}" if row.numbers and not row.summary else ""
        for text, role, its_font in ((line, "muted" if row.remark else "text", font), (numbers, "muted", math)):
            last = text and (text is numbers or not numbers)
            if last and value and (both := _beside(text, its_font, value, told, room)):
                base, begin, below = both
                parts += [_Part(_LEFT, y + base, text, its_font, role)]
                parts += [_Part(_LEFT + begin, y + base, value, told, "text")]
                y, value = y + below, ""
            elif text:
                y = _add(parts, text, its_font, role, room, y)
        if value:
            y = _add(parts, value, told, "text", room, y)
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
    """What lies behind the row that is looked at."""
    below, above, share = QColor(look().theme.base), QColor(look().theme.accent), 0.22 if focused else 0.12
    mixed = (b + share * (a - b) for b, a in zip(below.getRgbF()[:3], above.getRgbF()[:3], strict=True))
    return QColor.fromRgbF(*mixed)


def math_font(plain: QFont) -> QFont:
    """The font for mathematics beside a plain one."""
    font = QFont(plain)
    font.setFamilies([*MATH_FONTS, plain.family()])
    font.setPointSizeF(plain.pointSizeF() * 1.05)
    return font


@lru_cache(maxsize=8)
def heading_font(plain: QFont) -> QFont:
    """The font of the title of a part."""
    font = QFont(plain)
    font.setWeight(QFont.Weight.Bold)
    return font


@lru_cache(maxsize=8)
def _fonts(plain: QFont) -> tuple[QFont, QFont, QFont]:
    """That of mathematics, of values, and of code."""
    math = math_font(plain)
    value = QFont(math)
    value.setWeight(QFont.Weight.DemiBold)
    code = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    code.setPointSizeF(plain.pointSizeF() * 0.95)
    return math, value, code


def _add(parts: list[_Part], text: str, font: QFont, role: str, room: float, y: float) -> float:
    """Add a text over as many lines as it takes; the height of the next."""
    metrics = QFontMetricsF(font)
    for number, line in enumerate(broken(text, font, round(room), _MOST)):
        parts.append(_Part(_LEFT + (_HANG if number else 0), y + metrics.ascent(), line, font, role))
        y += metrics.height()
    return y


def _beside(left: str, font: QFont, right: str, other: QFont, room: float) -> tuple[float, float, float] | None:
    """Two texts on one line: their base line, where the right one begins, and the height; None where they don't fit."""
    metrics, others = QFontMetricsF(font), QFontMetricsF(other)
    begin = metrics.horizontalAdvance(left) + 2 * metrics.averageCharWidth()
    if begin + others.horizontalAdvance(right) > room:
        return None
    return max(metrics.ascent(), others.ascent()), begin, max(metrics.height(), others.height())


@lru_cache(maxsize=4096)
def broken(text: str, font: QFont, room: int, most: int) -> tuple[str, ...]:
    """A text in lines that fit, those after the first set in; what is too much for so many lines is elided."""
    metrics, next_room = QFontMetricsF(font), room - _HANG

    def whole(found: re.Match[str]) -> str:
        """A vector that has room on a line of its own is not broken."""
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
        if len(lines) == most and begin + line.textLength() < len(text):
            rest = text[begin:]
            lines[-1] = metrics.elidedText(rest, Qt.TextElideMode.ElideMiddle, max(40, next_room))
            break
    layout.endLayout()
    return tuple(line.replace(_LOOSE, "") for line in lines)


def _thumb_size(row: ReportRow) -> QSize:
    return _BARS if row.amount.ndim == 1 else _IMAGE


def _draw_thumb(painter: QPainter, rect: QRectF, row: ReportRow) -> None:
    """A vector as a line of its components about zero, a matrix as an image."""
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


def _bars(values: np.ndarray, rect: QRectF) -> Iterator[QRectF]:
    """A bar for each component; where there are more than pixels, from the least to the largest of those there."""
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


def matrix_of(values: np.ndarray, filters: bool = False) -> np.ndarray:
    """An array as a matrix; one of more dimensions as the first of its channels' pictures, in rows with NaN between.

    Args:
        values: (height, width, channels), or with the examples before; filters: whether height and width come first.
    """
    if values.ndim < 3:
        return values.reshape(-1, values.shape[-1])
    if filters and values.ndim == 4:  # height, width, what comes in, what goes out
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


def _image_of(table: np.ndarray) -> QImage:
    """A matrix in the colours of the heat image, large ones thinned to 64 rows and 150 columns; NaN is clear."""
    table = table[:: -(-table.shape[0] // 64), :: -(-table.shape[1] // 150)]
    told = np.isfinite(table)
    low, high = float(table[told].min(initial=np.inf)), float(table[told].max(initial=-np.inf))
    shades = (np.where(told, table - low, 0.0) / ((high - low) or 1.0) * 255).astype(np.uint8)
    pixels = np.where(told[..., None], look().theme.heat_colors()[shades], np.uint8(0))
    return QImage(pixels.tobytes(), table.shape[1], table.shape[0], QImage.Format.Format_RGBA8888).copy()


def _draw_pin(painter: QPainter, rect: QRect, color: QColor) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(color, 1.5))
    painter.setBrush(color)
    middle = QPointF(rect.center())
    painter.drawEllipse(middle - QPointF(0, 3), 3.5, 3.5)
    painter.drawLine(middle, middle + QPointF(0, 6))

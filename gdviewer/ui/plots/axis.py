"""An axis with logarithmic ticks for any range, from a fraction of a decade to hundreds of decades."""

from __future__ import annotations

import math
from typing import cast

import pyqtgraph as pg

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PIXELS_A_TICK = {"left": 28, "bottom": 70}


class Axis(pg.AxisItem):
    """An axis of pyqtgraph with other ticks in logarithmic mode, where pyqtgraph shows no numbers for short ranges.

    Attributes:
        whole: True if only whole numbers are shown, as for steps.
    """

    whole = False

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        if not self.logMode:
            return cast("list[tuple[float, list[float]]]", super().tickValues(low, high, size))
        return [(1.0, log_ticks(low, high, max(2, int(size / _PIXELS_A_TICK[self.orientation]))))]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        if self.logMode:
            return [log_text(v) for v in values]
        if self.whole:
            return [f"{v:,.0f}" if abs(v - round(v)) < 1e-6 else "" for v in values]
        return cast("list[str]", super().tickStrings(values, scale, spacing))


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Return the decimal logarithms of at most about ``most`` round numbers between 10^low and 10^high."""
    decades = high - low
    if decades <= 0:
        return []
    if decades >= 2:
        stride = math.ceil(decades / most)
        return [float(d) for d in range(math.ceil(low), math.floor(high) + 1) if d % stride == 0]
    if decades >= 0.8 or not -300 < low < high < 300:
        powers = range(math.floor(low), math.ceil(high) + 1)
        return [d + math.log10(m) for d in powers for m in (1, 2, 5) if low <= d + math.log10(m) <= high]
    first, last = 10**low, 10**high
    step = (last - first) / most
    magnitude = 10 ** math.floor(math.log10(step))
    step = next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= step)
    return [math.log10(k * step) for k in range(math.ceil(first / step), math.floor(last / step) + 1) if k > 0]


def log_text(logarithm: float) -> str:
    """Return the number with a decimal logarithm as text; powers of ten from 10⁻³ to 10⁴ as powers."""
    whole = round(logarithm)
    if abs(logarithm - whole) < 1e-9 and not -4 < whole < 5:
        return "10" + str(whole).translate(_SUPERSCRIPTS)
    return f"{10**logarithm:.8g}" if -300 < logarithm < 300 else ""

"""Translation and formatting of texts for the window, the command line and reports."""

from __future__ import annotations

import gettext
from typing import Any

from gdviewer.engine.record.events import Hit, Message
from gdviewer.engine.run.stop import Stop
from gdviewer.problems.problem import Problem

_translations = gettext.translation("gdviewer", fallback=True)
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def set_translations(translations: gettext.NullTranslations) -> None:
    """Set the gettext catalogue of all texts; the default is the system's catalogue of the domain ``gdviewer``."""
    global _translations
    _translations = translations


def tr(text: str, /, **values: Any) -> str:
    """Return a text in the user's language, with each ``{name}`` replaced by its value."""
    translated = _translations.gettext(text)
    return translated.format(**values) if values else translated


def message_text(message: Message) -> str:
    """Return a message in the user's language."""
    return tr(message.template, **message.values)


def stop_text(stop: Stop) -> tuple[str, str]:
    """Return the description of a stop and the advice, in the user's language."""
    return message_text(stop.happened), message_text(stop.suggested)


def hit_text(hit: Hit) -> str:
    """Return which breakpoint was hit, at which step and why, in the user's language."""
    return message_text(hit.message)


def number_text(value: float) -> str:
    """Return a number with six significant digits; large whole numbers have separators of thousands."""
    return f"{value:,.0f}" if abs(value) >= 1000 and float(value).is_integer() and abs(value) < 1e9 else f"{value:.6g}"


def component_name(problem: Problem, index: int) -> str:
    """Return the name of the component ``index`` of a point, counted from 0: its axis, or x₁ … xₙ."""
    if problem.dimension <= len(problem.axis_names):
        return problem.axis_names[index]
    return indexed("x", index)


def indexed(letter: str, index: int) -> str:
    """Return a letter with ``index`` + 1 as its subscript: ``indexed("x", 0)`` is x₁."""
    return letter + str(index + 1).translate(_SUBSCRIPTS)


def point_text(point: Any) -> str:
    """Return a point as text that can be typed: the shortest digits that give exactly the same numbers."""
    return ", ".join(f"{v:.15g}" if float(f"{v:.15g}") == v else repr(float(v)) for v in point)

"""Texts that a person reads, in the user's language: window, command line and reports."""

from __future__ import annotations

import gettext
from typing import Any

from gdviewer.engine.record.events import Hit, Message
from gdviewer.engine.run.stop import Stop
from gdviewer.problems.problem import Problem

_translations = gettext.translation("gdviewer", fallback=True)
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def set_translations(translations: gettext.NullTranslations) -> None:
    """Translate all texts by another gettext catalogue; by default, the system's of the domain ``gdviewer``."""
    global _translations
    _translations = translations


def tr(text: str, **values: Any) -> str:
    """Return a text in the user's language, with its ``{names}`` replaced by values."""
    translated = _translations.gettext(text)
    return translated.format(**values) if values else translated


def message_text(message: Message) -> str:
    """The message in the user's language."""
    return tr(message.template, **message.values)


def stop_text(stop: Stop) -> tuple[str, str]:
    """What happened and what to do, in the user's language."""
    return message_text(stop.happened), message_text(stop.suggested)


def hit_text(hit: Hit) -> str:
    """Which breakpoint was hit, where and why."""
    return message_text(hit.message)


def number_text(value: float) -> str:
    """A number as a person reads it, in about six digits."""
    return f"{value:,.0f}" if abs(value) >= 1000 and float(value).is_integer() and abs(value) < 1e9 else f"{value:.6g}"


def component_name(problem: Problem, index: int) -> str:
    """What component number ``index`` of a point, counted from 0, is called: its axis, or x₁ … xₙ."""
    if problem.dimension <= len(problem.axis_names):
        return problem.axis_names[index]
    return indexed("x", index)


def indexed(letter: str, index: int) -> str:
    """A letter with a subscript: number ``index``, counted from 0, is x₁ for 0."""
    return letter + str(index + 1).translate(_SUBSCRIPTS)


def point_text(point: Any) -> str:
    """A point as it is typed: the shortest digits that mean just these numbers."""
    return ", ".join(f"{v:.15g}" if float(f"{v:.15g}") == v else repr(float(v)) for v in point)

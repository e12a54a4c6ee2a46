"""A number that knows its range, scale, symbol and meaning."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Literal

Scale = Literal["linear", "log", "complement"]

_SYMBOLS = {
    "learning_rate": "η", "momentum": "μ", "dampening": "τ", "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ",
    "eps": "ε", "rho": "ρ", "kappa": "κ", "lr_decay": "κ", "theta": "θ", "angle": "θ", "condition": "κ",
    "initial_accumulator_value": "s₀",
}  # fmt: skip
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def symbol_of(name: str) -> str:
    """Return the symbol of the field's literature for a name: ``beta1`` gives ``β₁``; an unknown name is itself."""
    stem = name.rstrip("0123456789")
    return _SYMBOLS.get(name) or _SYMBOLS.get(stem, stem) + name[len(stem) :].translate(_SUBSCRIPTS)


class Parameter(float):
    """A default value that knows its range, scale, symbol and meaning; as a number it is just that default.

    A declaration such as ``learning_rate=rate(1e-3)`` is all there is: the controls, the command line's flags, the
    checks and the documentation are made from it.

    Args:
        default: the value used where none is given.
        low, high: the range a value may lie in; each bound belongs to the range unless ``open_low``/``open_high``.
        scale: how a slider moves: ``"linear"``, ``"log"``, or ``"complement"`` (logarithmic in 1 − value).
        meaning: a short phrase for tool tips and help texts.
        slider: the range a slider covers, where that is narrower than the range allowed.
    """

    low: float
    high: float
    scale: Scale
    meaning: str
    open_low: bool
    open_high: bool
    slider: tuple[float, float]

    def __new__(
        cls,
        default: float,
        low: float = -math.inf,
        high: float = math.inf,
        *,
        scale: Scale = "linear",
        meaning: str = "",
        open_low: bool = False,
        open_high: bool = False,
        slider: tuple[float, float] | None = None,
    ) -> Parameter:
        self = super().__new__(cls, default)
        self.low, self.high, self.scale, self.meaning = float(low), float(high), scale, meaning
        self.open_low, self.open_high = open_low or low == -math.inf, open_high or high == math.inf
        self.slider = slider or (self.low, self.high)
        return self

    @property
    def range_text(self) -> str:
        """The range as mathematics writes it, such as ``(0, 10]``."""
        return f"{'(['[not self.open_low]}{self.low:g}, {self.high:g}{')]'[not self.open_high]}"

    def check(self, name: str, value: object) -> float:
        """Return ``value`` as a float in range.

        Raises:
            ValueError: it is no number, not finite, or out of range; the text names the parameter and its range.
        """
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise ValueError(f"{name} must be a number; got {value!r}") from None
        above = number > self.low or (number == self.low and not self.open_low)
        below = number < self.high or (number == self.high and not self.open_high)
        if not (math.isfinite(number) and above and below):
            raise ValueError(f"{name} must be in {self.range_text}; got {number:g}")
        return number

    def __reduce__(self) -> tuple[object, ...]:
        options = (self.scale, self.meaning, self.open_low, self.open_high, self.slider)
        return _restore, (float(self), self.low, self.high, *options)


def _restore(
    default: float,
    low: float,
    high: float,
    scale: Scale,
    meaning: str,
    open_low: bool,
    open_high: bool,
    slider: tuple[float, float],
) -> Parameter:
    return Parameter(
        default, low, high, scale=scale, meaning=meaning, open_low=open_low, open_high=open_high, slider=slider
    )


def rate(default: float, meaning: str = "learning rate: how far a step goes") -> Parameter:
    """A learning rate: in (0, 10], on a logarithmic slider."""
    return Parameter(default, 0, 10, scale="log", open_low=True, slider=(1e-5, 10), meaning=meaning)


def decay(default: float, meaning: str = "share of a running mean that is kept each step") -> Parameter:
    """A share kept from step to step: in [0, 1), on a slider that is logarithmic in what is lost."""
    return Parameter(default, 0, 1, scale="complement", open_high=True, slider=(0, 0.9999), meaning=meaning)


def tiny(default: float, meaning: str = "small number that keeps the division finite") -> Parameter:
    """A small positive number: in (0, 1], on a logarithmic slider."""
    return Parameter(default, 0, 1, scale="log", open_low=True, slider=(1e-16, 1), meaning=meaning)


def nearest(word: str, words: Iterable[str]) -> str:
    """Return ``"; did you mean …?"`` with the nearest of ``words``, or an empty text where none is near."""
    import difflib  # only for a message

    found = difflib.get_close_matches(word, list(words), n=1, cutoff=0.6)
    return f"; did you mean {found[0]!r}?" if found else ""


def check_values(parameters: Mapping[str, Parameter], values: Mapping[str, object], owner: str) -> dict[str, float]:
    """Return the value of every parameter: its default, or the checked one given.

    Raises:
        ValueError: a name that ``owner`` does not have (the nearest is suggested), or a value out of its range.
    """
    for name in values:
        if name not in parameters:
            has = f"it has {', '.join(parameters)}" if parameters else "it has none"
            raise ValueError(f"{owner} has no parameter {name!r}{nearest(name, parameters) or '; ' + has}")
    return {
        name: parameter.check(name, values[name]) if name in values else float(parameter)
        for name, parameter in parameters.items()
    }

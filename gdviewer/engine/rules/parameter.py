"""Declared default values with range and meaning: numbers, switches, choices, lists of numbers and texts."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

Scale = Literal["linear", "log", "complement"]

_SYMBOLS = {
    "learning_rate": "η", "momentum": "μ", "dampening": "τ", "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ",
    "eps": "ε", "rho": "ρ", "kappa": "κ", "lr_decay": "κ", "theta": "θ", "angle": "θ", "condition": "κ",
    "initial_accumulator_value": "s₀", "weight_decay": "λ", "l2": "λ", "lambd": "λ", "noise": "σ", "sigma": "σ",
    "momentum_decay": "ψ", "eta_minus": "η₋", "eta_plus": "η₊", "step_min": "Δ₋", "step_max": "Δ₊", "nu": "ν",
    "mu": "μ", "eta_min": "η₋", "eps_root": "ε̄", "mu_product": "Π",
    "power": "p", "first_step": "α₀", "shrink": "τ", "curvature_min": "δ",
    "history_size": "m", "radius": "Δ", "first_radius": "Δ₀", "radius_max": "Δ₊",
}  # fmt: skip
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def symbol_of(name: str) -> str:
    """Return the usual symbol for a name: ``beta1`` gives ``β₁``; an unknown name is returned unchanged."""
    stem = name.rstrip("0123456789")
    return _SYMBOLS.get(name) or _SYMBOLS.get(stem, stem) + name[len(stem) :].translate(_SUBSCRIPTS)


class Parameter(float):
    """A default number with its range, scale and meaning; as a number it is the default.

    Controls, flags of the command line, checks and documentation are made from a declaration such as
    ``learning_rate=rate(1e-3)``.

    Args:
        default: the default value.
        low: the lower bound of the range.
        high: the upper bound of the range.
        scale: the scale of the slider: ``"linear"``, ``"log"``, or ``"complement"`` (logarithmic in 1 − value).
        meaning: a short phrase for tool tips and help texts.
        open_low: True if the lower bound is not in the range.
        open_high: True if the upper bound is not in the range.
        slider: the range of the slider, if it is narrower.
        whole: True if only whole numbers are in the range.
    """

    low: float
    high: float
    scale: Scale
    meaning: str
    open_low: bool
    open_high: bool
    slider: tuple[float, float]
    whole: bool

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
        whole: bool = False,
    ) -> Parameter:
        self = super().__new__(cls, default)
        self.low, self.high, self.scale, self.meaning = float(low), float(high), scale, meaning
        self.open_low, self.open_high = open_low or low == -math.inf, open_high or high == math.inf
        self.slider, self.whole = _slider(float(self), *(slider or (self.low, self.high)), scale), whole
        return self

    @property
    def range_text(self) -> str:
        """The range in mathematical notation, such as ``(0, 10]``."""
        return f"{'(['[not self.open_low]}{self.low:g}, {self.high:g}{')]'[not self.open_high]}"

    @property
    def text(self) -> str:
        """The default as text."""
        return f"{self:g}"

    def check(self, name: str, value: object) -> float:
        """Return a value as a float, or as an int if only whole numbers are in the range.

        Raises:
            ValueError: it is not a finite number, not whole or out of range; the message has the name and the range.
        """
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise ValueError(f"{name} must be a number; got {value!r}") from None
        above = number > self.low or (number == self.low and not self.open_low)
        below = number < self.high or (number == self.high and not self.open_high)
        if not (math.isfinite(number) and above and below):
            raise ValueError(f"{name} must be in {self.range_text}; got {number:g}")
        if self.whole and not number.is_integer():
            raise ValueError(f"{name} must be a whole number; got {number:g}")
        return int(number) if self.whole else number

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (float(self), vars(self))


def _slider(default: float, low: float, high: float, scale: Scale) -> tuple[float, float]:
    """Return the range of a slider: from low to high if possible, otherwise around the default."""
    if scale == "log":
        low = low if 0 < low < math.inf else min(abs(default) or 1.0, high) / 1e3
        high = high if low < high < math.inf else max(abs(default), low) * 1e3
    elif scale == "complement":
        low, high = max(low, 0.0), min(high, 0.9999)
    else:
        width = 10 * abs(default) or 10.0
        low = low if math.isfinite(low) else min(default, high) - width
        high = high if low < high < math.inf else max(default, low) + width
    return low, high


def _restore(default: float, known: dict[str, Any]) -> Parameter:
    restored = Parameter(default)
    vars(restored).update(known)
    return restored


class Switch(int):
    """A default that is yes or no; as a number it is 1 or 0.

    Args:
        default: True if it is on by default.
        meaning: a short phrase for tool tips and help texts on its effect.
    """

    meaning: str
    range_text = "yes or no"

    def __new__(cls, default: bool = False, meaning: str = "") -> Switch:
        self = super().__new__(cls, bool(default))
        self.meaning = meaning
        return self

    @property
    def text(self) -> str:
        """The default as text."""
        return "yes" if self else "no"

    def check(self, name: str, value: object) -> bool:
        """Return a value as a bool; 0, 1, and words such as yes and no are accepted.

        Raises:
            ValueError: any other value.
        """
        words = {
            "yes": True,
            "no": False,
            "true": True,
            "false": False,
            "on": True,
            "off": False,
            "1": True,
            "0": False,
        }
        known = words.get(value.strip().lower()) if isinstance(value, str) else None
        if known is None and not isinstance(value, str) and value in (0, 1):
            known = bool(value)
        if known is None:
            raise ValueError(f"{name} must be yes or no; got {value!r}")
        return known

    def __reduce__(self) -> tuple[object, ...]:
        return Switch, (bool(self), self.meaning)


class Choice(str):
    """A default that is one of a few words; as a text it is that word.

    Args:
        default: the default word.
        words: all words.
        meaning: a short phrase for tool tips and help texts.
    """

    words: tuple[str, ...]
    meaning: str

    def __new__(cls, default: str, words: Sequence[str], meaning: str = "") -> Choice:
        self = super().__new__(cls, default)
        self.words, self.meaning = tuple(words), meaning
        return self

    @property
    def range_text(self) -> str:
        """The words."""
        return " | ".join(self.words)

    @property
    def text(self) -> str:
        """The default as text."""
        return str(self)

    def check(self, name: str, value: object) -> str:
        """Return a value if it is one of the words.

        Raises:
            ValueError: it is not; the message suggests the nearest word.
        """
        if not isinstance(value, str) or value not in self.words:
            hint = nearest(value, self.words) if isinstance(value, str) else ""
            raise ValueError(f"{name} must be one of {', '.join(self.words)}; got {value!r}{hint}")
        return str(value)

    def __reduce__(self) -> tuple[object, ...]:
        return Choice, (str(self), self.words, self.meaning)


class Numbers(tuple[float, ...]):
    """A default that is a list of rising whole numbers from 1, such as steps.

    Args:
        default: the default list.
        meaning: a short phrase for tool tips and help texts.
    """

    meaning: str
    range_text = "rising whole numbers from 1"

    def __new__(cls, default: Iterable[float], meaning: str = "") -> Numbers:
        self = super().__new__(cls, default)
        self.meaning = meaning
        return self

    @property
    def text(self) -> str:
        """The default as text."""
        return ", ".join(f"{number:g}" for number in self)

    def check(self, name: str, value: object) -> tuple[float, ...]:
        """Return a list, or a text such as ``"30, 80"``, as a tuple.

        Raises:
            ValueError: it is not a list of rising whole numbers from 1.
        """
        parts: Any = value.replace(",", " ").split() if isinstance(value, str) else value
        try:
            numbers = tuple(float(part) for part in parts)
        except (TypeError, ValueError):
            raise ValueError(f"{name} must be a list of numbers such as 30, 80; got {value!r}") from None
        rising = all(a < b for a, b in itertools.pairwise(numbers))
        if not numbers or not rising or numbers[0] < 1 or not all(n.is_integer() for n in numbers):
            raise ValueError(f"{name} must be {self.range_text}, such as 30, 80; got {value!r}")
        return numbers

    def __reduce__(self) -> tuple[object, ...]:
        return Numbers, (tuple(self), self.meaning)


class Text(str):
    """A default that is a text in a special notation; as a text it is the default.

    Args:
        default: the default text.
        read: returns a text in its standard form; raises ValueError for an invalid one.
        meaning: a short phrase for tool tips and help texts.
        example: an example for error messages.
    """

    read: Callable[[str], str]
    meaning: str
    example: str

    def __new__(cls, default: str, read: Callable[[str], str], meaning: str = "", example: str = "") -> Text:
        self = super().__new__(cls, read(default))
        self.read, self.meaning, self.example = read, meaning, example
        return self

    @property
    def range_text(self) -> str:
        """A description with an example."""
        return f"a text such as {self.example}"

    @property
    def text(self) -> str:
        """The default as text."""
        return str(self)

    def check(self, name: str, value: object) -> str:
        """Return a text in its standard form.

        Raises:
            ValueError: the text is not valid.
        """
        try:
            return self.read(str(value))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None

    def __reduce__(self) -> tuple[object, ...]:
        return Text, (str(self), self.read, self.meaning, self.example)


Declared = Parameter | Switch | Choice | Numbers | Text


def declared(default: object) -> Declared:
    """Return a default value of a signature as a declaration; a plain value becomes one without limits.

    Raises:
        TypeError, ValueError: the value can't be a declaration.
    """
    if isinstance(default, (Parameter, Switch, Choice, Numbers, Text)):
        return default
    if isinstance(default, bool):
        return Switch(default)
    number = float(default)  # type: ignore[arg-type] # raises TypeError if it is not a number
    return Parameter(number, scale="log" if number > 0 else "linear")


def rate(default: float, meaning: str = "learning rate: how far a step goes") -> Parameter:
    """Declare a learning rate: in (0, 10], with a logarithmic slider."""
    return Parameter(default, 0, 10, scale="log", open_low=True, slider=(1e-5, 10), meaning=meaning)


def decay(default: float, meaning: str = "share of a running mean that is kept each step") -> Parameter:
    """Declare a share that is kept in each step: in [0, 1), with a slider that is logarithmic in 1 − share."""
    return Parameter(default, 0, 1, scale="complement", open_high=True, slider=(0, 0.9999), meaning=meaning)


def tiny(default: float, meaning: str = "small number that keeps the division finite", zero: bool = False) -> Parameter:
    """Declare a small positive number: in (0, 1], or in [0, 1] with ``zero``, with a logarithmic slider."""
    return Parameter(default, 0, 1, scale="log", open_low=not zero, slider=(1e-16, 1), meaning=meaning)


def small(default: float, meaning: str, **options: Any) -> Parameter:
    """Declare a number that is usually small, such as a weight decay: in [0, 10], with a slider up to 0.1."""
    return Parameter(default, 0, 10, meaning=meaning, **{"slider": (0, 0.1)} | options)


def count(default: int, low: int = 1, high: int = 1_000_000, meaning: str = "", **options: Any) -> Parameter:
    """Declare a whole number, by default with a logarithmic slider."""
    return Parameter(
        default, low, high, whole=True, meaning=meaning, **{"scale": "log" if low > 0 else "linear"} | options
    )


def nearest(word: str, words: Iterable[str]) -> str:
    """Return ``"; did you mean …?"`` with the nearest word; empty if none is near."""
    import difflib  # only needed for a message

    def likeness(other: str) -> float:
        matcher = difflib.SequenceMatcher(None, other, word)
        return matcher.ratio() + matcher.quick_ratio()  # the second ignores the order: adma is adam, not adamax

    found = difflib.get_close_matches(word, list(words), n=5, cutoff=0.6)
    return f"; did you mean {max(found, key=likeness)!r}?" if found else ""


def check_values(parameters: Mapping[str, Declared], values: Mapping[str, object], owner: str) -> dict[str, Any]:
    """Return the value of every parameter: the given value, checked, or its default.

    Raises:
        ValueError: ``owner`` does not have a name (the nearest is suggested), or a value is out of range.
    """
    for name in values:
        if name not in parameters:
            has = f"it has {', '.join(parameters)}" if parameters else "it has none"
            raise ValueError(f"{owner} has no parameter {name!r}{nearest(name, parameters) or '; ' + has}")
    return {name: parameter.check(name, values.get(name, parameter)) for name, parameter in parameters.items()}

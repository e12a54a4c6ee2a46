"""A small reader of the mathematics that is shown, made apart from what writes it: it evaluates the text."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

_NAME = r"[A-Za-zΑ-ω_][A-Za-zΑ-ω_0-9₀-₉ₐ-ₜᵢⱼᵣᵤᵥ₊₋∞\u0300-\u036f]*"
_NUMBER = r"\d+\.?\d*(?:e[+-]?\d+)?"
_TOKEN = re.compile(rf"\s*(f\*|∇²f|∇f|{_NAME}|{_NUMBER}|[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵃ-ᶻʰʲˡʳˢʷˣʸⁱⁿᵀ]|.)")
_NORMAL = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ", "0123456789+−abcdefghijklmnoprstuvwxyz", strict=True))
_BELOW = dict(zip("₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", "0123456789aehijklmnoprstuvx", strict=True))
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "exp": np.exp,
    "log": np.log, "log2": np.log2, "log10": np.log10, "sign": np.sign, "clip": np.clip, "mean": np.mean,
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "atan2": np.arctan2, "ln": np.log, "abs": np.abs,
    "max": lambda *a: np.max(a[0]) if len(a) == 1 else np.maximum(*a),
    "min": lambda *a: np.min(a[0]) if len(a) == 1 else np.minimum(*a),
}  # fmt: skip


class Reader:
    """Evaluates one text; ``names`` gives the values of what it names, ``f`` is the oracle."""

    def __init__(self, text: str, names: Mapping[str, Any], f: Any = None) -> None:
        self._tokens = [token for token in _TOKEN.findall(text) if token.strip()]
        self._names, self._f = {"π": np.pi, "e": np.e, "∞": np.inf} | dict(names), f
        self._at = 0

    def value(self) -> Any:
        """The value of the whole text."""
        value = self._tuple()
        assert self._at == len(self._tokens), f"can't go on at {self._tokens[self._at :]}"
        return value

    @property
    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, *tokens: str) -> str:
        """The next token, if it is one of these."""
        if self._next and self._next in tokens:
            self._at += 1
            return self._tokens[self._at - 1]
        return ""

    def _need(self, token: str) -> None:
        assert self._take(token), f"{token} is missing before {self._tokens[self._at :]}"

    def _tuple(self) -> Any:
        parts = [self._condition()]
        while self._take(","):
            parts.append(self._condition())
        return tuple(parts) if len(parts) > 1 else parts[0]

    def _condition(self) -> Any:
        value = self._either()
        if not self._take("if"):
            return value
        test = self._either()
        self._need("else")
        return _choose(test, value, self._condition())

    def _either(self) -> Any:
        value = self._both()
        while self._take("or"):
            other = self._both()
            value = np.logical_or(value, other) if np.ndim(value) else value or other
        return value

    def _both(self) -> Any:
        value = self._not()
        while self._take("and"):
            other = self._not()
            value = np.logical_and(value, other) if np.ndim(value) else value and other
        return value

    def _not(self) -> Any:
        return np.logical_not(self._not()) if self._take("not") else self._comparison()

    def _comparison(self) -> Any:
        value, holds = self._sum(), []
        signs = {"<": np.less, ">": np.greater, "≤": np.less_equal, "≥": np.greater_equal, "=": _same, "≠": _other}
        while sign := self._take(*signs):
            other = self._sum()
            holds.append(signs[sign](value, other))
            value = other
        return np.logical_and.reduce(holds) if holds else value

    def _sum(self) -> Any:
        value = self._quotient()
        while sign := self._take("+", "−"):
            other = self._quotient()
            value = value + other if sign == "+" else value - other
        return value

    def _quotient(self) -> Any:
        """``/`` stands once between two products, so that it can't be misread."""
        value = -self._product() if self._take("−") else self._product()
        if self._take("/"):
            value = np.true_divide(value, self._factor())
            assert self._next not in ("·", "/"), "a product or quotient after / could be read in two ways"
        elif self._take("mod"):
            value = value % self._factor()
        return value

    def _product(self) -> Any:
        value = self._factor()
        while self._take("·"):
            value = _times(value, self._factor())
        return value

    def _factor(self) -> Any:
        if self._take("√"):
            return np.sqrt(self._atom())
        if self._take("∑"):
            return np.sum(self._factor())
        number = re.fullmatch(_NUMBER, self._next)
        value = self._atom()
        if number and self._next == "π":
            return value * self._atom()
        while self._next:
            raised = self._raised()
            if raised == "−1" and np.ndim(value) == 2:
                value = np.linalg.inv(value)
            elif raised:
                value = value ** Reader(raised, self._names).value()
            elif self._take("^"):
                value = value ** self._atom()
            elif self._take("ᵀ"):
                if re.match(rf"{_NAME}|∇|\(", self._next):
                    return np.dot(value, self._factor())
                return _Row(value) if np.ndim(value) == 1 else value.T
            else:
                break
        return value

    def _raised(self) -> str:
        """The digits and signs above the line, as they are below it."""
        raised = ""
        while self._next in _NORMAL:
            raised += _NORMAL[self._next]
            self._at += 1
        return raised

    def _atom(self) -> Any:
        token = self._next
        self._at += 1
        if token in ("(", "[", "|", "‖", "⌊"):
            value = self._tuple()
            self._need({"(": ")", "[": "]", "⌊": "⌋"}.get(token, token))
            if token == "(" and isinstance(value, tuple) and all(isinstance(part, float) for part in value):
                value = np.array(value)
            if token == "‖":
                return np.abs(value).sum() if self._take("₁") else np.linalg.norm(value)
            return np.abs(value) if token == "|" else np.floor(value) if token == "⌊" else value
        if token == "f*":
            return self._f.lowest
        if re.fullmatch(_NUMBER, token):
            return float(token)
        if self._take("("):
            return self._call(token)
        value = self._name(token)
        while opening := self._take("[", "."):
            if opening == ".":
                self._at += 1
                value = getattr(value, self._tokens[self._at - 1])
                continue
            index: Any = None if self._next == ":" else int(self._tuple())
            if self._take(":"):
                index = slice(index, None if self._next == "]" else int(self._tuple()))
            value = value[index]
            self._need("]")
        return value

    def _call(self, name: str) -> Any:
        arguments, keywords = self._arguments()
        oracle = {"f": "value", "∇f": "gradient", "∇²f": "hessian"}
        if name in oracle and self._f is not None:
            return getattr(self._f, oracle[name])(*arguments)
        function = self._names.get(name) or _FUNCTIONS.get(name) or getattr(np, name, None)
        function = function or getattr(builtins, name)
        return function(*arguments, **keywords)

    def _arguments(self) -> tuple[list[Any], dict[str, Any]]:
        arguments, keywords = [], {}
        while not self._take(")"):
            if self._tokens[self._at + 1] == "=":
                keyword = self._next
                self._at += 2
                keywords[keyword] = self._condition()
            else:
                arguments.append(self._condition())
            self._take(",")
        return arguments, keywords

    def _name(self, token: str) -> Any:
        if token in self._names:
            return self._names[token]
        if token == "I":
            return np.eye(len(self._names["x"]))
        stem, index = token[:-1], _BELOW[token[-1]]
        return self._names[stem][int(self._names.get(index, index))]


class _Row:
    """A column turned over: what stands before it becomes a matrix."""

    def __init__(self, column: Any) -> None:
        self.column = column


def _times(a: Any, b: Any) -> Any:
    if isinstance(b, _Row):
        return np.outer(a, b.column)
    return a @ b if np.ndim(a) == 2 and np.ndim(b) else a * b


def _choose(test: Any, value: Any, other: Any) -> Any:
    return np.where(test, value, other) if np.ndim(test) else value if test else other


def _same(a: Any, b: Any) -> Any:
    return a is b if a is None or b is None else np.equal(a, b)


def _other(a: Any, b: Any) -> Any:
    return np.logical_not(_same(a, b))

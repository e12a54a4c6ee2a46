"""Python source as mathematics: ``m = beta1 * m + (1 - beta1) * g`` is ``m ← β₁·m + (1 − β₁)·g``.

The text is made from the syntax tree of the executed source, so it can't differ from it. Parentheses are written if the
order of the operations requires them; ``·`` has a higher precedence than ``/``, as usual in print.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import CodeType
from typing import Any

from gdviewer.engine.notation.mathematics import SUBSCRIPTS, Writer
from gdviewer.engine.rules.parameter import symbol_of

_MARKS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303"}
_SUFFIXES = {
    "previous": "₋", "before": "₋", "old": "₋", "last": "₋", "minus": "₋", "next": "₊", "new": "₊", "plus": "₊",
    "inf": "∞", "star": "*",
}  # fmt: skip
_SIGNS = {"gradient": "∇", "delta": "δ"}


@dataclass(frozen=True)
class RuleLine:
    """A statement of a function, or the head of a block.

    Attributes:
        number: its first line in the file.
        indent: the number of blocks around it.
        code: the source.
        text: the mathematical notation.
        node: the statement in the syntax tree, with the line numbers of the file; None for ``else`` and ``finally``.
    """

    number: int
    indent: int
    code: str
    text: str
    node: ast.stmt | ast.ExceptHandler | None = field(default=None, compare=False, repr=False)

    @property
    def last(self) -> int:
        """Its last line in the file, without the block that it heads."""
        return _end(self.node) if self.node else self.number


@cache
def name_text(name: str) -> str:
    """Return a name in the usual notation: ``beta1`` is β₁, ``m_hat`` m̂, ``g_previous`` g₋, ``W_gradient`` ∇W."""
    name = name.strip("_") or name
    known = symbol_of(name)
    if known != name:
        return known
    if greek := _greek(name):
        return greek
    stem, _, suffix = name.rpartition("_")
    symbol = name_text(stem) if stem else ""
    if not symbol or len(symbol.rstrip("₀₁₂₃₄₅₆₇₈₉")) != 1:
        return name
    if suffix in _MARKS:
        return symbol[0] + _MARKS[suffix] + symbol[1:]
    if suffix in _SIGNS:
        return _SIGNS[suffix] + symbol
    if suffix in _SUFFIXES:
        return symbol + _SUFFIXES[suffix]
    if len(suffix) <= 3 and all(character in SUBSCRIPTS for character in suffix):
        return symbol + "".join(map(SUBSCRIPTS.__getitem__, suffix))
    return name


def names_of(function: Callable[..., Any] | CodeType) -> dict[str, str]:
    """Return the notation of each name of a function, without duplicates: besides learning_rate η, eta is ηₜ."""
    code = function if isinstance(function, CodeType) else inspect.unwrap(function).__code__
    texts: dict[str, str] = {}
    # Names with a declared symbol come first, so that they keep the symbol of their control.
    names = dict.fromkeys((*code.co_varnames, *code.co_cellvars, *code.co_freevars))
    for name in sorted(names, key=lambda name: symbol_of(name) == name):
        wishes = (name_text(name), name_text(name) + "ₜ", name)
        texts[name] = next(text for text in wishes if text not in texts.values())
    return texts


def _greek(name: str) -> str:
    spelt = {"lambda": "lamda", "lambd": "lamda", "lam": "lamda", "eps": "epsilon"}.get(name.lower(), name)
    try:
        return unicodedata.lookup(f"GREEK {'CAPITAL' if name[:1].isupper() else 'SMALL'} LETTER {spelt.upper()}")
    except KeyError:
        return ""


def expression(text: str) -> str:
    """Return a formula such as ``x**2 + 10*sin(2*pi*y)`` as mathematics; other text is returned unchanged.

    Parameters keep their names, except for spelt-out Greek letters.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text
    return Writer(_formula_name).text(tree)


def _formula_name(name: str) -> str:
    stem = name.rstrip("0123456789")
    digits = "".join(map(SUBSCRIPTS.__getitem__, name[len(stem) :]))
    return _greek(stem) + digits if _greek(stem) else stem + digits


def formulas(function: Callable[..., Any]) -> list[str]:
    """Return the lines of a rule as mathematics, indented by two spaces a block, without a final return of names.

    The list is empty if the source is not available, such as for a function typed into a console.
    """
    found = lines(function)
    if found and found[-1].indent == 0 and re.fullmatch(r"return [\w, ()]+", found[-1].code):
        found.pop()
    return ["  " * line.indent + line.text for line in found]


def lines(function: Callable[..., Any] | CodeType) -> list[RuleLine]:
    """Return every statement of a function with its notation; empty if the source is not available."""
    try:
        source, first = inspect.getsourcelines(function)
        tree = ast.parse(textwrap.dedent("".join(source)))
    except (OSError, TypeError, SyntaxError):
        return []
    definition = next((node for node in tree.body if isinstance(node, ast.FunctionDef)), None)
    if definition is None:
        return []
    ast.increment_lineno(tree, first - 1)
    body = definition.body
    if ast.get_docstring(definition, clean=False) is not None:
        body = body[1:]
    rows = [row.strip() for row in source]
    known = names_of(function)
    writer = Writer(lambda name: known.get(name) or name_text(name))

    def statement(node: ast.stmt | ast.ExceptHandler, indent: int, before: str = "") -> Iterator[RuleLine]:
        code = " ".join(rows[node.lineno - first : _end(node) + 1 - first])
        yield RuleLine(node.lineno, indent, code, before + writer.statement(node, code), node)
        yield from block(getattr(node, "body", []), indent + 1)
        yield from block(getattr(node, "handlers", []), indent)
        rest = getattr(node, "orelse", [])
        if rest and rows[rest[0].lineno - first].startswith("elif"):
            yield from statement(rest[0], indent, "else ")
        elif rest:
            row = next(row for row in range(rest[0].lineno - first, -1, -1) if rows[row].startswith("else"))
            yield RuleLine(first + row, indent, rows[row], "else:")
            yield from block(rest, indent + 1)
        if last := getattr(node, "finalbody", []):
            row = next(row for row in range(last[0].lineno - first, -1, -1) if rows[row].startswith("finally"))
            yield RuleLine(first + row, indent, rows[row], "finally:")
            yield from block(last, indent + 1)

    def block(nodes: Sequence[ast.stmt | ast.ExceptHandler], indent: int) -> Iterator[RuleLine]:
        return (line for node in nodes for line in statement(node, indent))

    return list(block(body, 0))


def _end(node: ast.stmt | ast.ExceptHandler) -> int:
    """Return the last line of a statement, or of the head of a block."""
    head = getattr(node, "test", None) or getattr(node, "iter", None)
    end = (head or node).end_lineno if head or not hasattr(node, "body") else node.lineno
    return end or node.lineno

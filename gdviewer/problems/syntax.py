"""Formulas of problems: x, y and parameters, in the syntax shared by all typed expressions."""

from __future__ import annotations

import ast
import keyword
from dataclasses import dataclass

from gdviewer.engine.notation.syntax import (
    CONSTANTS,
    FUNCTIONS,
    MAX_EXPONENT,
    OPERATORS,
    Checker,
    FormulaError,
    NumpyWriter,
    define,
    fresh_names,
    parse_line,
    power_source,
    whole_number,
)

__all__ = [
    "CONSTANTS", "FUNCTIONS", "MAX_EXPONENT", "OPERATORS", "VARIABLES", "Expression", "FormulaError", "define",
    "fresh_names", "numpy_source", "parse", "power_source", "whole_number",
]  # fmt: skip

MAX_PARAMETERS = 12
VARIABLES = ("x", "y")
RESERVED = {"np", "numpy"}


@dataclass(frozen=True)
class Expression:
    """A checked formula: its text, its tree, its variables and its parameters."""

    text: str
    tree: ast.expr
    variables: tuple[str, ...]
    parameters: tuple[str, ...]


def parse(text: str) -> Expression:
    """Check a formula in x and y; every other name is a parameter.

    Raises:
        FormulaError: with the position and what is wrong there.
    """
    tree, body, offset = parse_line(text, "formula", "type a formula in x and y, such as a*x**2 + b*y**2")
    checker = _FormulaChecker(body, offset)
    checker.walk(tree, 0)
    if not checker.variables:
        raise FormulaError("the formula needs x (or x and y)", offset)
    variables = VARIABLES if "y" in checker.variables else VARIABLES[:1]
    return Expression(body, tree, variables, tuple(checker.parameters))


class _FormulaChecker(Checker):
    def __init__(self, body: str, offset: int) -> None:
        super().__init__(body, offset)
        self.variables: set[str] = set()
        self.parameters: dict[str, None] = {}

    def name(self, node: ast.expr, name: str) -> None:
        if name in VARIABLES:
            self.variables.add(name)
        elif name.startswith("_") or name in RESERVED or not name.isascii() or keyword.issoftkeyword(name):
            raise self.fail(node, f"{name} can't be the name of a parameter; use letters and digits")
        elif len(name) > 20:
            raise self.fail(node, "the name of a parameter has at most 20 characters")
        else:
            self.parameters[name] = None
            if len(self.parameters) > MAX_PARAMETERS:
                raise self.fail(node, f"a formula has at most {MAX_PARAMETERS} parameters")


def numpy_source(tree: ast.expr) -> str:
    """Return the formula as NumPy source, with operations in the written order."""
    return NumpyWriter().write(tree)

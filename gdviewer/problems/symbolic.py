"""Derivatives of a checked formula by SymPy, and NumPy source for them. Imported on first use: it is slow."""

from __future__ import annotations

import ast
import math
import threading
from typing import Any

import sympy
from sympy.printing.numpy import NumPyPrinter

from gdviewer.problems import syntax

_LOCK = threading.RLock()  # SymPy's caches are shared; formulas are derived in more than one thread


# SymPy's own Abs, sign, Max and Min bring re(), im() and delta functions into derivatives; these are for real numbers.
class sign(sympy.Function):  # type: ignore[misc]  # noqa: N801 - printed under this name
    """Sign of a real number."""

    def fdiff(self, _: int = 1) -> Any:
        return sympy.Integer(0)


class abs(sympy.Function):  # type: ignore[misc]  # noqa: A001, N801 - printed under this name
    """Absolute value of a real number."""

    def fdiff(self, _: int = 1) -> Any:
        return sign(self.args[0])


class max(sympy.Function):  # type: ignore[misc]  # noqa: A001, N801 - printed under this name
    """The larger of two real numbers."""

    def fdiff(self, argindex: int = 1) -> Any:
        a, b = self.args if argindex == 1 else reversed(self.args)
        return (1 + sign(a - b)) / 2


class min(sympy.Function):  # type: ignore[misc]  # noqa: A001, N801 - printed under this name
    """The smaller of two real numbers."""

    def fdiff(self, argindex: int = 1) -> Any:
        a, b = self.args if argindex == 1 else reversed(self.args)
        return (1 - sign(a - b)) / 2


_FUNCTIONS: dict[str, Any] = {
    **{f.sympy: getattr(sympy, f.sympy, None) for f in syntax.FUNCTIONS.values()},
    "abs": abs, "sign": sign, "max": max, "min": min,
    "log10": lambda u: sympy.log(u) / sympy.log(10),
    "log2": lambda u: sympy.log(u) / sympy.log(2),
}  # fmt: skip
_EXACT = 2**53  # whole numbers below this are the same as floats


class _Printer(NumPyPrinter):  # type: ignore[misc]
    """NumPy source in which whole powers are multiplications and numbers keep all their digits."""

    def __init__(self) -> None:
        super().__init__({"fully_qualified_modules": True})
        self._fresh = syntax.fresh_names()

    def _module_format(self, fqn: str, register: bool = True) -> str:
        text: str = super()._module_format(fqn, register)
        return text.replace("numpy.", "np.")

    def _print_Pow(self, expr: Any, **_: Any) -> str:
        base, exponent = expr.as_base_exp()
        if exponent.is_Integer and -syntax.MAX_EXPONENT <= exponent <= syntax.MAX_EXPONENT:
            return syntax.power_source(self._print(base), int(exponent), self._fresh)
        if exponent in (sympy.Rational(1, 2), sympy.Rational(-1, 2)):
            root = f"np.sqrt({self._print(base)})"
            return root if exponent > 0 else f"(1/{root})"
        return f"np.power({self._print(base)}, {self._print(exponent)})"

    def _print_Float(self, expr: Any) -> str:
        return repr(float(expr))

    def _print_Integer(self, expr: Any) -> str:
        return str(expr) if -_EXACT < expr < _EXACT else repr(float(expr))

    def _print_Rational(self, expr: Any) -> str:
        return repr(float(expr))

    def _print_abs(self, expr: Any) -> str:
        return f"np.abs({self._print(expr.args[0])})"

    def _print_sign(self, expr: Any) -> str:
        return f"np.sign({self._print(expr.args[0])})"

    def _print_max(self, expr: Any) -> str:
        return f"np.maximum({self._print(expr.args[0])}, {self._print(expr.args[1])})"

    def _print_min(self, expr: Any) -> str:
        return f"np.minimum({self._print(expr.args[0])}, {self._print(expr.args[1])})"


def derive(expression: syntax.Expression) -> tuple[Any, list[Any], list[list[Any]]]:
    """Return the formula, its gradient (n) and its Hessian (n × n) as SymPy expressions.

    The symbols are not declared real: SymPy would turn sqrt(x**2) into its own Abs(x).

    Raises:
        FormulaError: A part that simplifies to a constant, such as 9**(x - x + 9), is too large or not real.
    """
    with _LOCK:
        names: dict[str, Any] = {"pi": sympy.pi, "e": sympy.E}
        names |= {name: sympy.Symbol(name) for name in (*expression.variables, *expression.parameters)}
        formula = _build(expression.tree, names)
        variables = [names[name] for name in expression.variables]
        n = range(len(variables))
        gradient = [sympy.diff(formula, v) for v in variables]
        # Each pair of indices once: derived the other way round, an entry could differ in its last bit.
        upper = [[sympy.diff(g, v) for v in variables[i:]] for i, g in enumerate(gradient)]
        return formula, gradient, [[upper[j][i - j] if j < i else upper[i][j - i] for j in n] for i in n]


def calls(expression: Any) -> list[Any]:
    """Return the function calls in a SymPy expression."""
    return list(expression.atoms(sympy.Function))


def _build(node: ast.expr, names: dict[str, Any]) -> Any:
    """Return a checked node as a SymPy expression in which every number is bounded, which limits the run time."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return _number(value)
        case ast.Name(id=name):
            return names[name]
        case ast.UnaryOp(op=op, operand=operand):
            return -_build(operand, names) if isinstance(op, ast.USub) else _build(operand, names)
        case ast.BinOp(left=left, op=op, right=right):
            a, b = _build(left, names), _build(right, names)
            small = b.is_Integer and -syntax.MAX_EXPONENT <= b <= syntax.MAX_EXPONENT
            if isinstance(op, ast.Pow) and a.is_Rational and not small:
                a = sympy.Float(a)  # SymPy would work out 9**9**9 to the last digit
            return _bounded(node, syntax.OPERATORS[type(op)][1](a, b))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _bounded(node, _FUNCTIONS[syntax.FUNCTIONS[name].sympy](*(_build(a, names) for a in arguments)))
    raise AssertionError(f"unchecked node {ast.dump(node)}")


def _bounded(node: ast.expr, result: Any) -> Any:
    """Return the result; a number becomes a short fraction, a multiple of pi or e, or a float."""
    if not result.is_number:
        return result
    if result.is_Rational and -_EXACT < result.p < _EXACT and result.q < _EXACT:
        return result
    if not (result.is_Rational or result.is_Float or result.has(sympy.Function, sympy.Pow)):
        return result
    value = result.evalf()
    if value.has(sign, abs, max, min):  # these stay as they are, and so does what is made of them
        return result
    if not (value.is_Float or value.is_Integer) or not math.isfinite(float(value)):
        raise syntax.FormulaError("a part that starts here is too large or not real", node.col_offset)
    return sympy.Float(value)


def numpy_lines(entries: list[Any]) -> tuple[list[str], list[str]]:
    """Return NumPy source for expressions: lines for common subexpressions, and the source of each."""
    with _LOCK:
        shared, reduced = sympy.cse(entries, symbols=sympy.numbered_symbols("_t"))
        printer = _Printer()
        lines = [f"{name} = {printer.doprint(part)}" for name, part in shared]
        return lines, [repr(float(entry)) if entry.is_Integer else printer.doprint(entry) for entry in reduced]


def _number(value: float) -> Any:
    return sympy.Integer(int(value)) if float(value).is_integer() and value < _EXACT else sympy.Float(value)

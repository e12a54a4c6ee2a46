"""Where SymPy lives: derivatives of a checked formula, and NumPy source for them. Imported on first use: it is slow."""

from __future__ import annotations

import threading
from typing import Any

import sympy
from sympy.printing.numpy import NumPyPrinter

from gdviewer.problems import syntax

_LOCK = threading.RLock()  # SymPy's caches are shared; formulas are derived in more than one thread


# SymPy's own Abs, sign, Max and Min bring re(), im() and delta functions into derivatives; these are for real numbers.
class sign(sympy.Function):  # noqa: N801 - printed under this name
    def fdiff(self, argindex: int = 1) -> Any:
        return sympy.Integer(0)


class abs(sympy.Function):  # noqa: A001, N801 - printed under this name
    def fdiff(self, argindex: int = 1) -> Any:
        return sign(self.args[0])


class max(sympy.Function):  # noqa: A001, N801 - printed under this name
    def fdiff(self, argindex: int = 1) -> Any:
        a, b = self.args if argindex == 1 else reversed(self.args)
        return (1 + sign(a - b)) / 2


class min(sympy.Function):  # noqa: A001, N801 - printed under this name
    def fdiff(self, argindex: int = 1) -> Any:
        a, b = self.args if argindex == 1 else reversed(self.args)
        return (1 - sign(a - b)) / 2


_FUNCTIONS = {
    **{f.sympy: getattr(sympy, f.sympy, None) for f in syntax.FUNCTIONS.values()},
    "abs": abs, "sign": sign, "max": max, "min": min,
    "log10": lambda u: sympy.log(u) / sympy.log(10),
    "log2": lambda u: sympy.log(u) / sympy.log(2),
}  # fmt: skip


class _Printer(NumPyPrinter):  # type: ignore[misc]
    """NumPy source in which whole powers are multiplications and numbers keep all their digits."""

    def __init__(self) -> None:
        super().__init__({"fully_qualified_modules": True})
        self._fresh = syntax.fresh_names()

    def _module_format(self, fqn: str, register: bool = True) -> str:
        text: str = super()._module_format(fqn, register)
        return text.replace("numpy.", "np.")

    def _print_Pow(self, expr: Any, rational: bool = False, sqrt: str = "np.sqrt") -> str:
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
        return str(expr) if -(2**53) < expr < 2**53 else repr(float(expr))

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
    """The formula, its gradient (n) and its Hessian (n × n) as SymPy expressions in real symbols."""
    with _LOCK:
        names = {name: sympy.Symbol(name, real=True) for name in (*expression.variables, *expression.parameters)}
        constants = {"pi": sympy.pi, "e": sympy.E}
        formula = syntax.sympy_expression(expression.tree, names | constants, _FUNCTIONS, _number)
        variables = [names[name] for name in expression.variables]
        gradient = [sympy.diff(formula, v) for v in variables]
        return formula, gradient, [[sympy.diff(g, v) for v in variables] for g in gradient]


def numpy_lines(entries: list[Any]) -> tuple[list[str], list[str]]:
    """NumPy source for expressions: the lines for what they share, and the source of each."""
    with _LOCK:
        shared, reduced = sympy.cse(entries, symbols=sympy.numbered_symbols("_t", real=True))
        printer = _Printer()
        lines = [f"{name} = {printer.doprint(part)}" for name, part in shared]
        return lines, [printer.doprint(entry) for entry in reduced]


def _number(value: float) -> Any:
    return sympy.Integer(int(value)) if float(value).is_integer() and value < 2**53 else sympy.Float(value)

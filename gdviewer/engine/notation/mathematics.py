"""Mathematical notation of expressions and statements of a syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence

from gdviewer.engine.rules.step_filters import is_silent

# Precedence of a text; an operand with a lower precedence than its context gets parentheses.
(
    _ANY, _CONDITION, _OR, _AND, _NOT, _COMPARE, _SUM, _SIGNED_QUOTIENT, _SIGNED, _QUOTIENT, _PRODUCT, _POWER, _ATOM,
) = range(13)  # fmt: skip

SUPERSCRIPTS = dict(zip("0123456789+−abcdefghijklmnoprstuvwxyz", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ", strict=True))
SUBSCRIPTS = dict(zip("0123456789aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.Gt: ">", ast.LtE: "≤", ast.GtE: "≥", ast.Eq: "=", ast.NotEq: "≠", ast.Is: "=", ast.IsNot: "≠",
    ast.In: "∈", ast.NotIn: "∉",
}  # fmt: skip
_OPERATORS: dict[type[ast.operator], tuple[str, int]] = {
    ast.Add: (" + ", _SUM), ast.Sub: (" − ", _SUM), ast.Mod: (" mod ", _QUOTIENT),
    ast.BitAnd: (" and ", _AND), ast.BitOr: (" or ", _OR),
}  # fmt: skip
_CONSTANTS = {"pi": "π", "inf": "∞", "nan": "NaN", "e": "e"}
_RENAMED = {"maximum": "max", "minimum": "min", "fmax": "max", "fmin": "min", "amax": "max", "amin": "min"}
_FRAMED = {"abs": "||", "fabs": "||", "absolute": "||", "floor": "⌊⌋", "ceil": "⌈⌉"}
_PREFIXED = {"sqrt": ("√", _ATOM), "sum": ("∑", _POWER), "prod": ("∏", _POWER)}
_SILENT = {"copy", "asarray", "array", "float", "float64", "ravel", "squeeze", "atleast_1d", "ascontiguousarray"}
_REARRANGED = {"reshape", "astype", "transpose"}  # methods that return the same numbers in another order or type
_ZERO, _ONE = {"zeros", "zeros_like"}, {"ones", "ones_like"}
_MODULES = {"np", "numpy", "math"}
_OMITTED = {"axis", "keepdims", "dtype", "out"}  # arguments without a mathematical notation


class Writer:
    """Writes nodes of a syntax tree as mathematics; ``name`` returns the notation of a name."""

    def __init__(self, name: Callable[[str], str]) -> None:
        self._name = name

    def statement(self, node: ast.AST, code: str) -> str:  # noqa: C901, PLR0911 - a case for each kind of statement
        """Return a statement, or the head of a block, as mathematics; ``code`` if there is no notation for it."""
        match node:
            case ast.Assign(targets=targets, value=value):
                return " ← ".join(map(self.text, [*targets, value]))
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                return f"{self.text(target)} ← {self.text(value)}"
            case ast.AugAssign(target=target, op=op, value=value):
                return f"{self.text(target)} ← {self.text(ast.BinOp(target, op, value))}"
            case ast.If(test=test):
                return f"if {self.text(test)}:"
            case ast.While(test=ast.Constant(value=True)):
                return "repeat:"
            case ast.While(test=test):
                return f"while {self.text(test)}:"
            case ast.For(target=target, iter=values):
                return f"for {self.text(target)} in {self.text(values)}:"
            case ast.Return(value=ast.expr() as value):
                return f"return {self.text(value)}"
            case ast.FunctionDef(name=name, args=arguments):
                return f"{self._name(name)}({', '.join(self._name(a.arg) for a in arguments.args)}):"
            case ast.Expr(value=ast.Call() as value) if out := written_into(value):
                return f"{self.text(out)} ← {self.text(value)}"
            case ast.Expr(value=value):
                return self.text(value)
        return code

    def text(self, node: ast.expr, least: int = _ANY) -> str:
        """Return a node as text, in parentheses if its precedence is below ``least``."""
        text, binding = self._write(node)
        return text if binding >= least else f"({text})"

    def _write(self, node: ast.expr) -> tuple[str, int]:  # noqa: C901, PLR0911, PLR0912 - a case for each kind of node
        match node:
            case ast.Constant(value=bool() | None | str() | bytes()):
                return ast.unparse(node), _ATOM
            case ast.Constant(value=int() | float() as value):
                return _number(value)
            case ast.Name(id=name):
                return self._name(name), _ATOM
            case ast.BinOp(left=left, op=op, right=right):
                return self._operation(left, op, right)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                text, binding = self._write(operand)
                if binding < _QUOTIENT:
                    text, binding = f"({text})", _ATOM
                return f"−{text}", _SIGNED_QUOTIENT if binding == _QUOTIENT else _SIGNED
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self._write(operand)
            case ast.UnaryOp(operand=operand):
                return f"not {self.text(operand, _NOT)}", _NOT
            case ast.BoolOp(op=op, values=values):
                word, level = (" and ", _AND) if isinstance(op, ast.And) else (" or ", _OR)
                return word.join(self.text(value, level + 1) for value in values), level
            case ast.Compare(left=left, ops=operators, comparators=others):
                signs = ["", *(f" {_COMPARISONS[type(op)]} " for op in operators)]
                parts = [self.text(part, _SUM) for part in (left, *others)]
                return "".join(sign + part for sign, part in zip(signs, parts, strict=True)), _COMPARE
            case ast.IfExp(test=test, body=body, orelse=orelse):
                if self.text(body) == self.text(orelse):  # the same numbers in another order or type
                    return self._write(body)
                parts = [self.text(body, _OR), self.text(test, _OR), self.text(orelse, _CONDITION)]
                return "{} if {} else {}".format(*parts), _CONDITION
            case ast.Lambda(args=arguments, body=body):
                names = ", ".join(self._name(a.arg) for a in arguments.args)
                return f"{names} ↦ {self.text(body, _CONDITION)}", _CONDITION
            case ast.NamedExpr(target=target, value=value):
                return f"{self.text(target)} ← {self.text(value)}", _ANY
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                brackets = "()" if isinstance(node, ast.Tuple) else "[]"
                bare = isinstance(node, ast.Tuple) and len(parts) > 1
                inner = self._list(parts)
                return (inner, _ANY) if bare else (brackets[0] + inner + brackets[1], _ATOM)
            case ast.ListComp(elt=part, generators=loops) | ast.GeneratorExp(elt=part, generators=loops):
                return f"({self.text(part)}{''.join(map(self._loop, loops))})", _ATOM
            case ast.Starred(value=value):
                return f"*{self.text(value, _ATOM)}", _ATOM
            case ast.Attribute(value=value, attr=attribute):
                return self._attribute(value, attribute)
            case ast.Subscript(value=value, slice=index):
                return self._index(value, index)
            case ast.Slice(lower=lower, upper=upper, step=step):
                ends = [self.text(end) if end else "" for end in (lower, upper)]
                return ":".join([*ends, self.text(step)] if step else ends), _ATOM
            case ast.Call():
                return self._call(node)
        return ast.unparse(node), _ATOM

    def _loop(self, loop: ast.comprehension) -> str:
        head = f" for {self.text(loop.target)} in {self.text(loop.iter, _OR)}"
        return head + "".join(f" if {self.text(test, _OR)}" for test in loop.ifs)

    def _list(self, parts: Sequence[ast.expr]) -> str:
        return ", ".join(self.text(part, _CONDITION) for part in parts)

    def _operation(self, left: ast.expr, op: ast.operator, right: ast.expr) -> tuple[str, int]:
        match op:
            case ast.Pow():
                return self._power(left, right)
            case ast.Mult():
                if isinstance(left, ast.Constant) and self.text(right) == "π":
                    return f"{self.text(left)}π", _PRODUCT
                return self._scaled(left, "·", self.text(right, _POWER), _PRODUCT)
            case ast.Div():
                first = left.operand if isinstance(left, ast.UnaryOp) else left
                wide = isinstance(first, ast.BinOp) and isinstance(first.op, ast.Mult)
                sign = " / " if wide and not isinstance(right, ast.Constant) else "/"
                return self._scaled(left, sign, self.text(right, _POWER), _QUOTIENT)
            case ast.MatMult():
                return self._product(left, right)
            case ast.FloorDiv():
                return f"⌊{self._operation(left, ast.Div(), right)[0]}⌋", _ATOM
        if type(op) not in _OPERATORS:
            return ast.unparse(ast.BinOp(left, op, right)), _ANY
        sign, level = _OPERATORS[type(op)]
        above = _QUOTIENT if level == _SUM else level + 1
        return f"{self.text(left, level)}{sign}{self.text(right, above)}", level

    def _scaled(self, left: ast.expr, sign: str, right: str, level: int) -> tuple[str, int]:
        """Return a product or quotient; a leading minus sign applies to all of it and needs no parentheses."""
        text, binding = self._write(left)
        if binding < _PRODUCT and binding != _SIGNED:
            text, binding = f"({text})", _ATOM
        text = re.sub(r"√([^√()|‖·/^ ]+)$", r"√(\1)", text)  # otherwise the root would seem to continue
        if binding == _SIGNED:
            level = _SIGNED_QUOTIENT if level == _QUOTIENT else _SIGNED
        return f"{text}{sign}{right}", level

    def _power(self, base: ast.expr, exponent: ast.expr) -> tuple[str, int]:
        below, raised = self.text(base, _ATOM), self.text(exponent).replace(" ", "")
        simple = all(isinstance(n, ast.Constant) or len(getattr(n, "id", "x")) == 1 for n in ast.walk(exponent))
        if simple and all(character in SUPERSCRIPTS for character in raised):
            return below + "".join(map(SUPERSCRIPTS.__getitem__, raised)), _POWER
        return f"{below}^{self.text(exponent, _ATOM)}", _POWER

    def _product(self, left: ast.expr, right: ast.expr) -> tuple[str, int]:
        """Return ``a @ b``: aᵀb for vectors, H·b with a matrix; names of matrices begin with a capital letter.

        A vector before a matrix is a batch of rows: a·W.
        """
        if isinstance(left, ast.Call) and self.text(left) == "1":  # a vector of ones
            return f"∑{self.text(right, _POWER)}", _POWER
        if _is_row(left) and not _is_matrix(right):  # a number: row, matrix and column
            row = f"{self.text(left.left, _ATOM)}ᵀ{self.text(left.right, _POWER)}"  # type: ignore[attr-defined]
            return f"{row}·{self.text(right, _POWER)}", _PRODUCT
        if _is_matrix(left) or _is_matrix(right) or _is_transposed(left):
            return self._scaled(left, "·", self.text(right, _POWER), _PRODUCT)
        if all(isinstance(part, ast.Name) and part.id.isalpha() and len(part.id) > 4 for part in (left, right)):
            return self._scaled(left, "·", self.text(right, _POWER), _PRODUCT)  # words can be matrices too
        return f"{self.text(left, _ATOM)}ᵀ{self.text(right, _POWER)}", _PRODUCT

    def _attribute(self, value: ast.expr, attribute: str) -> tuple[str, int]:
        match value, attribute:
            case ast.Name(id=module), _ if module in _MODULES:
                return _CONSTANTS.get(attribute, attribute), _ATOM
            case ast.Name(id="f"), "lowest":
                return "f*", _ATOM
            case ast.Name(id="self"), _:
                return self._name(attribute), _ATOM
            case _, "T":
                return f"{self.text(value, _ATOM)}ᵀ", _POWER
        return f"{self.text(value, _ATOM)}.{attribute}", _ATOM

    def _index(self, value: ast.expr, index: ast.expr) -> tuple[str, int]:
        parts = index.elts if isinstance(index, ast.Tuple) else [index]
        # […, None] aligns axes for broadcasting, which has no mathematical notation.
        shown = [p for p in parts if not (isinstance(p, ast.Constant) and p.value in (None, Ellipsis))]
        shown = [p for p in shown if not (isinstance(p, ast.Slice) and ast.unparse(p) == ":")]
        if not shown:
            return self._write(value)
        base, inner = self.text(value, _ATOM), ", ".join(map(self.text, shown))
        if isinstance(value, ast.Name) and len(base) == 1 and len(inner) == 1 and inner in SUBSCRIPTS:
            return base + SUBSCRIPTS[inner], _ATOM
        return f"{base}[{inner}]", _ATOM

    def _call(self, node: ast.Call) -> tuple[str, int]:
        arguments = node.args
        match node.func:
            case ast.Attribute(value=ast.Name(id="f"), attr="value" | "gradient" | "hessian" as what):
                sign = {"value": "f", "gradient": "∇f", "hessian": "∇²f"}[what]
                return f"{sign}({self._list(arguments)})", _ATOM
            case ast.Attribute(value=ast.Name(id=module), attr=name) if module in _MODULES:
                pass
            case ast.Attribute(value=ast.Attribute(value=ast.Name(id="np"), attr="linalg"), attr=name):
                pass
            case ast.Attribute(value=ast.Attribute(value=ast.Name(id="np"), attr=ufunc), attr="reduce"):
                name = {"add": "sum", "multiply": "prod"}.get(ufunc, ufunc)
            case ast.Attribute(value=value, attr=name) if name in _REARRANGED:
                return self._write(value)
            case ast.Attribute(value=value, attr="take") if arguments:
                return self._index(value, arguments[0])
            case ast.Attribute(value=value, attr=name) if name in _PREFIXED | _RENAMED.keys() | _SILENT | {
                "max", "min", "mean", "any", "all", "dot",
            }:  # fmt: skip
                arguments = [value, *arguments]
            case ast.Name(id=name):
                pass
            case other:
                return f"{self.text(other, _ATOM)}({self._list(arguments)})", _ATOM
        return self._named(name, arguments, node.keywords)

    def _named(  # noqa: C901, PLR0911, PLR0912 - a case for each name
        self, name: str, arguments: Sequence[ast.expr], keywords: Sequence[ast.keyword]
    ) -> tuple[str, int]:
        """Return a call of a function with a known name, from any module."""
        first = arguments[0] if arguments else ast.Tuple([], ast.Load())
        second = arguments[1] if len(arguments) > 1 else None
        if name in _FRAMED:
            opening, closing = tuple(_FRAMED[name])
            inner = self.text(first)
            return (f"{opening}{inner}{closing}" if "|" not in inner else f"abs({inner})"), _ATOM
        if name == "norm":
            order = second or next((k.value for k in keywords if k.arg == "ord"), None)
            inner = self.text(first)
            below = {"": "", "1": "₁", "2": "", "∞": "_∞"}.get(self.text(order) if order else "")
            if "‖" not in inner and below is not None:
                return f"‖{inner}‖{below}", _ATOM
        if name in _PREFIXED:
            sign, least = _PREFIXED[name]
            inner = self.text(first, least)
            if name == "sqrt" and inner.endswith(")") and not inner.startswith("("):
                inner = f"({inner})"
            return sign + inner, _POWER
        if name in _SILENT or is_silent(name):
            return self._write(first)
        if name in _ZERO or name in _ONE:
            return str(int(name in _ONE)), _ATOM
        if name in ("eye", "identity"):
            return "I", _ATOM
        if name == "square":
            return self._power(first, ast.Constant(2))
        if name == "inv":
            return f"{self.text(first, _ATOM)}⁻¹", _POWER
        if second:
            match name:
                case "where" if len(arguments) == 3:
                    return self._write(ast.IfExp(first, second, arguments[2]))
                case "dot" | "inner" | "vdot" | "matmul":
                    return self._product(first, second)
                case "outer":
                    return f"{self.text(first, _POWER)}·{self.text(second, _ATOM)}ᵀ", _PRODUCT
                case "solve":
                    return f"{self.text(first, _ATOM)}⁻¹·{self.text(second, _POWER)}", _PRODUCT
                case "power" | "pow":
                    return self._power(first, second)
                case "full" | "full_like":
                    return self._write(second)
        options = [f"{k.arg} = {self.text(k.value)}" for k in keywords if k.arg not in _OMITTED]
        written = _RENAMED.get(name) or self._name(name)
        return f"{written}({', '.join(filter(None, [self._list(arguments), *options]))})", _ATOM


def written_into(call: ast.Call) -> ast.expr | None:
    """Return the ``out`` argument of a call; None if it has none."""
    match call:
        case ast.Call(keywords=[*_, ast.keyword(arg="out", value=target)]):
            return target
        case ast.Call(func=ast.Attribute(attr="dot"), args=[_, target]) if not _is_module(call.func):
            return target
    return None


def _is_module(function: ast.expr) -> bool:
    """Return True for a function of NumPy that is not a method."""
    return isinstance(function, ast.Attribute) and getattr(function.value, "id", "") in _MODULES


def _is_matrix(node: ast.expr) -> bool:
    match node:
        case ast.Name(id=name):
            return name[:1].isupper()
        case ast.Call(func=ast.Attribute(value=inner, attr=name)) if name in _REARRANGED:
            return _is_matrix(inner)
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in ("hessian", "outer", "eye", "identity", "inv", "diag")
        case ast.BinOp(left=left, op=ast.MatMult(), right=right):
            return _is_matrix(left) and _is_matrix(right)
        case ast.BinOp(left=left, right=right):
            return _is_matrix(left) or _is_matrix(right)
        case ast.UnaryOp(operand=inner) | ast.Attribute(value=inner, attr="T"):
            return _is_matrix(inner)
    return False


def _is_row(node: ast.expr) -> bool:
    """Return True for a product that is a row, such as gᵀH."""
    match node:
        case ast.BinOp(left=left, op=ast.MatMult(), right=right):
            return _is_matrix(right) and not _is_matrix(left)
    return False


def _is_transposed(node: ast.expr) -> bool:
    """Return True for a transposed matrix, such as a.T."""
    match node:
        case ast.Attribute(attr="T"):
            return True
        case ast.Call(func=ast.Attribute(value=inner, attr="reshape" | "transpose")):
            return _is_transposed(inner)
    return False


def _number(value: float) -> tuple[str, int]:
    """Return a number in the usual notation: 0.001, 1000, 10⁻⁸, 5·10⁻⁴."""
    if isinstance(value, int) and abs(value) < 10**6:
        return str(value), _ATOM
    mantissa, _, exponent = f"{value:e}".partition("e")
    if float(f"{value:e}") != value or -5 < int(exponent) < 6:
        return repr(value).removesuffix(".0"), _ATOM
    mantissa = mantissa.rstrip("0").removesuffix(".")
    power = "10" + "".join(SUPERSCRIPTS[c] for c in str(int(exponent)).replace("-", "−"))
    return (power, _POWER) if mantissa == "1" else (f"{mantissa}·{power}", _PRODUCT)

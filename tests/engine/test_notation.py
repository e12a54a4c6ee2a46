"""Source as mathematics: how it is written, and that it means the very same."""

from __future__ import annotations

import ast
import importlib.util
import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.notation.notation import RuleLine, expression, formulas, lines, name_text, names_of

_spec = importlib.util.spec_from_file_location("reading", Path(__file__).with_name("reading.py"))
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
Reader = _module.Reader

TABLE = {
    "m = beta1 * m + (1 - beta1) * g": "m ← β₁·m + (1 − β₁)·g",
    "x -= learning_rate * m_hat / (np.sqrt(v_hat) + eps)": "x ← x − η·m̂ / (√v̂ + ε)",
    "m_hat = m / (1 - beta1**t)": "m̂ ← m/(1 − β₁ᵗ)",
    "b = g if t == 1 else momentum * b + (1 - dampening) * g": "b ← g if t = 1 else μ·b + (1 − τ)·g",
    "s *= a + b": "s ← s·(a + b)",
    "u = np.maximum(beta2 * u, np.abs(g) + eps)": "u ← max(β₂·u, |g| + ε)",
    "s, y = x - x_previous, g - g_previous": "s, y ← x − x₋, g − g₋",
    "h[-1] = s[i]": "h[−1] ← sᵢ",
    "h = s[-history:] + y[:t, 0]": "h ← s[−history:] + y[:t, 0]",
    "mu_next = beta1 * (1 - 0.5 * 0.96 ** (t * psi))": "μ₊ ← β₁·(1 − 0.5·0.96^(t·ψ))",
    "w = mu**(t + 1)": "w ← μᵗ⁺¹",
    "w = np.where(g * g_previous > 0, a, b)": "w ← a if g·g₋ > 0 else b",
    "w = 2 * np.where(c, a, b)": "w ← 2·(a if c else b)",
    "w = np.clip(delta, step_floor, 50.0)": "w ← clip(δ, step_floor, 50)",
    "x = x - learning_rate * np.sign(g)": "x ← x − η·sign(g)",
    "w = (f.value(x) - f.lowest) / np.sum(g * g, axis=-1, keepdims=True)": "w ← (f(x) − f*)/∑(g·g)",
    "w = np.linalg.norm(g, axis=-1)[..., None]": "w ← ‖g‖",
    "w = g @ g / (g @ (H @ g))": "w ← gᵀg/(gᵀ(H·g))",
    "p = -np.linalg.solve(f.hessian(x), f.gradient(x))": "p ← −∇²f(x)⁻¹·∇f(x)",
    "H = H - rho * np.outer(s, y)": "H ← H − ρ·(s·yᵀ)",
    "w = np.sqrt(v) * a": "w ← √(v)·a",
    "w = np.sqrt(np.abs(v))": "w ← √|v|",
    "w = np.sqrt(v + eps) / np.sqrt(u)": "w ← √(v + ε)/√u",
    "w = np.exp(-x**2)": "w ← exp(−x²)",
    "w = a / b * c": "w ← (a/b)·c",
    "w = a * b / c": "w ← a·b / c",
    "w = a / (b * c)": "w ← a/(b·c)",
    "w = a - (b - c)": "w ← a − (b − c)",
    "w = a * -b + (-a)**2 - -a": "w ← a·(−b) + (−a)² − (−a)",
    "w = -(a + b) * c": "w ← −(a + b)·c",
    "w = (-a / b) * c": "w ← (−a/b)·c",
    "w = (a**b)**2": "w ← (aᵇ)²",
    "w = a**beta": "w ← a^β",
    "w = a**-2.0": "w ← a⁻²",
    "w = 1e-8 + 5e-7 * a + 0.001": "w ← 10⁻⁸ + 5·10⁻⁷·a + 0.001",
    "w = not (a < b <= c or d != e) and n": "w ← not (a < b ≤ c or d ≠ e) and n",
    "phi = lambda a: f.value(x + a * p)": "φ ← a ↦ f(x + a·p)",
    "w = abs(abs(a) - 1)": "w ← abs(|a| − 1)",
    "w = sum(s * y for s, y in pairs if s > 0)": "w ← ∑(s·y for s, y in pairs if s > 0)",
    "w = v_max + rho_inf + x.copy()": "w ← vₘₐₓ + ρ∞ + x",
}


def rule_of(tmp_path, text: str):
    """A function defined in a file of its own, as a user's is."""
    path = tmp_path / "rule.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("rule_of_a_user", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.rule


def test_that_statements_are_written_as_mathematics(tmp_path):
    rule = rule_of(tmp_path, "def rule(x, f):\n" + "".join(f"    {code}\n" for code in TABLE))
    found = lines(rule)
    assert {line.code: line.text for line in found} == TABLE
    assert [line.number for line in found] == list(range(2, len(TABLE) + 2))


LAYERS = {  # as the layers of networks are written, with rows of examples
    "c = p @ H @ p": "c ← pᵀH·p",
    "z = a @ W + b": "z ← a·W + b",
    "z = a.dot(W.T)": "z ← a·Wᵀ",
    "z = columns @ filters": "z ← columns·filters",
    "np.matmul(a.T, delta, out=W_gradient)": "∇W ← aᵀ·δ",
    "a.T.dot(delta, W_gradient)": "∇W ← aᵀ·δ",
    "delta.sum(axis=0, out=b_gradient)": "∇b ← ∑δ",
    "z = a.reshape(-1, 3) @ W": "z ← a·W",
    "e = np.add.reduce(z) - np.maximum.reduce(z)": "e ← ∑z − max(z)",
    "c = z.take(y)": "c ← z[y]",
    "w = image[:, ::2]": "w ← image[::2]",
    "z_delta = self.rate * h_delta": "δz ← rate·δh",
}


def test_that_products_with_rows_and_what_is_written_in_place_read_as_mathematics(tmp_path):
    rule = rule_of(tmp_path, "def rule(self, x, f):\n" + "".join(f"    {code}\n" for code in LAYERS))
    assert {line.code: line.text for line in lines(rule)} == LAYERS


class Quadratic:
    """An oracle."""

    lowest = -2.5

    def value(self, x):
        return x @ x / 2

    def gradient(self, x):
        return x

    def hessian(self, x):
        return np.diag([1.0, 2.0])


def values_for(code: str):
    """Random values for the names in a statement: vectors, but for capital letters, and what must be a number."""
    draw = np.random.default_rng(len(code))
    names = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)} - {"abs", "sum"}
    numbers = {"t", "n", "rho", "alpha", "beta", "beta1", "beta2", "eps", "learning_rate", "momentum", "psi", "mu"}
    values = {name: draw.uniform(0.5, 2, None if name in numbers else 2) for name in sorted(names)}
    values |= {"H": draw.uniform(1, 2, (2, 2)), "i": 1, "f": Quadratic(), "np": np, "step_floor": 0.1, "rho_inf": 3.0}
    return values


@pytest.mark.parametrize("code", [code for code in TABLE if not {"lambda", "for", "not", "0]"} & set(code.split())])
def test_that_what_is_shown_means_the_same(code):
    values = values_for(code)
    source, text = computation(RuleLine(1, 0, code, TABLE[code]))
    expected = eval(source, dict(values))
    found = Reader(text, {name_text(name): value for name, value in values.items()}, values["f"]).value()
    assert same(found, expected)


RULE = '''
from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.parameter import rate

@optimizer("Mine")
def rule(x, f, t, *, learning_rate=rate(1)):
    """Not shown."""
    q = f.gradient(x)
    # Not shown either.
    for s, y in reversed(pairs):
        q -= alpha * y
    if t == 1:
        step = 1
    elif t > 3 and (
        q @ q > 1
    ):
        step = 2
    else:  # the rest
        while f.value(x - step * q) > 1:
            step *= 0.5
        if step < eps: return x
    def phi(a):
        return f.value(x - a * q)
    return x - learning_rate * q
'''


def test_that_blocks_keep_their_indentation_and_lines_their_numbers(tmp_path):
    found = lines(rule_of(tmp_path, RULE).function)
    assert ["  " * line.indent + line.text for line in found] == [
        "q ← ∇f(x)",
        "for s, y in reversed(pairs):",
        "  q ← q − α·y",
        "if t = 1:",
        "  step ← 1",
        "else if t > 3 and qᵀq > 1:",
        "  step ← 2",
        "else:",
        "  while f(x − step·q) > 1:",
        "    step ← step·0.5",
        "  if step < ε:",
        "    return x",
        "φ(a):",
        "  return f(x − a·q)",
        "return x − η·q",
    ]
    rows = RULE.splitlines()
    for line in found:
        assert line.code.startswith(rows[line.number - 1].strip())


def test_that_the_return_that_ends_a_rule_is_left_out(tmp_path):
    rule = rule_of(tmp_path, "def rule(x, f):\n    if f:\n        return x\n    x = x + 1\n    return x, f\n")
    assert formulas(rule) == ["if f:", "  return x", "x ← x + 1"]
    assert lines(rule)[-1].text == "return x, f"


def test_that_without_source_there_are_no_lines():
    namespace = {}
    exec("def rule(x, f): return x - f.gradient(x)", namespace)
    assert lines(namespace["rule"]) == formulas(len) == formulas(lambda x: x) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x**2 + 10*sin(2*pi*y)", "x² + 10·sin(2π·y)"),
        ("sqrt(abs(x))", "√|x|"),
        ("exp(-x**2)", "exp(−x²)"),
        ("condition*x1 + alpha*x**6/6", "condition·x₁ + α·x⁶/6"),
        ("min(x, 3)/2 - e", "min(x, 3)/2 − e"),
        ("6 samples", "6 samples"),
        ("", ""),
    ],
)
def test_that_formulas_are_written_as_mathematics(text, shown):
    assert expression(text) == shown


def same(a, b) -> bool:
    return bool(np.allclose(a, b, rtol=1e-13, atol=0, equal_nan=True))


@pytest.mark.parametrize("name", problems.names())
def test_that_the_formula_shown_of_a_problem_is_the_one_that_is_minimised(name):
    problem = problems.get(name)
    if not isinstance(problem, problems.FormulaProblem):
        pytest.skip("it is no formula")
    shown = expression(problem.formula)
    values = {expression(key): value for key, value in problem.values.items()}
    assert len(values) == len(problem.values)
    for x in np.random.default_rng(1).uniform(*problem.domain.T, size=(20, problem.dimension)):
        with np.errstate(all="ignore"):
            read = Reader(shown, values | dict(zip(problem.axis_names, x, strict=False))).value()
        assert np.isclose(read, problem.value(x), rtol=1e-12, atol=1e-12, equal_nan=True)


@pytest.mark.parametrize("name", optimizers.names())
def test_that_the_lines_shown_of_an_optimizer_compute_what_its_source_does(name):
    rule = optimizers.get(name)
    texts = {line.number: line for line in lines(rule.function)}
    written = names_of(rule.function)
    frames = list(itertools.islice(frames_of(rule), 400))
    read = set()
    for number, names in frames:
        line = texts.get(number)
        computed = line and computation(line)
        if computed:
            code, text = computed
            known = {**rule.function.__globals__, **names}
            shown = {written.get(key) or name_text(key): value for key, value in known.items()}
            f = names["f"]
            with np.errstate(all="ignore"):
                expected = eval(code, known)
                found = Reader(text, shown, f).value()
            if not isinstance(expected, tuple):
                expected, found = (expected,), (found,)
            assert all(map(same_or_is, expected, found)), f"{line.text} gives {found}, {line.code} {expected}"
            read.add(number)
    assert read, "no line was read"


def same_or_is(a, b) -> bool:
    try:
        return same(a, b)
    except TypeError:
        return a is b or a == b


def computation(line) -> tuple[str, str] | None:
    """Source and mathematics of what a line computes; None for a line that computes nothing."""
    if line.code.startswith("else"):
        return None
    block = line.text.endswith(":")
    node = ast.parse(line.code.removeprefix("el") + "\n    pass" * block).body[0]
    if isinstance(node, ast.If) and not block:  # both are on one line
        node = node.body[0]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return ast.unparse(node.value), line.text.rpartition(" ← ")[2]
    if isinstance(node, ast.AugAssign):
        return ast.unparse(ast.BinOp(node.target, node.op, node.value)), line.text.rpartition(" ← ")[2]
    if isinstance(node, ast.If | ast.While) and not isinstance(node.test, ast.Constant):
        return ast.unparse(node.test), line.text.removeprefix("else ").partition(" ")[2].rstrip(":")
    return None


def frames_of(rule):
    """Each line of a rule that is about to run in a descent on Himmelblau's function, with the values of its names."""
    from gdviewer.engine.run.run import Run
    from gdviewer.engine.run.stop import Limits

    problem = problems.get("rotated_quadratic" if "quadratic" in rule.function.__code__.co_names else "himmelblau")
    seen = []

    def trace(frame, event, _):
        if frame.f_code is not rule.function.__code__:
            return None
        if event == "line":
            values = {key: np.copy(v) if isinstance(v, np.ndarray) else v for key, v in frame.f_locals.items()}
            seen.append((frame.f_lineno, values))
        return trace

    run = Run(problem, rule, problem.start, {}, Limits(), 0)
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run.advance(8)
    finally:
        sys.settrace(before)
    return seen


@pytest.mark.parametrize("name", optimizers.names())
def test_that_no_two_names_of_a_rule_share_a_symbol(name):
    o = optimizers.get(name)
    texts = names_of(o.function)
    assert len(set(texts.values())) == len(texts)
    assert all(texts[key] == name_text(key) for key in o.hyperparameters)


def test_that_a_name_gives_way_to_the_symbol_of_a_hyperparameter(tmp_path):
    rule = rule_of(tmp_path, "def rule(x, f, eta=0, *, learning_rate=1):\n    eta = eta + learning_rate\n")
    assert formulas(rule) == ["ηₜ ← ηₜ + η"]


def test_that_a_users_rule_is_shown_like_any(tmp_path):
    rule = rule_of(tmp_path, RULE)
    assert rule.title == "Mine"
    assert formulas(rule.function)[0] == "q ← ∇f(x)"


def test_that_the_reader_notices_a_wrong_sign():
    names = {"a": 2.0, "b": 3.0, "v": np.array([1.0, 4.0])}
    assert Reader("a·b − √v", names).value().tolist() == [5.0, 4.0]
    assert Reader("−a/b + 2⁻¹", names).value() == -2 / 3 + 0.5
    assert Reader("vᵀv", names).value() == 17
    with pytest.raises(AssertionError):
        Reader("a/b·a", names).value()

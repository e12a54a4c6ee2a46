"""Conditions written by the user: syntax that is accepted, refused, and never executed."""

import ast
import builtins
import linecache
from time import perf_counter

import numpy as np
import pytest

from gdviewer.engine.breakpoints.condition import condition
from gdviewer.engine.notation.syntax import FUNCTIONS, FormulaError


class Steps:
    """Three steps with made-up quantities."""

    now_values = {
        "loss": [4.0, 2.0, 3.0],
        "t": [1.0, 2.0, 3.0],
        "x": [[1.0, -2.0, 3.0], [0.5, 0.5, -0.5]],
        "m": [[0.0, 3.0, 6.0], [0.0, 4.0, 8.0]],
        "H": [[[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]],
        "beta1": [0.9, 0.9, 0.9],
    }

    def now(self, name):
        return np.array(self.now_values[name])

    def previous(self, name):
        return np.roll(self.now(name), 1, axis=-1)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("loss > 2.5", [1, 0, 1]),
        ("loss > previous.loss", [1, 0, 1]),
        ("2 <= loss <= 3", [0, 1, 1]),
        ("loss == 2 or t != 3 and loss > 3", [1, 1, 0]),
        ("not (loss > 2.5 or t > 2)", [0, 1, 0]),
        ("not loss > 2.5", [0, 1, 0]),
        ("-loss**2 < -8 + 0*pi", [1, 0, 1]),
        ("x[0] < 0", [0, 1, 0]),
        ("previous.x[1] < 0", [1, 0, 0]),
        ("norm(m) >= 5", [0, 1, 1]),
        ("norm(m - previous.m) > 6", [1, 0, 0]),
        ("any(x < 0)", [0, 1, 1]),
        ("all(x > 0)", [1, 0, 0]),
        ("any(x < 0 and m > 5)", [0, 0, 1]),
        ("sum(x) > 2", [0, 0, 1]),
        ("mean(x) > 1", [0, 0, 1]),
        ("max(x) > min(m) + 2", [0, 0, 0]),
        ("max(loss, t) > 3 or min(abs(x)) > 0.5", [1, 0, 0]),
        ("max(max(loss, 2.5)) > 2.5", [1, 0, 1]),
        ("norm(H) > 2", [0, 1, 1]),
        ("sum(H*x) > 2", [0, 0, 1]),
        ("any(H[0] > 1.5)", [0, 1, 1]),
        ("norm(loss) > 3 and beta1 < 1", [1, 0, 0]),
        ("sqrt(loss - 2.5) > 0", [1, 0, 1]),
    ],
)
def test_that_a_condition_means_what_it_says(text, holds):
    with np.errstate(all="ignore"):
        found, _ = condition(text).evaluate(Steps())
    assert np.asarray(found).tolist() == [bool(h) for h in holds]


def test_that_g_is_the_gradient_and_the_names_are_listed_as_written():
    found = condition("norm(g) < 1 and gradient[1] > 0 and previous.learning_rate > 0")
    assert list(found.names) == ["g", "gradient", "previous.learning_rate"]
    assert found.unknown(["learning_rate"]) == []
    assert found.unknown([]) == ["previous.learning_rate"]


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("", 0, "type a condition"),
        ("loss", 0, "compare it with something"),
        ("loss > 3 and t", 13, "compare it with something"),
        ("(loss > 3) + 1 > 2", 1, "a comparison is not a number"),
        ("sum(x > 1) > 2", 4, "a comparison is not a number"),
        ("any(x)", 4, "compare it with something"),
        ("loss = 3", 5, "to compare write =="),
        ("1 < 2", 0, "uses no quantity of the step"),
        ("loss > nrm(x)", 7, "no function nrm; did you mean 'norm'"),
        ("x > 1", 0, "any(…) or all(…)"),
        ("norm(x, 2) > 1", 0, "norm takes 1 argument"),
        ("max(x, 1, 2) > 1", 0, "max takes 2 arguments"),
        ("norm > 1", 0, "norm is a function: write norm(…)"),
        ("previous > 1", 0, "write previous.loss"),
        ("x.loss > 1", 0, "a dot is only allowed after previous"),
        ("previous.norm(x) > 1", 0, "this can't be used"),
        ("x[t] > 1", 2, "a whole number below 100,000 between"),
        ("x[-1] > 1", 2, "a whole number below 100,000 between"),
        ("x[0:1] > 1", 2, "a whole number below 100,000 between"),
        ("x[10**9] > 1", 2, "a whole number below 100,000 between"),
        ("(x*2)[0] > 1", 0, "square brackets can't be used"),
        ("x[0][0] > 1", 0, "square brackets can't be used"),
        ("loss in x", 0, "compare with one of <, <=, >"),
        ("loss is 3", 0, "compare with"),
        ("loss > 3 if t else t > 4", 0, "if/else can't be used"),
        ("(lambda: t)() > 1", 0, "can't be used"),
        ("loss > 'a'", 7, "only numbers"),
        ("loss > True", 7, "only numbers"),
        ("loss > 1e999", 7, "too large"),
        ("loss > 9**999", 10, "at most 100"),
        ("loss ^ 2 > 1", 5, "write powers as **"),
        ("t > 1 # x", 6, "# can't be used"),
    ],
)
def test_that_what_is_no_condition_is_reported_at_its_place(text, position, message):
    with pytest.raises(FormulaError) as error:
        condition(text)
    assert message in str(error.value)
    assert error.value.position == position


HOSTILE = [
    "__import__('os').system('true') > 0",
    "().__class__.__bases__[0] > 0",
    "previous.__class__ > 0",
    "__builtins__ > 0",
    "loss.__class__ > 1",
    "exec('1') > 0",
    "open('/etc/passwd') > 0",
    "np.load('x') > 0",
    "getattr(x, 'y') > 0",
    "[x for x in (1,)] > 0",
    "(y := loss) > 1",
    "f'{loss}' > 1",
    "loss > 1; t > 2",
    "loss > 1\nt > 2",
    "sum(*x) > 1",
    "norm(x=1) > 1",
    "any(x > 1, axis=0)",
    "x[__import__('os')] > 0",
    "λ > 1",
    "loss > " + "9" * 2000,
    "loss > " + "(" * 300 + "1" + ")" * 300,
    "not " * 200 + "loss > 1",
    "loss > " + "-" * 500 + "1",
    " and ".join(["loss > 1"] * 500),
    "loss > " + "*".join(["1e300"] * 30),
    "loss > 10**10**10",
    "abs(" * 60 + "loss" + ")" * 60 + " > 1",
    "loss" + " < loss" * 300,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_that_hostile_texts_are_refused_quickly(text):
    began = perf_counter()
    with pytest.raises(FormulaError):
        condition(text)
    assert perf_counter() - began < 2


def test_that_the_longest_texts_that_are_read_stay_quick():
    began = perf_counter()
    for text in (" and ".join(["t > 1"] * 95), "t" + " < t" * 240, "t > " + "+".join(["x[9]"] * 35)):
        found, _ = condition(text).evaluate(
            type("Many", (), {"now": lambda self, name: np.ones((10, 256) if name == "x" else 256)})()
        )
        assert found.shape == (256,)
    assert perf_counter() - began < 5


def test_that_the_text_is_never_run_as_python(monkeypatch):
    def never(*args, **kwargs):
        raise AssertionError("a text was run")

    monkeypatch.setattr(builtins, "eval", never)
    text = "norm(x) > 17.25 and not previous.loss**2 < max(t, 3) and any(x[0] < m)"
    condition(text)
    tree = ast.parse("".join(linecache.getlines(f"<value of {text}>")))
    allowed = {f"np.{function.numpy}" for function in FUNCTIONS.values()} | {
        "np.logical_not", "_norm", "_any", "_component",
    }  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) in allowed
        if isinstance(node, ast.Attribute):
            assert ast.unparse(node) in allowed
        if isinstance(node, ast.Name):
            assert node.id == "np" or node.id in allowed or node.id[:2] in {"_v", "_p"}


def test_that_a_name_no_run_has_is_reported_with_the_nearest():
    found = condition("t > 3 and norm(momentun) > 1")
    with pytest.raises(FormulaError, match="there is no momentun here; did you mean 'momentum'") as error:
        found.check(["b", "momentum"])
    assert error.value.position == 15
    found.check(["momentun"])

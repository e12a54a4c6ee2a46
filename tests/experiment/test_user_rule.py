"""Rules from the text of a user: texts that define an optimizer, messages for those that do not, and duplicates."""

import inspect
import itertools
import traceback

import numpy as np
import pytest

import gdviewer
from gdviewer import optimizers, problems
from gdviewer.engine.notation.notation import formulas, lines
from gdviewer.engine.rules.captured_output import LINES, MAX_LENGTH, CapturedOutput
from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.options import Options
from gdviewer.engine.rules.parameter import Switch
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits, Reason
from gdviewer.experiment.minimize import minimize
from gdviewer.experiment.user_rule import TEMPLATE, RuleError, duplicate, read_file, read_rules
from tests.kinds import family, representatives

PLAIN = """
def mine(x, f, t, v=0.0, *, learning_rate=0.01, keep=decay(0.5), turn=True):
    '''Mine.'''
    v = keep * v + f.gradient(x)
    return x - learning_rate * v, v
"""


def one(text, **options):
    (rule,) = read_rules(text, "typed", **options).rules
    return rule


def run_of(rule, problem="himmelblau", steps=50, **options):
    problem = problems.get(problem)
    run = Run(problem, rule, problem.start, {}, Limits(max_steps=steps, tolerance=None), **options)
    run.advance(steps)
    return run


def test_that_the_template_is_a_rule_that_descends():
    rule = one(TEMPLATE)
    assert (rule.name, rule.title, rule.summary) == ("my_momentum", "My momentum", "Gradient descent with momentum.")
    run = run_of(rule, steps=1000)
    assert run.stop.reason is Reason.STEP_LIMIT
    assert run.trace.loss[-1] < 1e-6


def test_that_a_plain_function_is_declared_by_its_signature():
    rule = one(PLAIN)
    assert rule.counts_steps
    assert not rule.built_in
    assert list(rule.state) == ["v"]
    assert list(rule.hyperparameters) == ["learning_rate", "keep", "turn"]
    assert isinstance(rule.hyperparameters["turn"], Switch)
    assert rule.hyperparameters["keep"].high == 1


def test_that_every_rule_of_a_text_joins_and_its_helpers_do_not():
    text = """
from gdviewer.optimizers.adam_family import adam
def slope(f, x): return f.gradient(x)
def _inner(x, f): return slope(f, x)
def second(x, f): return x - 0.01 * _inner(x, f)
@optimizer("The first", source="me")
def first(x, f, *, rate=rate(0.1)): return x - rate * slope(f, x)
again = second
"""
    assert [rule.title for rule in read_rules(text, "typed").rules] == ["Second", "The first"]


def test_that_a_name_of_the_catalogue_is_reported_to_be_yours():
    assert one("def adam(x, f): return x").title == "Adam (yours)"
    assert one("@optimizer('Adam')\ndef my(x, f): return x").title == "Adam (yours)"


@pytest.mark.parametrize(
    ("text", "line", "reported"),
    [
        ("def a(x, f):\n    return (", 2, "SyntaxError"),
        ("def a(x, f):\nreturn x", 2, "IndentationError"),
        ("x = 1\n\n1 / 0\ndef a(x, f): return x", 3, "ZeroDivisionError"),
        ("def g():\n    nowhere\ng()", 2, "NameError"),
        ("import no_such_module_at_all", 1, "No module named"),
        ("", None, "no function of the form rule"),
        ("def _a(x, f): return x", None, "no function of the form rule"),
        ("y = 1\ndef a(y): return y", 2, "must be written as a(x, f"),
        ("def h(q): pass\n\ndef a(x, f, m): return x", 3, "m needs an initial value"),
        ("def a(x, f, *, k): return x", 1, "k needs an initial value"),
        ("def a(x, f, *, k='s'): return x", 1, "k must be a number"),
        ("def a(x, f, m='s'): return x", 1, "m must begin as a number"),
        ("def a(x, f, *rest): return x", 1, "must be written as"),
        ("\n@optimizer('A')\ndef a(x, f, m): return x", 2, "m needs an initial value"),
        ("\nexit()", 2, "ends the program"),
        ("\0", None, "null bytes"),
    ],
)
def test_that_what_is_no_rule_is_reported_with_its_line(text, line, reported):
    with pytest.raises(RuleError) as error:
        read_rules(text, "typed")
    assert reported in str(error.value)
    assert error.value.line == line


def test_that_each_version_has_its_own_source():
    old, new = one(PLAIN), one(PLAIN.replace("keep * v", "2 * v"))
    assert "keep * v" in inspect.getsource(old.function)
    assert "2 * v" in inspect.getsource(new.function)
    assert formulas(old.function)[0] != formulas(new.function)[0]
    assert [line.number for line in lines(old.function)] == [4, 5]


def test_that_a_file_is_read_in_its_encoding_and_imports_from_its_folder(tmp_path):
    (tmp_path / "helper_of_mine_1.py").write_text("SCALE = 0.25\n")
    path = tmp_path / "rule.py"
    path.write_bytes(
        "# coding: latin-1\n# größer\nfrom helper_of_mine_1 import SCALE\n"
        "def ruled(x, f): return x - 0.01 * SCALE * f.gradient(x)\n".encode("latin-1")
    )
    (rule,) = read_file(path).rules
    assert run_of(rule).step == 50
    with pytest.raises(RuleError, match="No such file"):
        read_file(tmp_path / "none.py")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RuleError, match="can't be read"):
        read_file(path)


# An error in a rule is reported at its line


@pytest.mark.parametrize(
    ("body", "reported"),
    [
        (
            "    v = v + 1\n    return x[:1], v",
            "wrong returned a point of shape (1,); it must be of shape (2,) (line 3",
        ),
        ("    return x", "wrong returned 1 value; it must return x, v (line 2 of wrong: return x)"),
        ("    return x, v, v", "wrong returned 3 values; it must return x, v (line 2"),
        ("    x + v", "wrong returned nothing; it must return x, v (line 2"),
        ("    return 'far', v", "wrong returned a point of type str"),
        ("    return x * 1j, v", "wrong returned a point of type complex128"),
        ("    return [x, [1]], v", "wrong returned a point of type list"),
        ("    return (), v", "wrong returned a point of shape (0,)"),
        (
            "    if t < 20:\n        return x * 0.9, x\n    return x * 0.9, x[:1]",
            "returned v of shape (1,); in the step",
        ),
        ("    if t < 20:\n        return x * 0.9, x\n    return x * 0.9, 0.0", "returned v of shape (); in the step"),
        ("    if t < 20:\n        return x * 0.9, x\n    return x * 0.9, 'no'", "returned v of type str"),
        ("    return x * 0.9, {}", "returned v of type dict"),
        ("    x -= 1\n    return x, v", "ValueError: output array is read-only (line 2 of wrong: x -= 1)"),
        ("    f.gradient(x[:1])\n    return x, v", "(line 2 of wrong: f.gradient(x[:1]))"),
        ("    return x * np.zeros(3), v", "(line 2 of wrong: return x * np.zeros(3), v)"),
    ],
)
def test_that_a_wrong_rule_is_reported_at_its_line(body, reported):
    run = run_of(one(f"def wrong(x, f, t, v=0.0):\n{body}\n"))
    assert run.stop.reason is Reason.ERROR
    assert reported in run.stop.message
    last = len(body.splitlines()) + 1
    assert f"(line {run.stop.location.line} of wrong" in run.stop.message
    assert run.stop.location.line in (2, last)
    if "t < 20" in body:
        assert run.step == 19
        assert run.stop.location.line == last
    assert len(run.trace.x) == run.step + 1


def test_that_of_several_returns_the_one_taken_is_reported():
    text = "def wrong(x, f, t):\n    if t < 3:\n        return 0.9 * x\n    if t == 3:\n        return\n    return x\n"
    run = run_of(one(text))
    assert (run.step, run.stop.location.line) == (2, 5)


def test_that_a_traceback_shows_the_line():
    rule = one("def wrong(x, f):\n    return x / nothing\n")
    with pytest.raises(NameError) as error:
        rule(np.ones(2), None)
    assert "return x / nothing" in "".join(traceback.format_exception(error.value))


def test_that_a_state_that_begins_as_none_is_a_state():
    text = "def a(x, f, v=None):\n    v = x * 0 if v is None else v + 1\n    return x * 0.9, v\n"
    run = run_of(one(text))
    assert run.step == 50
    assert np.array_equal(run.replay(1)[1]["v"], [0, 0])


# Printing


def test_that_printing_goes_to_the_record_and_input_is_refused():
    output = CapturedOutput()
    rule = one("def a(x, f, t):\n    print('step', t, sep=':', end='.\\n')\n    return x * 0.9\n", output=output)
    run = run_of(rule, steps=20)
    assert output.lines()[0] == "step:1."
    assert output.lines()[-1] == "step:20."
    before = output.count
    run.replay(3)
    assert output.count == before
    asking = one("def a(x, f):\n    input('why?')\n    return x\n", output=output)
    assert "input() would block the window" in run_of(asking).stop.message
    assert "(line 2 of a: input('why?'))" in run_of(asking).stop.message


def test_that_the_record_of_printed_output_is_bounded():
    output = CapturedOutput()
    for i in range(3000):
        output.print(i)
    output.print("x" * 10 * MAX_LENGTH, end="")
    assert len(output.lines()) == LINES + 1
    assert output.lines()[0] == "2000"
    assert max(map(len, output.lines())) == MAX_LENGTH
    output.clear()
    assert output.lines() == []


# Duplicates


@pytest.mark.parametrize(
    ("name", "options"),
    representatives(
        itertools.product(optimizers.names(), [Options(), Options(noise=0.1, clip_norm=1.0)]),
        lambda name, _: name,
        lambda name, options: (family(name), str(options)),
    ),
    ids=str,
)
def test_that_a_duplicate_of_any_optimizer_descends_as_it_does(name, options):
    original = optimizers.get(name)
    copy = one(duplicate(original))
    assert (copy.name, copy.title) == (f"{name}_2", f"{original.title} 2")
    assert not copy.built_in
    assert copy.needs == original.needs
    for problem in ("himmelblau", "rotated_quadratic"):
        a, b = (run_of(rule, problem, 120, options=options) for rule in (original, copy))
        assert a.stop.reason is b.stop.reason
        assert a.begun == b.begun
        if a.begun:
            assert np.array_equal(a.trace.x, b.trace.x)
            assert a.evaluations == b.evaluations


# From Python


def gradient_flow(x, f, *, learning_rate=0.02):
    return x - learning_rate * f.gradient(x)


def test_that_minimize_takes_a_function_of_the_textbook_form():
    mine = minimize("himmelblau", method=gradient_flow, options={"learning_rate": 0.01})
    theirs = minimize("himmelblau", method="gradient_descent", options={"learning_rate": 0.01})
    assert np.array_equal(mine.trace.x, theirs.trace.x)
    declared = gdviewer.minimize("himmelblau", method=optimizer("Flow")(gradient_flow))
    assert declared.nit > 1
    with pytest.raises(TypeError, match="must be written as"):
        minimize("himmelblau", method=lambda fun, x0: x0)

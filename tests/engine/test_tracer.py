"""A step executed again, line by line: the lines that ran, their values, and their text."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import itertools
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.notation.notation import lines, name_text
from gdviewer.engine.notation.values import with_numbers
from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.options import Options
from gdviewer.engine.rules.parameter import rate
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits
from gdviewer.engine.tracing import tracer
from gdviewer.engine.tracing.tracer import inspect_step, local_values
from gdviewer.problems.function import FunctionProblem
from tests.kinds import family, representatives

_spec = importlib.util.spec_from_file_location("reading", Path(__file__).with_name("reading.py"))
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
Reader = _module.Reader


def descent(rule, problem="himmelblau", steps=20, **options) -> Run:
    """A run of a number of steps, fewer if it stops before."""
    rule = optimizers.get(rule) if isinstance(rule, str) else optimizer("Rule")(rule)
    if isinstance(problem, str):
        problem = problems.get("rotated_quadratic" if "quadratic" in _names(rule) else problem)
    run = Run(problem, rule, problem.start, {}, Limits(max_steps=steps), 3, Options(**options))
    run.advance(steps)
    return run


def _names(rule) -> tuple[str, ...]:
    return rule.function.__code__.co_names


def locals_of(frame) -> dict:
    """The last value of each argument and local name."""
    values = dict(frame.arguments)
    for executed in frame.executed:
        values |= executed.writes
    return values


def steps_of(run: Run) -> list[int]:
    """A few steps to open: the first ones, one in the middle, the last, and the one after it."""
    return sorted({1, min(2, run.step + 1), max(run.step // 2, 1), max(run.step, 1), run.step + 1})


@pytest.mark.parametrize(
    ("name", "options"),
    representatives(
        itertools.product(optimizers.names(), [{}, {"noise": 0.1, "clip_norm": 1.0}]),
        lambda name, _: name,
        lambda name, options: (family(name), str(options)),
    ),
    ids=str,
)
def test_that_the_lines_of_every_optimizer_come_to_what_was_recorded(name, options):
    run = descent(name, **options)
    for step in steps_of(run):
        seen = inspect_step(run, step)
        assert seen.complete
        assert seen.error is None
        last = seen.frame.executed[-1]
        assert last.returns
        returned = last.result if isinstance(last.result, tuple) else (last.result,)
        names = [node.id if isinstance(node, ast.Name) else "" for node in parts_of(last.line.node.value)]
        assert len(names) == len(returned) == 1 + len(run.optimizer.state)
        for name, value in zip(names, returned, strict=True):
            if name:
                assert np.array_equal(locals_of(seen.frame)[name], value, equal_nan=True)
        if step <= run.step:
            recorded = [run.trace.x[step], *(column[step] for column in run.trace.state.values())]
            for value, row in zip(returned, recorded, strict=True):
                assert np.array_equal(np.broadcast_to(value, row.shape), row, equal_nan=True)


def parts_of(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


@pytest.mark.parametrize("name", optimizers.names())
def test_that_the_numbers_put_into_a_line_come_to_its_value(name):
    """The text is evaluated by an independent reader, with enough digits to lose nothing."""
    run = descent(name)
    read = 0
    for step in steps_of(run):
        for _, frame, executed in inspect_step(run, step).frame.walk():
            node = executed.line.node
            reported = with_numbers(executed.line, executed.reads, frame.names, digits=17)
            if "low is start" in executed.line.code or "out=" in executed.line.code:  # no mathematics
                continue
            if not reported or "[" in reported or not isinstance(node, ast.Assign | ast.AugAssign | ast.If | ast.While):
                continue
            made = next(iter(executed.writes.values()), executed.taken)
            if len(executed.writes) != 1 or not isinstance(made, np.ndarray | float | bool | np.bool_):
                continue
            module = next((vars(m) for m in [*sys.modules.values()] if getattr(m, "__file__", "") == frame.file), {})
            known = {frame.names.get(k) or name_text(k): v for k, v in {**module, **executed.reads}.items()}
            known |= {"true": True, "false": False, "None": None, "NaN": np.nan, "x": np.zeros(2)}
            with np.errstate(all="ignore"):
                found = Reader(reported.replace("e−", "e-"), known, Coordinates(run)).value()
            assert np.allclose(found, made, rtol=1e-9, atol=1e-300, equal_nan=True), executed.line.text
            read += 1
    assert read or name in ("newton",), "no line was read"


class Coordinates:
    """The problem of a run, asked with a point's components one by one, as it is written in mathematics."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.lowest = run.problem.lowest

    def value(self, *x):
        return self._run.objective.value(np.ravel(x))

    def gradient(self, *x):
        return self._run.objective.gradient(np.ravel(x))

    def hessian(self, *x):
        return self._run.objective.hessian(np.ravel(x))


def test_that_a_step_of_adam_reads_as_in_the_textbook():
    run = descent("adam", "rosenbrock", 5)
    seen = inspect_step(run, 5)
    m = next(executed for executed in seen.frame.executed if executed.line.code.startswith("m ="))
    assert m.line.text == "m ← β₁·m + (1 − β₁)·g"
    before, g, after = run.trace.state["m"][4], run.trace.gradient[4], run.trace.state["m"][5]
    assert np.array_equal(m.reads["m"], before)
    assert np.array_equal(m.reads["g"], g)
    assert np.array_equal(m.writes["m"], after)
    assert with_numbers(m.line, m.reads, seen.frame.names) == "0.9·(−73.13, −29.88) + 0.1·(−208.4, −85.28)"


def test_that_the_gradient_is_stepped_into_with_the_lines_of_the_formula():
    run = descent("gradient_descent", "rosenbrock", 3)
    first = inspect_step(run, 2).frame.executed[0]
    (call,) = first.calls
    assert call.name == "gradient"
    assert [call.arguments[name] for name in ("x", "y")] == run.trace.x[1].tolist()
    assert call.executed[-1].result == run.trace.gradient[1].tolist()
    assert np.array_equal(first.writes["g"], call.result)


@pytest.mark.parametrize("name", ["linear_regression", "logistic_regression", "huber_regression"])
def test_that_the_gradient_of_a_regression_opens_on_its_own_lines(name):
    run = descent("gradient_descent", name, steps=3)
    (call,) = inspect_step(run, 2).frame.executed[0].calls
    assert call.name == "gradient"
    assert "slopes" in call.executed[0].writes
    assert [inner.name for inner in call.executed[0].calls] == ["outputs", "slope"]
    assert np.array_equal(call.result, run.trace.gradient[1])


def test_that_each_trial_of_a_line_search_is_reported_as_it_was_made():
    run = descent("armijo", "rosenbrock", 3)
    seen = inspect_step(run, 3)
    search = next(call for executed in seen.frame.executed for call in executed.calls if call.name == "backtracked")
    alphas = [e.reads["alpha"] for e in search.executed if e.line.code.startswith("trial =")]
    assert alphas == [0.5**k for k in range(len(alphas))]
    assert len(alphas) > 3
    tests = [e.taken for e in search.executed if e.line.code.startswith("if np.isfinite")]
    assert tests == [False] * (len(alphas) - 1) + [True]
    assert search.result[0] == alphas[-1]
    assert np.array_equal(search.result[1], run.trace.x[3])


def test_that_branches_and_loops_show_what_ran():
    def rule(x, f, t, *, learning_rate=rate(0.01)):
        total = 0
        for i in range(3):
            if i == 1:
                continue
            total += i
        while total < 5:
            total = total + 2
        long = [
            part
            for part in x
            if part > 0
        ]  # fmt: skip
        long.append(total)
        return x - learning_rate * f.gradient(x)

    seen = inspect_step(descent(rule, steps=2), 1)
    reported = [(e.line.code.split()[0], e.taken) for e in seen.frame.executed]
    loop = [("for", True), ("if", False), ("total", None), ("for", True), ("if", True), ("continue", None),
            ("for", True), ("if", False), ("total", None), ("for", False)]  # fmt: skip
    again = [("while", True), ("total", None)] * 2 + [("while", False)]
    assert reported == [("total", None), *loop, *again, ("long", None), ("long.append(total)", None), ("return", None)]
    values = [e.writes for e in seen.frame.executed if e.line.code == "total += i"]
    assert values == [{"total": 0}, {"total": 2}]
    assert seen.frame.executed[-2].writes["long"][-1] == 6


def test_that_a_list_changed_later_is_reported_as_it_was():
    def rule(x, f):
        seen = [x]
        scratch = np.zeros(2)
        scratch[0] = 5
        scratch += 1
        seen.append(scratch)
        return x - 0.01 * f.gradient(x)

    executed = inspect_step(descent(rule, steps=1), 1).frame.executed
    assert len(executed[0].writes["seen"]) == 1
    assert [e.writes["scratch"].tolist() for e in executed[1:4]] == [[0, 0], [5, 0], [6, 1]]
    assert len(executed[4].writes["seen"]) == 2


def test_that_an_error_is_reported_at_its_line_and_where_it_came_through():
    def helper(x):
        return 1 / int(x[0] * 0)

    def rule(x, f, t):
        if t == 3:
            y = helper(x)
            return y
        return x - 0.001 * f.gradient(x)

    run = descent(rule, steps=5)
    seen = inspect_step(run, 3)
    assert isinstance(seen.error, ZeroDivisionError)
    assert seen.x is None
    last = seen.frame.executed[-1]
    assert last.line.code == "y = helper(x)"
    assert isinstance(last.error, ZeroDivisionError)
    assert isinstance(last.calls[0].executed[0].error, ZeroDivisionError)


def test_that_a_step_that_does_not_end_is_given_up(monkeypatch):
    monkeypatch.setattr(tracer, "SECONDS", 0.1)
    forever = False

    def rule(x, f):
        while forever:
            try:
                x = x + 0
            except Exception:
                continue
        return x - 0.001 * f.gradient(x)

    run = descent(rule, steps=2)
    forever = True
    seen = inspect_step(run, 1)
    assert isinstance(seen.error, tracer.StepTimeout)
    assert seen.frame.executed[0].taken


def test_that_a_long_step_is_executed_to_its_end_though_not_all_is_reported(monkeypatch):
    monkeypatch.setattr(tracer, "MAX_LINES", 50)

    def rule(x, f):
        for _ in range(1000):
            x = x - 1e-6 * f.gradient(x)
        return x

    run = descent(rule, steps=2)
    seen = inspect_step(run, 2)
    assert not seen.complete
    assert len(list(seen.frame.walk())) == 50
    assert np.array_equal(seen.x, run.trace.x[2])


def test_that_a_module_says_whether_it_is_stepped_into(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "way_of_mine.py").write_text(
        "from slope_of_mine import slope\n"
        "from gdviewer.engine.rules.step_filters import pass_through, silent\n"
        "pass_through(__name__)\n"
        "def handed_on(f, x):\n    return slope(f, x)\n"
        "@silent\ndef as_it_is(x):\n    return x\n"
    )
    (tmp_path / "slope_of_mine.py").write_text("def slope(f, x):\n    return 2 * f.gradient(x)\n")
    mine = importlib.import_module("way_of_mine")
    handed_on, as_it_is = mine.handed_on, mine.as_it_is

    def rule(x, f):
        return as_it_is(x) - 0.001 * handed_on(f, x)

    (line,) = inspect_step(descent(rule, steps=2), 1).frame.executed
    assert [call.name for call in line.calls] == ["slope"]
    assert line.line.text == "return x − 0.001·handed_on(f, x)"


def test_that_the_users_function_is_stepped_into_and_its_many_calls_are_counted():
    def bowl(x):
        squares = x**2
        return squares.sum()

    run = descent("gradient_descent", FunctionProblem(bowl, np.ones(80)), 2)
    (line, *_) = inspect_step(run, 1).frame.executed
    assert len(line.calls) == tracer.MAX_CALLS
    assert line.skipped_calls == 2 * 80 - tracer.MAX_CALLS
    assert line.calls[0].executed[1].result == line.calls[0].executed[0].writes["squares"].sum()


def test_that_an_array_that_stays_as_it_is_is_kept_once_and_one_that_is_changed_as_it_was():
    def bowl(x):
        y = x * 2
        z = y + 1
        y[0] = 7.0
        return float((y * z).sum())

    run = descent("gradient_descent", FunctionProblem(bowl, np.ones(3)), 2)
    made, used, changed, returned = inspect_step(run, 1).frame.executed[0].calls[0].executed
    assert used.reads["y"] is made.writes["y"]
    assert made.writes["y"][0] != 7.0
    assert changed.writes["y"][0] == 7.0
    assert returned.reads["y"][0] == 7.0


def test_that_a_rule_without_source_is_executed_all_the_same():
    made = {}
    exec("def rule(x, f):\n    return x - 0.1 * f.gradient(x)", made)
    run = descent(made["rule"], steps=3)
    seen = inspect_step(run, 2)
    assert seen.frame is None
    assert np.array_equal(seen.x, run.trace.x[2])


def test_that_whoever_else_traces_goes_on_undisturbed():
    def mine(*_):
        return None

    run = descent("adam", steps=3)
    before = sys.gettrace()
    sys.settrace(mine)
    try:
        inspect_step(run, 1)
        after = sys.gettrace()
    finally:
        sys.settrace(before)
    assert after is mine


def test_that_a_step_is_opened_in_any_thread_while_the_run_goes_on():
    run = descent("adam", "rosenbrock", 2000)
    found = []
    thread = threading.Thread(target=lambda: found.extend(inspect_step(run, t).x for t in range(1, 200)))
    run.resume(Limits(max_steps=20_000, tolerance=None))
    thread.start()
    run.advance(20_000)
    thread.join()
    assert np.array_equal(found, run.trace.x[1:200])


@pytest.mark.parametrize("name", ["adam", "bfgs", "armijo", "trust_region"])
def test_that_local_values_are_those_of_the_inspection(name):
    run = descent(name, "rosenbrock", 12)
    for step in (1, 5, run.step):
        inside = locals_of(inspect_step(run, step).frame)
        names = [key for key in inside if key != "f"]
        found = local_values(run, step, [*names, "nothing"])
        assert found.keys() == set(names)
        assert all(np.array_equal(found[key], inside[key]) for key in names)


def test_that_there_is_no_step_before_the_first_or_past_the_one_after_the_last():
    run = descent("adam", steps=5)
    assert inspect_step(run, run.step + 1).x is not None
    for step in (0, run.step + 2):
        with pytest.raises(IndexError, match="step must be in 1"):
            inspect_step(run, step)


def test_that_lines_know_their_place_in_the_file():
    rule = optimizers.get("adam").function
    rows = Path(rule.__code__.co_filename).read_text(encoding="utf-8").splitlines()
    for line in lines(rule):
        assert rows[line.number - 1].strip().startswith(line.code[:10])
        assert line.node.lineno == line.number <= line.last

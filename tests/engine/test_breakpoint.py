"""Breakpoints: the step that they hit, their message, and the run after that step."""

import itertools
import math
from functools import cached_property

import numpy as np
import pytest

from gdviewer import optimizers, problems, schedules
from gdviewer.engine.breakpoints.breakpoint import Breakpoint, names_of
from gdviewer.engine.breakpoints.kinds import KINDS
from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.options import Options
from gdviewer.engine.rules.parameter import Choice, rate
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import STOPPED_BY_USER, Limits, Reason
from gdviewer.problems.function import FunctionProblem
from tests.kinds import representatives

STEPS = 240


class Row:
    """A row of a trace as plain numbers, and the row before it."""

    def __init__(self, run, t):
        trace, self._run = run.trace, run
        self.t, self.loss, self.learning_rate = t, float(trace.loss[t]), float(trace.rate[t])
        self.x, self.gradient = trace.x[t].tolist(), trace.gradient[t].tolist()
        self.state = {name: rows[t] for name, rows in trace.state.items()}
        self.domain = run.problem.domain.tolist()

    @cached_property
    def previous(self):
        return Row(self._run, self.t - 1)

    @cached_property
    def move(self):
        return [a - b for a, b in zip(self.x, self.previous.x, strict=True)]


def norm(numbers):
    return math.sqrt(sum(v * v for v in numbers))


def dot(a, b):
    return sum(p * q for p, q in zip(a, b, strict=True))


def inside(row):
    return all(low <= v <= high for v, (low, high) in zip(row.x, row.domain, strict=True))


def turn(row):
    if row.t < 2 or not norm(row.move) or not norm(row.previous.move):
        return 0.0
    cosine = dot(row.move, row.previous.move) / (norm(row.move) * norm(row.previous.move))
    return math.degrees(math.acos(max(-1, min(1, cosine))))


def rises(row, n):
    return n == 0 or (row.t > 0 and row.loss > row.previous.loss and rises(row.previous, n - 1))


def crosses_zero(row):
    return any(a < 0 < b or b < 0 < a for a, b in zip(row.gradient, row.previous.gradient, strict=True))


# What each kind means, written once more without arrays: of a row, whether it holds there.
SCANS = [
    ("loss_rises", None, lambda row: row.loss > row.previous.loss),
    ("loss_rises_running", 2, lambda row: rises(row, 2)),
    ("loss_rises_running", 5, lambda row: rises(row, 5)),
    ("uphill", None, lambda row: dot(row.previous.gradient, row.move) > 0),
    ("gradient_below", 2.0, lambda row: norm(row.gradient) < 2.0),
    ("move_longer", 0.05, lambda row: norm(row.move) > 0.05),
    ("leaves_domain", None, lambda row: inside(row.previous) and not inside(row)),
    ("turns", 60.0, lambda row: turn(row) > 60.0),
    ("changes_sign", "gradient", crosses_zero),
    ("step", 137, lambda row: row.t == 137),
    ("expression", "loss > 1.02*previous.loss", lambda row: row.loss > 1.02 * row.previous.loss),
    ("expression", "norm(g) > 3 and not x[0] < 0 or t == 60",
     lambda row: (norm(row.gradient) > 3 and row.x[0] >= 0) or row.t == 60),
    ("expression", "any(move*previous.move < 0) and max(abs(x)) > 1e-3",
     lambda row: row.t > 1 and any(a * b < 0 for a, b in zip(row.move, row.previous.move, strict=True))
     and max(map(abs, row.x)) > 1e-3),
    ("expression", "0.2 < sum(x*g) <= 4", lambda row: 0.2 < dot(row.x, row.gradient) <= 4),
    ("expression", "learning_rate < previous.learning_rate",
     lambda row: row.previous.learning_rate > row.learning_rate),
]  # fmt: skip
RUNS = {
    "overshooting": ("himmelblau", "gradient_descent", {"learning_rate": 0.03}, Options()),
    "adam": ("rosenbrock", "adam", {"learning_rate": 0.3}, Options()),
    "swinging": ("sphere", "momentum", {"learning_rate": 0.05, "momentum": 0.97}, Options()),
    "noisy": ("booth", "rmsprop", {"learning_rate": 0.05}, Options(noise=3.0)),
    "scheduled": ("beale", "nesterov", {"learning_rate": 2e-3}, Options(schedule=schedules.get("step", step_size=30))),
    "leaving": ("saddle", "momentum", {"learning_rate": 0.02, "momentum": 0.9}, Options()),
    "batches": ("linear_regression", "adam", {"learning_rate": 0.1}, Options()),
}
FREE = Limits(tolerance=None, max_steps=STEPS)


def run_of(name, breakpoints=(), limits=FREE):
    problem, rule, hyperparameters, options = RUNS[name]
    problem = problems.get(problem)
    if name == "batches":
        problem = problem.replace(batch_size=8)
    rule = optimizers.get(rule)
    return Run(problem, rule, problem.start, hyperparameters, limits, 3, options, breakpoints=breakpoints)


def finish(run, block=10**9):
    """Run on and on; returns the step of each pause."""
    pauses = []
    while True:
        while not run.stop:
            run.advance(block)
        if not run.at_breakpoint:
            return pauses
        pauses.append(run.step)
        run.resume()
        if run.stop:
            return pauses


def scan(run, lasts, holds):
    """The steps that hit: each of an event, the first of each stretch of a condition that lasts."""
    rows = [holds(Row(run, t)) for t in range(1, run.step + 1)]
    return [t for t, now in enumerate(rows, 1) if now and not (lasts and t > 1 and rows[t - 2])]


def assert_same(run, other):
    assert (run.stop.reason, run.step) == (other.stop.reason, other.step)
    for of in (lambda t: t.x, lambda t: t.loss, lambda t: t.gradient, lambda t: t.rate):
        assert np.array_equal(of(run.trace), of(other.trace), equal_nan=True)
    for name, rows in other.trace.state.items():
        assert np.array_equal(run.trace.state[name], rows)


@pytest.fixture(scope="module")
def plain():
    """Runs without breakpoints, to be scanned."""
    runs = {name: run_of(name) for name in RUNS}
    for run in runs.values():
        finish(run)
    return runs


@pytest.mark.parametrize(
    ("scanned", "name", "block"),
    representatives(
        itertools.product(SCANS, RUNS, [10**9, 1]),
        lambda scanned, *_: scanned[:2],
        lambda _, name, block: (name, block),
    ),
    ids=lambda value: f"{value[0]} {value[1]}" if isinstance(value, tuple) else None,
)
def test_that_each_kind_hits_at_the_steps_that_a_plain_scan_finds(plain, scanned, name, block):
    kind, value, holds = scanned
    run = run_of(name, [Breakpoint(kind, value)])
    found = finish(run, block)
    assert found == scan(plain[name], KINDS[kind].persists, holds)
    assert [hit.step for hit in run.trace.hits] == found
    assert_same(run, plain[name])


def test_that_the_scans_cover_every_kind_and_each_hits_somewhere(plain):
    assert {kind for kind, _, _ in SCANS} == set(KINDS) - {"non_finite"}
    for kind, _, holds in SCANS:
        assert any(scan(run, KINDS[kind].persists, holds) for run in plain.values()), kind


@pytest.mark.parametrize("block", [1, 7, 10**9])
def test_that_a_run_with_all_kinds_at_once_pauses_wherever_one_of_them_hits(plain, block):
    everything = [Breakpoint(kind, value) for kind, value, _ in SCANS]
    expected = sorted({t for kind, _, holds in SCANS for t in scan(plain["adam"], KINDS[kind].persists, holds)})
    run = run_of("adam", everything)
    assert finish(run, block) == expected
    assert sorted({hit.step for hit in run.trace.hits}) == expected
    assert_same(run, plain["adam"])


@pytest.mark.parametrize(
    ("name", "text", "holds"),
    [
        ("adam", "norm(m) > 5 and t > 10", lambda row: norm(row.state["m"]) > 5 and row.t > 10),
        ("adam", "v[1] > 2*previous.v[1]", lambda row: row.state["v"][1] > 2 * row.previous.state["v"].flat[-1]),
        ("adam", "all(0 > m)", lambda row: all(m < 0 for m in row.state["m"])),
        ("swinging", "norm(b) < momentum*norm(previous.b)",
         lambda row: norm(row.state["b"]) < 0.97 * norm(np.ravel(row.previous.state["b"]))),
    ],
)  # fmt: skip
def test_that_an_expression_knows_what_the_rule_carries(plain, name, text, holds):
    run = run_of(name, [Breakpoint("expression", text)])
    expected = scan(plain[name], True, holds)
    assert expected
    assert finish(run) == expected


def test_that_a_state_of_numbers_and_one_of_matrices_go_with_points():
    run = Run(
        problems.get("rosenbrock"), optimizers.get("bfgs"), (-1.2, 1), limits=FREE,
        breakpoints=[Breakpoint("expression", "norm(H) > 0.5"), Breakpoint("expression", "any(H*x > 0.4)")],
    )  # fmt: skip
    finish(run)
    inverse, x = run.trace.state["H"], run.trace.x
    large = [t for t in range(1, run.step + 1) if norm(inverse[t].ravel()) > 0.5]
    product = [t for t in range(1, run.step + 1) if (inverse[t] * x[t] > 0.4).any()]
    first = [next(h.step for h in run.trace.hits if h.breakpoint is watched) for watched in run.breakpoints]
    assert first == [large[0], product[0]]


@pytest.mark.parametrize("kind", KINDS)
def test_that_what_a_hit_shows_is_in_the_record(kind):
    text = "loss > previous.loss" if kind == "expression" else None
    run = run_of("overshooting", [Breakpoint(kind, text)])
    run.advance(STEPS)
    if run.at_breakpoint:
        assert run.stop.message.startswith("Breakpoint: ")
        assert f"{run.step:,}" in run.stop.message
        assert run.stop.advice == "Run goes on from here."
        assert "{" not in run.stop.message


def test_that_a_rise_of_the_loss_is_reported_with_its_numbers():
    run = run_of("overshooting", [Breakpoint("loss_rises")])
    run.advance(STEPS)
    before, after = run.trace.loss[-2:]
    assert after > before
    assert run.stop.reason is Reason.BREAKPOINT
    assert run.stop.message == f"Breakpoint: the loss rises from {before:.6g} to {after:.6g} at step {run.step}."
    (hit,) = run.trace.hits
    assert (hit.step, hit.breakpoint, hit.message.values["after"]) == (run.step, run.breakpoints[0], after)


def test_that_steps_past_a_hit_leave_nothing_behind():
    run, plain = run_of("adam", [Breakpoint("step", 137)]), run_of("adam")
    run.advance(STEPS)
    assert run.step == 137
    plain.advance(137)
    assert run.evaluations == plain.evaluations


# --- together with the stop rules


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(tolerance=None, max_steps=50), Reason.STEP_LIMIT),
        (Limits(tolerance=1e-2, max_steps=STEPS), Reason.TOLERANCE),
        (Limits(tolerance=None, loss_tolerance=1e-3, max_steps=STEPS), Reason.LOSS_TOLERANCE),
        (Limits(tolerance=None, gradient_tolerance=0.5, max_steps=STEPS), Reason.GRADIENT_TOLERANCE),
        (Limits(tolerance=None, divergence=9.0, max_steps=STEPS), Reason.DIVERGED),
    ],
)
def test_that_a_stop_at_the_same_step_comes_when_the_run_goes_on(limits, reason):
    plain = run_of("adam", limits=limits)
    finish(plain)
    assert plain.stop.reason is reason
    run = run_of("adam", [Breakpoint("step", plain.step)], limits)
    assert finish(run) == [plain.step]
    assert_same(run, plain)


def test_that_a_stop_at_the_same_step_is_assessed_again_where_something_was_changed():
    limits = Limits(tolerance=None, divergence=9.0, max_steps=STEPS)
    first = run_of("adam", limits=limits)
    finish(first)
    run = run_of("adam", [Breakpoint("step", first.step)], limits)
    run.advance(STEPS)
    run.resume(FREE)
    run.advance(1)
    assert run.step == first.step + 1
    assert run.stop is None


def test_that_a_hyperparameter_changed_at_a_breakpoint_holds_from_the_next_step():
    run = run_of("overshooting", [Breakpoint("step", 20)])
    run.advance(STEPS)
    run.change("learning_rate", 0.001)
    run.resume()
    run.advance(5)
    assert run.hyperparameters_at(20)["learning_rate"] == 0.03
    assert run.hyperparameters_at(21)["learning_rate"] == 0.001
    assert np.array_equal(run.replay(21)[0], run.trace.x[21])


def test_that_breakpoints_may_be_set_and_lifted_under_way():
    run = run_of("adam")
    run.advance(30)
    run.breakpoints = (Breakpoint("expression", "t > 10"),)
    run.advance(100)
    assert run.step == 31  # it holds already, and was not watched before
    run.resume()
    run.advance(100)
    assert run.step == 131
    run.breakpoints = (Breakpoint("step", 150, enabled=False), Breakpoint("step", 170))
    run.advance(100)
    assert run.step == 170


def test_that_a_run_ended_from_outside_has_no_hit_for_the_block_thrown_away():
    @optimizer("Halted")
    def halted(x, f, *, learning_rate=rate(0.1)):
        run.halt(STOPPED_BY_USER)
        return x - learning_rate * f.gradient(x)

    run = Run(problems.get("sphere"), halted, (1, 1), breakpoints=[Breakpoint("step", 1)])
    run.advance(10)
    assert (run.stop.reason, run.step, run.trace.hits) == (Reason.USER, 0, [])


# --- a function of the user's


def test_that_a_function_is_not_asked_beyond_the_step_that_hits():
    asked = []

    def bowl(x):
        asked.append(float(x[0]))
        return float(x @ x)

    problem = FunctionProblem(bowl, (4.0, 3.0), lambda x: 2 * x)
    run = Run(problem, optimizers.get("gradient_descent"), (4.0, 3.0), {"learning_rate": 0.25},
              breakpoints=[Breakpoint("expression", "loss < 2")])  # fmt: skip
    run.advance(100)
    assert run.trace.loss.tolist() == [25, 6.25, 1.5625]
    assert asked == [4, 2, 1]
    run.resume()
    run.advance(1)
    assert run.step == 3


def test_that_a_function_that_raises_keeps_the_hits_before_it():
    def fragile(x):
        if x[0] < 0.3:
            raise RuntimeError("broke")
        return float(x @ x)

    problem = FunctionProblem(fragile, (4.0, 3.0), lambda x: 2 * x)
    run = Run(problem, optimizers.get("gradient_descent"), (4.0, 3.0), {"learning_rate": 0.25},
              breakpoints=[Breakpoint("step", 2)])  # fmt: skip
    assert finish(run) == [2]
    assert (run.stop.reason, run.step) == (Reason.ERROR, 3)


# --- not finite


def diverging(rule="gradient_descent", divergence=1e300, **options):
    return Run(
        problems.get("rosenbrock"), optimizers.get(rule) if isinstance(rule, str) else rule, (-1.2, 1.0),
        {"learning_rate": 0.1}, Limits(tolerance=None, divergence=divergence), **options,
    )  # fmt: skip


def test_that_what_is_not_finite_is_reported_with_its_step_though_its_move_is_not_applied():
    run = diverging(breakpoints=[Breakpoint("non_finite")])
    run.advance(100)
    (hit,) = run.trace.hits
    assert hit.step == run.step + 1
    assert run.stop.reason is Reason.BREAKPOINT
    assert "loss" in hit.message.values["what"]
    point, _ = run.replay(hit.step)
    assert not np.isfinite(run.problem.value(point))
    assert np.isfinite(run.trace.loss).all()
    run.resume()
    assert run.stop.reason is Reason.DIVERGED
    plain = diverging()
    plain.advance(100)
    assert_same(run, plain)


def test_that_a_lower_rate_leads_on_from_where_a_step_was_not_finite():
    run = diverging(breakpoints=[Breakpoint("non_finite")])
    run.advance(100)
    at = run.step
    run.change("learning_rate", 1e-300)
    run.resume()
    run.advance(3)
    assert run.step == at + 3


def test_that_a_point_beyond_the_bound_is_finite():
    run = diverging(divergence=1e6, breakpoints=[Breakpoint("non_finite")])
    run.advance(100)
    assert run.stop.reason is Reason.DIVERGED
    assert run.trace.hits == []


@pytest.mark.parametrize("where", ["state", "way"])
@pytest.mark.parametrize("block", [1, 100])
def test_that_what_is_not_finite_is_found_in_the_state_and_on_the_way(where, block):
    @optimizer("Odd")
    def odd(x, f, t, m=0.0, *, learning_rate=rate(0.1)):
        g = f.gradient(x)
        m = np.where(t == 23, np.inf, g) if where == "state" else g
        h = g / (g - g if t == 23 else 1)  # not used
        return x - learning_rate * f.gradient(x), m if where == "state" else 0 * np.isnan(h) + g

    run = Run(
        problems.get("sphere"), odd, (3, 4), {"learning_rate": 1e-3}, FREE, breakpoints=[Breakpoint("non_finite")]
    )
    while not run.stop:
        run.advance(block)
    assert run.step == 23
    what = run.trace.hits[-1].message.values["what"]
    assert what == ("an intermediate result (divide by zero), m" if where == "state" else
                    "an intermediate result (divide by zero)")  # fmt: skip
    run.resume()
    run.advance(100)
    assert run.step > 100


def test_that_only_a_breakpoint_on_it_watches_the_floating_point_operations():
    def handlers(x, f, *, learning_rate=rate(0.1)):
        seen.append(np.geterr()["over"])
        return x - learning_rate * f.gradient(x)

    rule, seen = optimizer("Handlers")(handlers), []
    for watched in (
        (),
        [Breakpoint("loss_rises")],
        [Breakpoint("non_finite", enabled=False)],
        [Breakpoint("non_finite")],
    ):
        run = Run(problems.get("sphere"), rule, (3, 4), breakpoints=watched)
        run.advance(1)
    assert seen == ["ignore", "ignore", "ignore", "call"]
    assert np.geterr()["over"] != "call"


# --- declarations


def test_that_a_breakpoint_checks_what_it_is_given():
    assert Breakpoint("loss_rises_running", "4").value == 4
    assert Breakpoint("turns") == Breakpoint("turns", 90.0)
    for kind, value, message in [
        ("loss_rise", None, "did you mean 'loss_rises'"),
        ("loss_rises", 3, "has no parameter"),
        ("turns", 200, r"turns must be in \[0, 180\]"),
        ("step", 1.5, "whole number"),
        ("changes_sign", "y", "must be one of x, gradient, move"),
        ("expression", None, "type a condition"),
        ("expression", "loss >", "can't be read"),
    ]:
        with pytest.raises(ValueError, match=message):
            Breakpoint(kind, value)


def test_that_a_run_without_what_an_expression_asks_for_is_not_watched_by_it():
    asks = {
        "norm(m) > 1": "there is no m in this run",
        "x[7] > 1": "there is no component [7]",
        "all(g*previous.m < 0)": "there is no m in this run",
    }
    run = run_of("overshooting", [Breakpoint("expression", text) for text in asks])
    run.advance(STEPS)
    assert run.stop.reason is Reason.STEP_LIMIT
    assert {watched.value: why for watched, why in run.unwatched.items()} == asks
    other = run_of("adam", [Breakpoint("expression", "m > 1"), Breakpoint("expression", "any(m > 1)")])
    other.advance(STEPS)
    assert list(other.unwatched.values()) == ["it compares several components; use any(…) or all(…)"]


@pytest.mark.parametrize("name", optimizers.names())
def test_that_an_expression_can_ask_for_all_that_an_optimizer_has(name):
    rule = optimizers.get(name)
    for known in names_of(rule):
        assert not isinstance(rule.hyperparameters.get(known), Choice)
        watched = Breakpoint("expression", f"norm({known}) > 1e300 or norm(previous.{known}) > 1e300")
        problem = problems.get("sphere")
        run = Run(problem, rule, problem.start, limits=Limits(tolerance=None, max_steps=30), breakpoints=[watched])
        for _ in range(3):
            run.advance(10)
        assert not run.unwatched
        assert not run.trace.hits

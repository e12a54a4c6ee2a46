"""The descent loop: what is recorded, when it stops, what it asks of the problem."""

import itertools
import pickle
from dataclasses import replace

import numpy as np
import pytest

import gdviewer
from gdviewer import optimizers, problems
from gdviewer.engine.breakpoints.kinds import KINDS
from gdviewer.engine.record.events import Hit, Message
from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.parameter import rate
from gdviewer.engine.run.run import LARGEST_BLOCK, Run
from gdviewer.engine.run.stop import (
    START_UNDEFINED,
    STOPPED_BY_USER,
    Limits,
    Reason,
    failure,
    record_full,
    stop_at,
    unfit,
)  # fmt: skip
from gdviewer.problems.function import FunctionProblem
from tests.kinds import family, representatives

PARABOLA = problems.formula("x**2 + 3*y**2")


def run_of(problem=PARABOLA, rule="gradient_descent", start=None, learning_rate=0.1, **limits):
    rule = optimizers.get(rule) if isinstance(rule, str) else rule
    hyperparameters = {"learning_rate": learning_rate} if "learning_rate" in rule.hyperparameters else {}
    return Run(problem, rule, problem.start if start is None else start, hyperparameters, Limits(**limits))


def finished(*args, **kwargs):
    run = run_of(*args, **kwargs)
    run.advance(run.limits.max_steps)
    return run


class Counted:
    """A function of the user's that remembers where it was asked."""

    def __init__(self, function=lambda x: float(x @ x), gradient=lambda x: 2 * x):
        self.function, self.slope = function, gradient
        self.values, self.gradients = [], []

    def __call__(self, x):
        self.values.append(x.copy())
        return self.function(x)

    def jac(self, x):
        self.gradients.append(x.copy())
        return self.slope(x)

    def problem(self, start=(3.0, -4.0)):
        return FunctionProblem(self, start, self.jac)


# --- the tolerance


@pytest.mark.parametrize("name", ["sphere", "himmelblau", "rosenbrock", "booth", "parabola", "log_cosh", "absolute"])
@pytest.mark.parametrize("learning_rate", [0.0005, 0.001, 0.002])
@pytest.mark.parametrize("tolerance", [1e-3, 1e-5])
def test_that_the_tolerance_rule_is_the_one_of_the_article(name, learning_rate, tolerance):
    problem, steps = problems.get(name), 0

    def counted_gradient(x):
        nonlocal steps
        steps += 1
        return problem.gradient(x)

    point = gdviewer.GD(counted_gradient, problem.start, learning_rate, n_iter=700, tol=tolerance)
    run = finished(problem, learning_rate=learning_rate, tolerance=tolerance, max_steps=700)
    assert np.array_equal(run.trace.x[-1], point)
    if run.stop.reason is Reason.TOLERANCE:
        assert steps == run.step + 1  # the gradient of the move that was not made
    else:
        assert run.step == steps == 700


def test_that_tolerance_leaves_the_last_move_unapplied():
    run = finished(tolerance=1e-3)
    assert run.stop.reason is Reason.TOLERANCE
    unapplied, _ = run.replay(run.step + 1)
    assert np.abs(unapplied - run.trace.x[-1]).max() <= 1e-3
    assert np.abs(run.trace.x[-1] - run.trace.x[-2]).max() > 1e-3
    assert len(run.trace) == run.step + 1


def test_that_a_move_of_just_the_tolerance_is_not_made():
    slope = problems.formula("x")
    assert finished(slope, start=[0], learning_rate=0.1, tolerance=0.1).step == 0
    assert finished(slope, start=[0], learning_rate=0.1, tolerance=np.nextafter(0.1, 0), max_steps=3).step == 3


def test_that_a_start_at_the_minimum_takes_no_step():
    run = finished(start=[0, 0])
    assert (run.step, run.stop.reason, run.evaluations) == (0, Reason.TOLERANCE, (1, 1, 0))


# --- the other reasons


def test_that_the_gradient_tolerance_stops_at_the_first_point_that_holds_it():
    run = finished(tolerance=None, gradient_tolerance=1e-4)
    largest = np.abs(run.trace.gradient).max(axis=1)
    assert run.stop.reason is Reason.GRADIENT_TOLERANCE
    assert largest[-1] <= 1e-4 < largest[-2]


def test_that_the_loss_tolerance_stops_after_the_first_step_that_changes_it_less():
    run = finished(tolerance=None, loss_tolerance=1e-6)
    change = np.abs(np.diff(run.trace.loss)) / np.maximum(1, run.trace.loss[:-1])
    assert run.stop.reason is Reason.LOSS_TOLERANCE
    assert change[-1] <= 1e-6 < change[-2]


@pytest.mark.parametrize("limit", [1, 7, LARGEST_BLOCK, LARGEST_BLOCK + 1, 1000])
def test_that_the_step_limit_is_met_exactly(limit):
    run = finished(tolerance=None, max_steps=limit, learning_rate=1e-4)
    assert (run.step, run.stop.reason) == (limit, Reason.STEP_LIMIT)


def test_that_divergence_by_bound_keeps_the_finite_point_that_passed_it():
    run = finished(problems.get("rosenbrock"), learning_rate=10, divergence=1e6)
    assert run.stop.reason is Reason.DIVERGED
    assert np.isfinite(run.trace.x).all()
    assert np.isfinite(run.trace.loss).all()
    size = np.maximum(np.abs(run.trace.x).max(axis=1), np.abs(run.trace.loss))
    assert size[-1] > 1e6 >= size[:-1].max()


@pytest.mark.parametrize("rule", ["gradient_descent", "momentum", "nesterov"])
def test_that_divergence_to_infinity_keeps_the_last_finite_point(rule):
    steep = problems.formula("-exp(x**2)")
    run = finished(steep, rule, start=[3.0], learning_rate=10, tolerance=None, divergence=1e300, max_steps=3000)
    assert run.stop.reason is Reason.DIVERGED
    assert np.isfinite(run.trace.x).all()
    assert np.isfinite(run.trace.loss).all()


def test_that_a_run_that_leaves_the_domain_keeps_the_last_defined_point():
    run = finished(problems.formula("log(x) + x"), start=[0.3], learning_rate=0.5)
    assert run.stop.reason is Reason.LEFT_DOMAIN
    assert np.isfinite(run.trace.loss).all()
    assert run.trace.x[-1, 0] > 0
    assert run.replay(run.step + 1)[0][0] < 0


def test_that_a_start_outside_of_the_domain_is_reported_as_such():
    run = finished(problems.formula("log(x)"), start=[-1])
    assert (run.step, run.stop.reason) == (0, Reason.LEFT_DOMAIN)
    assert "start" in run.stop.message


def test_that_a_run_halted_from_outside_stays_where_it_is_and_can_go_on():
    run = run_of(tolerance=None)
    run.advance(10)
    run.halt(STOPPED_BY_USER)
    run.advance(10)
    assert (run.step, run.stop.reason) == (10, Reason.USER)
    run.resume()
    run.advance(10)
    assert (run.step, run.stop) == (20, None)


def test_that_a_halt_in_the_middle_of_a_block_throws_the_block_away():
    @optimizer("halting")
    def halting(x, f, t, *, learning_rate=rate(0.1)):
        if t == 5:
            run.halt(STOPPED_BY_USER)
        return x - learning_rate * f.gradient(x)

    run = run_of(rule=halting)
    run.advance(3)
    run.advance(20)
    assert (run.step, run.stop.reason, run.evaluations) == (3, Reason.USER, (4, 4, 0))


def test_that_lower_limits_than_the_steps_done_stop_a_resumed_run_at_once():
    run = finished(tolerance=None, max_steps=40)
    run.resume(Limits(tolerance=None, max_steps=10))
    run.advance(100)
    assert (run.step, run.stop.reason) == (40, Reason.STEP_LIMIT)


def test_that_a_run_resumed_with_a_lower_tolerance_is_the_run_that_had_it_from_the_start():
    resumed, whole = finished(tolerance=1e-2), finished(tolerance=1e-6)
    resumed.resume(Limits(tolerance=1e-6))
    resumed.advance(1000)
    assert np.array_equal(resumed.trace.x, whole.trace.x)
    assert resumed.evaluations == whole.evaluations


def test_that_a_long_limit_is_not_paid_for_by_a_run_that_ends_early():
    steps = 0

    @optimizer("counting")
    def counting(x, f, *, learning_rate=rate(0.3)):
        nonlocal steps
        steps += 1
        return x - learning_rate * f.gradient(x)

    run = finished(rule=counting, learning_rate=0.15, max_steps=10**9)
    assert run.stop.reason is Reason.TOLERANCE
    assert steps <= 2 * run.step + 16


NUMBERS = "before", "after", "limit", "norm", "length", "angle", "index", "component", "low", "high", "slope"
VALUES = dict.fromkeys(NUMBERS, 1.0) | {"step": 1200, "what": "loss"}
STOPS = [
    STOPPED_BY_USER,
    START_UNDEFINED,
    unfit("It needs more"),
    record_full(1200, 1_500_000),
    failure("ValueError: {odd}", None),
    *(
        Limits(1e-5, 10, 1e-5, 1e-9).stop(reason, 1200, np.array([slope]))
        for reason in Reason
        if reason.limit or reason is Reason.LEFT_DOMAIN
        for slope in (1e-4, 0.1)
    ),
    *(stop_at(Hit(1200, kind.title, Message(kind.sentence, VALUES))) for kind in KINDS.values()),
]


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.reason.value)
def test_that_every_stop_has_a_sentence_and_an_advice_that_format(stop):
    assert stop.message
    assert stop.advice.endswith(".")
    assert "{slope" not in stop.message + stop.advice


def test_that_every_reason_has_its_sentences():
    assert {stop.reason for stop in STOPS} == set(Reason)


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.reason.value)
def test_that_a_stop_is_the_same_once_it_was_pickled(stop):
    again = pickle.loads(pickle.dumps(stop))
    assert (again, hash(again)) == (stop, hash(stop))
    assert (again.message, again.advice) == (stop.message, stop.advice)


def test_that_messages_differ_by_their_values():
    message = Message("Step {step:,} of {n:,}.", {"step": 1200, "n": 1300})
    assert message.text == "Step 1,200 of 1,300."
    assert message != replace(message, values={"step": 1201, "n": 1300})


def test_that_a_tolerance_met_on_a_steep_slope_advises_to_raise_the_learning_rate():
    run = finished(learning_rate=1e-7)
    assert run.stop.reason is Reason.TOLERANCE
    assert "Raise the learning rate" in run.stop.advice


def test_that_a_slope_of_many_small_components_is_not_called_nearly_zero():
    problem = problems.get("sphere_nd", n=100)
    run = finished(problem, start=np.full(100, 2e-3), learning_rate=1e-6, max_steps=1, tolerance=None)
    assert np.abs(run.trace.gradient[-1]).max() < 1e-2
    norm = np.linalg.norm(run.trace.gradient[-1])
    assert f"The slope is still {norm:.3g}" in run.stop.advice


# --- limits


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"tolerance": -1}, r"tolerance must be in \[0, 1000\]; got -1"),
        ({"tolerance": float("nan")}, "tolerance must be in"),
        ({"max_steps": 0}, "max_steps must be in"),
        ({"max_steps": 2.5}, "max_steps must be a whole number; got 2.5"),
        ({"max_steps": None}, "max_steps must be a number"),
        ({"divergence": 0}, "divergence must be in"),
        ({"gradient_tolerance": "much"}, "gradient_tolerance must be a number; got 'much'"),
    ],
)
def test_that_limits_out_of_range_are_refused_by_name(limits, message):
    with pytest.raises(ValueError, match=message):
        Limits(**limits)


@pytest.mark.parametrize("start", [[1], [1, 2, 3], [[1, 2]], [], [1, np.nan], [np.inf, 0]])
def test_that_a_start_of_wrong_shape_or_not_finite_is_refused(start):
    with pytest.raises(ValueError, match="start must be 2 finite numbers"):
        run_of(start=start)


def test_that_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="seed must not be negative"):
        Run(PARABOLA, optimizers.get("adam"), PARABOLA.start, seed=-1)


# --- functions of the user's


@pytest.mark.parametrize(
    ("rule", "limits"),
    representatives(
        itertools.product(
            [name for name in optimizers.names() if "lowest" not in optimizers.get(name).needs],
            [
                {"max_steps": 25, "tolerance": None},
                {"tolerance": 0.5},
                {"tolerance": None, "gradient_tolerance": 7.9},
                {"tolerance": None, "loss_tolerance": 0.9},
                {"tolerance": None, "divergence": 1, "max_steps": 9},
            ],
        ),
        lambda rule, _: rule,
        lambda rule, limits: (family(rule), str(limits)),
    ),
    ids=str,
)
def test_that_a_counted_function_is_asked_exactly_as_often_as_is_reported(rule, limits):
    counted = Counted()
    problem = counted.problem()
    run = finished(problem, rule, learning_rate=0.05, **limits)
    assert (len(counted.values), len(counted.gradients)) == problem.calls(run.evaluations)[:2]
    for asked in (counted.values, counted.gradients):
        assert {tuple(x) for x in run.trace.x} <= {tuple(x) for x in asked}
    declared = optimizers.get(rule)
    if declared.broadcasts and "learning_rate" in declared.hyperparameters:  # those that ask where they are, only
        assert run.evaluations == (run.step + 1, run.step + 1, 0)
        assert np.array_equal(counted.values, run.trace.x)
        assert np.array_equal(counted.gradients, run.trace.x)


def test_that_a_point_that_is_not_finite_is_never_asked_for():
    counted = Counted(lambda x: 0.0, lambda x: np.full(2, np.inf))
    run = finished(counted.problem(), learning_rate=1)
    assert run.stop.reason is Reason.DIVERGED
    assert len(counted.values) == len(counted.gradients) == 1


def test_that_a_run_on_a_function_is_the_run_on_the_same_formula():
    formula = problems.get("rosenbrock")
    counted = Counted(formula.value, formula.gradient)
    mine = finished(counted.problem(formula.start), "adam", learning_rate=0.05, max_steps=300)
    theirs = finished(formula, "adam", learning_rate=0.05, max_steps=300)
    assert np.array_equal(mine.trace.x, theirs.trace.x)
    assert np.array_equal(mine.trace.loss, theirs.trace.loss)
    assert mine.stop.reason is theirs.stop.reason


@pytest.mark.parametrize("where", ["value", "gradient"])
def test_that_a_function_that_raises_at_a_step_keeps_the_steps_before_it(where):
    def raising(result, calls):
        def function(x):
            calls.append(1)
            if len(calls) == 13:
                raise KeyError("no such sample")
            return result(x)

        return function

    value, gradient = lambda x: float(x @ x), lambda x: 2 * x
    problem = FunctionProblem(
        raising(value, []) if where == "value" else value,
        [3.0, -4.0],
        raising(gradient, []) if where == "gradient" else gradient,
    )
    run = finished(problem)
    assert (run.step, run.stop.reason) == (11, Reason.ERROR)
    assert "KeyError: 'no such sample'" in run.stop.message
    assert 'raise KeyError("no such sample")' in run.stop.message
    assert "of function" in run.stop.message
    assert isinstance(run.stop.exception, KeyError)


@pytest.mark.parametrize("step", [1, 2, 5, 40, LARGEST_BLOCK + 3])
def test_that_a_rule_that_raises_at_a_step_keeps_the_steps_before_it(step):
    @optimizer("raising")
    def raising(x, f, t, *, learning_rate=rate(0.1)):
        if t == step:
            raise RuntimeError("enough")
        return x - learning_rate * f.gradient(x)

    run = finished(rule=raising, tolerance=None, learning_rate=1e-3)
    assert (run.step, run.stop.reason) == (step - 1, Reason.ERROR)
    assert 'raise RuntimeError("enough")' in run.stop.message
    plain = finished(tolerance=None, learning_rate=1e-3, max_steps=max(step - 1, 1))
    assert np.array_equal(run.trace.x, plain.trace.x[:step])


def test_that_a_function_that_exits_ends_its_run_only():
    def leaves(x):
        raise SystemExit(3)

    run = finished(FunctionProblem(leaves, [1.0]))
    assert run.stop.reason is Reason.ERROR
    assert not run.begun
    with pytest.raises(RuntimeError, match="not begun"):
        _ = run.trace


@pytest.mark.parametrize(
    ("value", "gradient", "message"),
    [
        (lambda x: x, lambda x: 2 * x, r"must return one real number; got float64 of shape \(2,\)"),
        (lambda x: "one", lambda x: 2 * x, "must return one real number"),
        (lambda x: 1j, lambda x: 2 * x, "must return one real number; got complex128"),
        (lambda x: None, lambda x: 2 * x, "must return one real number; got object"),
        (lambda x: 1.0, lambda x: np.ones(3), r"the gradient must have shape \(2,\); got \(3,\)"),
        (lambda x: 1.0, lambda x: 1.0, r"the gradient must have shape \(2,\); got \(\)"),
        (lambda x: 1.0, lambda x: np.ones((1, 2)), r"got \(1, 2\)"),
    ],
)
def test_that_a_wrong_shape_is_reported(value, gradient, message):
    run = finished(FunctionProblem(value, [1.0, 2.0], gradient))
    assert run.stop.reason is Reason.ERROR
    with pytest.raises(ValueError, match=message):
        raise run.stop.exception


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (lambda x, m: x, "returned 1 value; it must return x, m"),
        (lambda x, m: (x, m, m), "returned 3 values; it must return x, m"),
        (lambda x, m: (x[:1], m), r"returned a point of shape \(1,\); it must be of shape \(2,\)"),
    ],
)
def test_that_a_rule_that_returns_a_wrong_form_is_reported(returned, message):
    @optimizer("odd")
    def odd(x, f, m=0.0, *, learning_rate=rate(0.1)):
        return returned(x, m)

    run = finished(rule=odd)
    assert run.stop.reason is Reason.ERROR
    with pytest.raises(ValueError, match=message):
        raise run.stop.exception


def test_that_a_function_may_change_what_it_is_given():
    def spoiling(x):
        x *= 0
        return 1.0

    def spoiling_gradient(x):
        g = 2 * x
        x[:] = 7
        return g

    run = finished(FunctionProblem(spoiling, [3.0, 1.0], spoiling_gradient), max_steps=3)
    assert np.array_equal(run.trace.x[0], [3, 1])
    assert run.trace.x[1] == pytest.approx([2.4, 0.8])


# --- rules of the user's


def in_place_point(x, f, m=0.0, *, learning_rate=rate(0.1)):
    x -= learning_rate * f.gradient(x)
    return x, m


def in_place_state(x, f, m=0.0, *, learning_rate=rate(0.1)):
    m = m + 0 * x
    m += f.gradient(x)
    x = x - learning_rate * m
    return x, m


def in_place_old_state(x, f, m=np.zeros(2), *, learning_rate=rate(0.1)):
    m += f.gradient(x)
    return x - learning_rate * m, m


def in_place_gradient(x, f, m=0.0, *, learning_rate=rate(0.1)):
    g = f.gradient(x)
    g *= learning_rate
    return x - g, m


def in_place_later(x, f, t, m=0.0, *, learning_rate=rate(0.1)):
    if t == 4:
        x -= 1
    return x - learning_rate * f.gradient(x), m


def in_place_state_later(x, f, t, m=0.0, *, learning_rate=rate(0.1)):
    m = m + f.gradient(x) if t < 4 else np.multiply(m, 2, out=m)
    return x - learning_rate * m, m


@pytest.mark.parametrize(
    "rule", [in_place_point, in_place_gradient, in_place_old_state, in_place_later, in_place_state_later]
)
def test_that_a_rule_that_changes_the_record_in_place_is_reported_so(rule):
    run = finished(rule=optimizer("in place")(rule), max_steps=5)
    assert run.stop.reason is Reason.ERROR
    assert "read-only" in run.stop.message
    assert run.step in (0, 3)


def test_that_a_rule_may_change_its_own_arrays_in_place():
    run = finished(rule=optimizer("in place")(in_place_state), max_steps=20, tolerance=None)
    assert run.step == 20
    for step in range(1, 21):
        assert np.array_equal(run.replay(step)[1]["m"], run.trace.state["m"][step])


def test_that_a_large_state_is_kept_for_some_steps_and_replayed_between(monkeypatch):
    monkeypatch.setattr("gdviewer.engine.record.trace.STATE_BYTES", 20_000)

    @optimizer("heavy")
    def heavy(x, f, t, m=0.0, *, learning_rate=rate(0.01)):
        m = 0.9 * m + np.outer(f.gradient(x), np.arange(50.0)) + t
        return x - learning_rate * m[:, 1], m

    problem = problems.get("himmelblau")
    run = Run(problem, heavy, problem.start, {"learning_rate": 1e-3}, Limits(tolerance=None, max_steps=300))
    states = [None]
    while not run.stop:
        run.advance(7)
        states += [None] * (run.step + 1 - len(states))
        states[run.step] = run._stepper.state[0]
    assert run.trace.stride > 4
    assert run.trace.state["m"].nbytes <= 20_000
    for step in range(1, 301):
        x, state = run.replay(step)
        assert np.array_equal(x, run.trace.x[step])
        if states[step] is not None:
            assert np.array_equal(state["m"], states[step])


def test_that_a_run_ends_where_its_record_is_full(monkeypatch):
    monkeypatch.setattr("gdviewer.engine.run.run.RECORD_BYTES", 100_000)
    run = Run(problems.get("sphere"), optimizers.get("adam"), [1, 1], {}, Limits(tolerance=None, max_steps=100_000))
    run.advance(100_000)
    assert run.stop.reason is Reason.FULL
    assert 2000 < run.step < 6000
    assert f"{run.step:,} steps take 0 MB" in run.stop.message


def test_that_a_rule_draws_the_same_random_numbers_whenever_a_step_is_executed():
    @optimizer("noisy")
    def noisy(x, f, *, learning_rate=rate(0.1)):
        return x - learning_rate * f.gradient(x) + 1e-2 * f.rng.normal(size=x.shape)

    def descend(seed, blocks):
        run = Run(PARABOLA, noisy, PARABOLA.start, {}, Limits(max_steps=30), seed)
        for block in blocks:
            run.advance(block)
        return run

    run = descend(5, [30])
    assert np.array_equal(descend(5, [4, 1, 25]).trace.x, run.trace.x)
    assert not np.array_equal(descend(6, [30]).trace.x, run.trace.x)
    assert np.array_equal(run.replay(17)[0], run.trace.x[17])


def test_that_only_recorded_steps_and_the_one_after_can_be_replayed():
    run = finished(max_steps=5)
    for step in (0, -1, 7):
        with pytest.raises(IndexError, match="step must be in 1 … 6"):
            run.replay(step)


# --- changes on the way


def test_that_a_change_before_the_first_step_is_no_event():
    run = run_of()
    run.change("learning_rate", 0.05)
    run.advance(3)
    assert run.trace.changes == []
    assert run.hyperparameters_at(1) == {"learning_rate": 0.05}


def test_that_of_changes_between_two_steps_the_last_one_holds_and_is_the_one_recorded():
    run = run_of(tolerance=None)
    run.advance(2)
    for value in (0.2, 0.3, 0.01):
        run.change("learning_rate", value)
    run.advance(2)
    assert [(c.step, c.value) for c in run.trace.changes] == [(3, 0.01)]
    assert run.trace.x[3] == pytest.approx(run.trace.x[2] - 0.01 * run.trace.gradient[2])


@pytest.mark.parametrize(("name", "value"), [("learning_rate", -1), ("learning_rat", 1), ("learning_rate", np.nan)])
def test_that_a_wrong_change_is_refused_and_changes_nothing(name, value):
    run = run_of()
    with pytest.raises(ValueError, match="learning_rate"):
        run.change(name, value)
    run.advance(2)
    assert run.hyperparameters == {"learning_rate": 0.1}

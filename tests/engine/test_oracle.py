"""The oracle: what an optimizer can ask for, and that little of it is evaluated twice."""

import numpy as np
import pytest

from gdviewer import problems
from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.options import Options
from gdviewer.engine.rules.oracle import Oracle
from gdviewer.engine.rules.parameter import rate
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits, Reason
from gdviewer.problems.function import FunctionProblem

BOWL = problems.formula("x**2 + 3*y**2")


@optimizer("Asks at the start of a step", broadcasts=False)
def asking_before(x, f, *, learning_rate=rate(0.1)):
    return x - learning_rate * min(1, f.value(x)) * f.gradient(x)


@optimizer("Tries a point", broadcasts=False)
def trying(x, f, *, learning_rate=rate(0.1)):
    g = f.gradient(x)
    trial = x - learning_rate * g
    return trial if f.value(trial) < f.value(x) else x


@optimizer("Takes every second trial", broadcasts=False)
def hesitating(x, f, t, *, learning_rate=rate(0.1)):
    trial = x - learning_rate * f.gradient(x)
    f.gradient(trial)
    f.hessian(x)
    return trial if t % 2 and f.value(trial) < f.value(x) else x


@optimizer("Asks now and then", broadcasts=False)
def asking_seldom(x, f, t, *, learning_rate=rate(0.1)):
    scale = min(1, f.value(x)) if t % 3 == 0 else 1.0
    return x - learning_rate * scale * f.gradient(x)


RULES = [asking_before, trying, hesitating, asking_seldom]
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def run_of(rule, max_steps=40, problem=BOWL, **limits):
    return Run(problem, rule, [3.0, -1.0], {}, Limits(**{"tolerance": None, "max_steps": max_steps} | limits))


def test_that_a_rule_that_asks_for_the_loss_where_it_stands_pays_nothing_for_it():
    run = run_of(asking_before)
    run.advance(40)
    assert run.evaluations == (41, 41, 0)


def test_that_a_trial_that_is_taken_is_evaluated_once():
    run = run_of(trying)
    run.advance(40)
    assert run.evaluations == (41, 41, 0)


def test_that_nothing_is_asked_again_where_a_trial_is_not_taken():
    run = run_of(hesitating)
    run.advance(40)
    # Each trial costs a gradient, each that might be taken a value, and each point a Hessian.
    assert run.evaluations == (21, 41, 21)


def test_that_options_around_the_gradient_cost_no_more_losses():
    plain, clipped = (
        Run(BOWL, trying, [3.0, -1.0], {}, Limits(tolerance=None, max_steps=40), options=options)
        for options in (Options(), Options(clip_value=100))
    )
    plain.advance(40)
    clipped.advance(40)
    assert clipped.evaluations == plain.evaluations == (41, 41, 0)


@each_rule
def test_that_counts_are_the_same_for_blocks_of_any_size(rule):
    whole, odd, single = run_of(rule), run_of(rule), run_of(rule)
    whole.advance(40)
    for size in (1, 7, 2, 30):
        odd.advance(size)
    for _ in range(40):
        single.advance(1)
    assert whole.evaluations == odd.evaluations == single.evaluations
    assert np.array_equal(whole.trace.x, odd.trace.x)
    assert np.array_equal(whole.trace.loss, single.trace.loss)


@each_rule
def test_that_counts_are_the_same_for_a_run_that_was_stopped_on_the_way(rule):
    whole, resumed = run_of(rule), run_of(rule, gradient_tolerance=1.0)
    whole.advance(40)
    resumed.advance(40)
    assert resumed.stop.reason is Reason.GRADIENT_TOLERANCE
    resumed.resume(Limits(tolerance=None, max_steps=40))
    resumed.advance(40)
    assert resumed.evaluations == whole.evaluations


@each_rule
def test_that_a_function_is_called_as_often_as_is_reported(rule):
    calls = []

    def function(x):
        calls.append("value")
        return float(x[0] ** 2 + 3 * x[1] ** 2)

    def gradient(x):
        calls.append("gradient")
        return np.array([2 * x[0], 6 * x[1]])

    run = run_of(rule, problem=FunctionProblem(function, [3.0, -4.0], gradient, hess=lambda x: np.diag([2.0, 6.0])))
    run.advance(40)
    value, slope, _ = run.evaluations
    assert (calls.count("value"), calls.count("gradient")) == (value, slope)
    same = run_of(rule)
    same.advance(40)
    assert same.evaluations == run.evaluations


def test_that_a_problem_is_quadratic_to_a_rule_only_where_there_is_a_hessian_to_ask_for():
    class Bowl(problems.Problem):
        quadratic = True

        def value(self, x):
            return (np.asarray(x) ** 2).sum(axis=-1)

    class Curved(Bowl):
        def hessian(self, x):
            return 2 * np.eye(2)

    described = {"domain": [(-1, 1)] * 2, "start": [1.0, 1.0]}
    assert not Oracle(Bowl("bowl", "Bowl", **described)).quadratic
    assert Oracle(Curved("bowl", "Bowl", **described)).quadratic


def test_that_a_rule_that_finds_no_step_under_noise_waits_for_another():
    @optimizer("Waits for its chance", broadcasts=False)
    def waiting(x, f, *, learning_rate=rate(0.1)):
        g = f.gradient(x)
        return x - learning_rate * g if g[0] > 3 else x

    run = Run(BOWL, waiting, [1.0, -1.0], {}, Limits(max_steps=40), 1, Options(noise=2))
    run.advance(40)
    moved = (run.trace.x[1:] != run.trace.x[:-1]).any(axis=1)
    assert run.step == 40
    assert 0 < moved.sum() < 40
    still = Run(BOWL, waiting, [1.0, -1.0], {}, Limits(max_steps=40))
    still.advance(40)
    assert (still.step, still.stop.reason) == (0, Reason.STALLED)

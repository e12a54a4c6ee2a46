"""The largest stable learning rate is the one above which a run diverges."""

from __future__ import annotations

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.analysis.curvature import curvature
from gdviewer.engine.analysis.stability import largest_stable_rate, stability, step_matrix
from gdviewer.engine.rules.optimizer import optimizer
from gdviewer.engine.rules.options import Options
from gdviewer.engine.rules.parameter import rate
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits, Reason

LINEAR = ["gradient_descent", "momentum", "nesterov", "qhm"]


def run_on(name, problem="elliptic_bowl", steps=5, options=None, **hyperparameters):
    problem = problems.get(problem)
    run = Run(problem, optimizers.get(name), problem.start, hyperparameters, Limits(tolerance=None), options=options)
    run.advance(steps)
    return run


def verdict(run, **given):
    return stability(run, run.step, curvature(run.objective, run.trace.x[-1], scale=10.0), **given)


@pytest.mark.parametrize("name", LINEAR)
@pytest.mark.parametrize(("factor", "diverges"), [(0.99, False), (1.01, True)])
def test_that_just_above_the_largest_stable_rate_a_run_diverges(name, factor, diverges):
    problem = problems.get("elliptic_bowl")
    rule = optimizers.get(name)
    steepest = np.linalg.eigvalsh(problem.hessian(problem.start))[-1]
    stable = largest_stable_rate(rule, rule.check({}), steepest)
    run = Run(
        problem, rule, problem.start, {"learning_rate": factor * stable}, Limits(tolerance=None, max_steps=20_000)
    )
    run.advance(20_000)
    assert (run.stop.reason is Reason.DIVERGED) == diverges
    assert (run.trace.loss[-1] > run.trace.loss[0]) == diverges


def test_that_the_largest_stable_rates_are_those_of_the_textbooks():
    for beta in (0.0, 0.5, 0.9):
        momentum, nesterov = optimizers.get("momentum"), optimizers.get("nesterov")
        assert largest_stable_rate(momentum, momentum.check({"momentum": beta}), 4.0) == pytest.approx(
            2 * (1 + beta) / 4, rel=1e-6
        )
        assert largest_stable_rate(nesterov, nesterov.check({"momentum": beta}), 4.0) == pytest.approx(
            2 * (1 + beta) / (1 + 2 * beta) / 4, rel=1e-6
        )
    descent = optimizers.get("gradient_descent")
    assert largest_stable_rate(descent, descent.check({}), 4.0) == pytest.approx(0.5, rel=1e-6)


def test_that_a_rule_of_the_users_has_its_limit_too():
    @optimizer("Halved")
    def halved(x, f, *, learning_rate=rate(1e-2)):
        """Half a step."""
        return x - 0.5 * learning_rate * f.gradient(x)

    assert largest_stable_rate(halved, halved.check({}), 1.0) == pytest.approx(4.0, rel=1e-6)


@pytest.mark.parametrize("name", [n for n in optimizers.names() if n not in LINEAR])
def test_that_a_rule_without_such_a_limit_is_given_none(name):
    rule = optimizers.get(name)
    assert largest_stable_rate(rule, rule.check({}), 1.0) is None


def test_that_the_step_matrix_is_what_a_step_does():
    rule = optimizers.get("momentum")
    matrix = step_matrix(rule, rule.check({"learning_rate": 0.1, "momentum": 0.9}), 3.0)
    assert matrix == pytest.approx(np.array([[1 - 0.3, -0.09], [3.0, 0.9]]))
    assert step_matrix(optimizers.get("adam"), optimizers.get("adam").check({}), 3.0) is None


def test_that_a_rate_too_large_is_reported_with_how_many_times():
    run = run_on("gradient_descent", learning_rate=0.34)  # the steepest curvature is 10
    reported = verdict(run)
    assert reported.ratio == pytest.approx(1.7, rel=1e-6)
    assert reported.text == "The learning rate 0.34 is 1.7 times too large here: Gradient descent is stable up to 0.2."
    assert verdict(run_on("gradient_descent", learning_rate=0.1)).ratio == pytest.approx(0.5, rel=1e-6)
    assert verdict(run, rate=0.05).ratio == pytest.approx(0.25, rel=1e-6)


@pytest.mark.parametrize("name", optimizers.names())
def test_that_every_optimizer_gets_a_verdict(name):
    reported = verdict(run_on(name, "rotated_quadratic"))
    assert reported.text.endswith(".")
    assert "{" not in reported.text


def test_that_newtons_step_is_half_of_what_would_overshoot():
    run = run_on("newton", "rosenbrock", steps=3)
    for step in range(run.step):
        here = curvature(run.objective, run.trace.x[step], scale=4.0)
        assert stability(run, step, here).ratio == pytest.approx(0.5)


@pytest.mark.parametrize("step", [0, 2, 4])
def test_that_the_step_of_an_adaptive_rule_is_measured_along_the_steepest_direction(step):
    run = run_on("adam", steps=4, learning_rate=0.5)
    here = curvature(run.objective, run.trace.x[step], scale=10.0)
    later = run_on("adam", steps=5, learning_rate=0.5)
    v = here.directions[-1]
    before, after = v @ later.trace.x[step], v @ later.trace.x[step + 1]  # the minimum is at 0, the curvature 10
    reported = stability(run, step, here)
    assert reported.ratio == pytest.approx((before - after) / before / 2)
    assert (reported.ratio > 1 or reported.ratio < 0) == (abs(after) > abs(before))
    assert run.step == 4


def test_that_a_rule_that_fails_at_the_next_step_is_reported():
    @optimizer("Fails later")
    def fails(x, f, t, *, learning_rate=rate(1e-2)):
        """Two steps, no more."""
        if t > 2:
            raise ArithmeticError("no further")
        return x - learning_rate * np.sign(f.gradient(x))

    problem = problems.get("elliptic_bowl")
    run = Run(problem, fails, problem.start)
    run.advance(2)
    assert "no further" in verdict(run).text


def test_that_clipping_is_assessed_by_the_step():
    run = run_on("gradient_descent", options=Options(clip_norm=0.1), learning_rate=0.3)
    assert verdict(run).ratio < 0.2


def test_that_nothing_is_too_large_where_nothing_curves_up():
    problem = problems.formula("-x**2 - y**2")
    run = Run(problem, optimizers.get("gradient_descent"), [1.0, 1.0])
    run.begin()
    reported = stability(run, 0, curvature(problem, [1.0, 1.0]))
    assert np.isnan(reported.ratio)
    assert "no learning rate is too large" in reported.text


def test_that_no_step_is_assessed_by_a_curvature_that_is_not_known():
    network = problems.get("convolutional_network")  # at the start, biases of 0 put black pixels on the kink of a ReLU
    run = Run(network, optimizers.get("adam"), network.start, {"learning_rate": 0.003}, Limits(None, 2))
    run.advance(2)
    rough, smooth = (curvature(run.objective, run.point(step)) for step in (0, 1))
    assert rough.residuals[-1] > 0.5 * rough.eigenvalues[-1]
    assert np.isnan(rough.largest_stable_rate)
    reported = stability(run, 0, rough)
    assert np.isnan(reported.ratio)
    assert "too vaguely known" in reported.text
    assert np.isfinite(stability(run, 1, smooth).ratio)

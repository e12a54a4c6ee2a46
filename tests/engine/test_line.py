"""The slice along a step."""

from __future__ import annotations

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.analysis.line import along, line_of_step
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits
from gdviewer.problems.function import FunctionProblem


def run_on(name, problem, steps=5, **hyperparameters):
    run = Run(problem, optimizers.get(name), problem.start, hyperparameters, Limits(tolerance=None))
    run.advance(steps)
    return run


@pytest.mark.parametrize("name", ["himmelblau", "rosenbrock", "rosenbrock_nd", "linear_regression", "double_well"])
def test_that_the_slice_runs_through_both_ends_of_the_step(name):
    run = run_on("gradient_descent", problems.get(name), learning_rate=1e-3)
    line = line_of_step(run, 5)
    assert line.step == 5
    assert line.loss[line.alpha == 0] == run.trace.loss[4]
    assert line.loss[line.alpha == 1] == pytest.approx(run.trace.loss[5])
    assert line.loss_at_end == pytest.approx(run.trace.loss[5])
    for alpha, loss in zip(line.alpha, line.loss, strict=True):
        assert loss == pytest.approx(run.problem.value(run.trace.x[4] + alpha * (run.trace.x[5] - run.trace.x[4])))


def test_that_on_a_quadratic_function_the_parabola_is_the_slice():
    run = run_on("momentum", problems.get("rotated_quadratic"), learning_rate=0.01)
    line = line_of_step(run, 5)
    assert line.parabola(line.alpha) == pytest.approx(line.loss, rel=1e-6)


@pytest.mark.parametrize("rate", [1e-4, 1e-2, 0.2])
def test_that_the_best_point_is_the_lowest_that_is_shown(rate):
    problem = problems.get("himmelblau")
    run = run_on("gradient_descent", problem, steps=1, learning_rate=rate)
    line = line_of_step(run, 1)
    fine = np.linspace(line.alpha[0], line.alpha[-1], 200_001)
    losses = problem.value(line.start + fine[:, None] * line.direction)
    assert line.best == pytest.approx(fine[losses.argmin()], abs=2 * (fine[1] - fine[0]))
    assert line.best_loss <= losses.min() + 1e-9
    assert line.alpha[-1] >= max(2.0, 1.4 * line.best) or line.best > 2
    assert line.alpha[0] <= -0.5


def test_that_tiny_steps_are_seen_against_what_would_be_best():
    line = line_of_step(run_on("gradient_descent", problems.get("elliptic_bowl"), steps=1, learning_rate=1e-4), 1)
    assert line.best == pytest.approx(-line.slope / line.bend, rel=1e-3)
    assert line.best > 500


def test_that_what_is_best_behind_an_uphill_step_is_shown():
    run = run_on("momentum", problems.get("rotated_quadratic"), learning_rate=0.01)
    line = line_of_step(run, 5)
    assert line.slope > 0
    assert line.best == pytest.approx(-line.slope / line.bend, rel=1e-3)
    assert line.alpha[0] < line.best < 0


def test_that_at_the_start_it_leads_down_the_gradient_by_the_rate_in_use():
    run = run_on("gradient_descent", problems.get("himmelblau"), learning_rate=0.01)
    line = line_of_step(run, 0)
    assert line.step is None
    assert line.direction == pytest.approx(-0.01 * run.trace.gradient[0])
    assert line_of_step(run, 0, rate=0.02).direction == pytest.approx(-0.02 * run.trace.gradient[0])


def test_that_without_a_rate_it_leads_to_the_lowest_point_of_the_parabola():
    run = run_on("newton", problems.get("elliptic_bowl"), steps=0)
    line = line_of_step(run, 0)
    assert line.best == pytest.approx(1.0, rel=1e-3)


def test_that_a_step_that_has_not_moved_leads_down_the_gradient():
    run = run_on("trust_region", problems.get("rosenbrock"), steps=30, first_radius=100.0)
    rested = [t for t in range(1, run.step + 1) if (run.trace.x[t] == run.trace.x[t - 1]).all()]
    assert rested
    assert line_of_step(run, rested[0]).step is None


def test_that_a_slice_that_falls_for_ever_says_so():
    problem = problems.formula("-x - 2*y")
    line = along(problem, np.zeros(2), np.ones(2), 0.0, np.array([-1.0, -2.0]))
    assert np.isnan(line.best)
    assert line.loss[-1] == line.loss.min()


def test_that_gaps_stay_gaps():
    problem = problems.formula("sqrt(x)")
    line = along(problem, np.array([1.0]), np.array([-1.0]), 1.0, np.array([0.5]))
    assert np.isnan(line.loss[line.alpha > 1]).all()
    assert np.isfinite(line.loss[(line.alpha >= 0) & (line.alpha <= 1)]).all()


def test_that_errors_of_a_function_are_gaps():
    def fragile(x):
        if x[0] > 1.5:
            raise ValueError("too far")
        return float(x[0] ** 2)

    problem = FunctionProblem(fragile, [1.0], jac=lambda x: 2 * x)
    line = along(problem, np.array([1.0]), np.array([-0.5]), 1.0, np.array([2.0]))
    assert np.isnan(line.loss[line.alpha < -1]).all()
    assert line.best == pytest.approx(2.0, rel=1e-3)


def test_that_a_slow_function_is_asked_less(monkeypatch):
    clock = [0.0]

    def slow(x):
        clock[0] += 0.02
        return float(x @ x)

    monkeypatch.setattr("gdviewer.engine.analysis.line.perf_counter", lambda: clock[0])
    problem = FunctionProblem(slow, [1.0, 1.0], jac=lambda x: 2 * x)
    line = along(problem, np.ones(2), -0.1 * np.ones(2), 2.0, 2 * np.ones(2))
    assert len(line.alpha) < 40
    assert line.best == pytest.approx(10.0, rel=1e-3)

"""The step-size rules and the accelerated methods against what theory says of them."""

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.run.stop import Reason

CONVEX = ["parabola", "absolute", "log_cosh", "sphere", "rotated_quadratic", "booth", "matyas"]
each_convex = pytest.mark.parametrize("problem", CONVEX)


def bowl(kappa):
    """½(x² + κy²): curvatures 1 and κ."""
    return problems.formula("(x**2 + kappa*y**2)/2", kappa=kappa)


def distances(run, minimum=0.0):
    return np.linalg.norm(run.trace.x - minimum, axis=1)


# --- Armijo backtracking


@pytest.mark.parametrize("problem", ["rosenbrock", "himmelblau", "ackley", "absolute", "gramacy_lee"])
@pytest.mark.parametrize(("c1", "shrink"), [(1e-4, 0.5), (0.3, 0.8)])
def test_that_armijos_condition_holds_at_every_step(problem, c1, shrink, descend):
    run = descend("armijo", problem, hyperparameters={"c1": c1, "shrink": shrink}, tolerance=1e-9)
    x, loss, g = run.trace.x, run.trace.loss, run.trace.gradient
    promised = ((x[1:] - x[:-1]) * g[:-1]).sum(axis=1)
    assert run.step > 3
    assert (promised < 0).all()
    assert (loss[1:] <= loss[:-1] + c1 * promised + 1e-15 * np.abs(loss[:-1])).all()
    lengths = np.linalg.norm(x[1:] - x[:-1], axis=1) / np.linalg.norm(g[:-1], axis=1)
    powers = np.log(lengths) / np.log(shrink)
    assert np.abs(powers - np.round(powers)).max() < 1e-6


# --- exact line search


@pytest.mark.parametrize("kappa", [2, 10, 100, 1000])
def test_that_the_exact_search_zigzags_by_the_worst_case_factor(kappa, descend):
    run = descend("exact_line_search", bowl(kappa), [kappa, 1.0], 30)
    assert run.trace.loss[1:] / run.trace.loss[:-1] == pytest.approx(((kappa - 1) / (kappa + 1)) ** 2, rel=1e-9)
    assert run.evaluations == (31, 31, 30)


def test_that_the_exact_step_on_a_quadratic_is_the_formula(descend, quadratic):
    problem = quadratic(6, 40.0, centre=1.5)
    run = descend("exact_line_search", problem, max_steps=10)
    for x, g, after, alpha in zip(
        run.trace.x, run.trace.gradient, run.trace.x[1:], run.trace.state["alpha"][1:], strict=False
    ):
        assert alpha == pytest.approx((g @ g) / (g @ problem.A @ g), rel=1e-12)
        assert np.array_equal(after, x - alpha * g)


@pytest.mark.parametrize("problem", ["rosenbrock", "beale", "himmelblau", "rotated_quadratic"])
def test_that_exact_directions_are_at_right_angles_from_step_to_step(problem, descend):
    run = descend("exact_line_search", problem, max_steps=15, tolerance=1e-4)
    g = run.trace.gradient / run.trace.gradient_norm[:, None]
    assert run.step >= 5
    assert np.abs((g[1:] * g[:-1]).sum(axis=1)).max() < 1e-4


def test_that_the_exact_search_does_not_take_a_kink_for_a_parabola(descend):
    assert descend("exact_line_search", "absolute", tolerance=1e-5).trace.x[-1] == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("text", ["x**2 - y**2", "x - y"])
def test_that_the_exact_search_on_a_quadratic_without_end_diverges_at_once(text, descend):
    run = descend("exact_line_search", problems.formula(text), [0.0, 1.0])
    assert (run.step, run.stop.reason) == (0, Reason.DIVERGED)


# --- Barzilai–Borwein


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("problem", ["rosenbrock", "himmelblau", "six_hump_camel", "log_cosh"])
def test_that_the_barzilai_borwein_step_is_the_formula_or_a_shorter_one(number, problem, descend):
    run = descend(f"barzilai_borwein_{number}", problem, hyperparameters={"shrink": 0.25}, tolerance=1e-6)
    x, g, loss = run.trace.x, run.trace.gradient, run.trace.loss
    full = 0
    for t in range(2, run.step + 1):
        s, y = x[t - 1] - x[t - 2], g[t - 1] - g[t - 2]
        reported = (s @ s) / (s @ y) if number == 1 else (s @ y) / (y @ y)
        if s @ y <= 0:
            reported = np.linalg.norm(s) / np.linalg.norm(y)
        alpha = np.linalg.norm(x[t] - x[t - 1]) / np.linalg.norm(g[t - 1])
        shortened = np.log(alpha / reported) / np.log(0.25)
        assert shortened == pytest.approx(round(shortened), abs=1e-4)
        assert shortened > -0.1
        full += round(shortened) == 0
        assert loss[t] <= loss[max(0, t - 10) : t].max()
    assert full >= 0.6 * (run.step - 1)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("kappa", [5, 50, 1000])
def test_that_barzilai_borwein_is_superlinear_on_a_bowl_in_the_plane(number, kappa, descend):
    run = descend(f"barzilai_borwein_{number}", bowl(kappa), [3.0, -2.0], 60, {"first_step": 0.3 / kappa})
    norms = np.maximum(run.trace.gradient_norm, 1e-300)
    # Descent with the best constant step needs κ·log(10) steps to a tenth; these need fewer and fewer.
    steps = [int(np.argmax(norms <= norms[0] * 10.0**-digits)) for digits in (2, 12)]
    assert 0 < steps[0] <= 40
    assert 0 < steps[1] <= 50
    assert steps[1] - steps[0] <= 15


def test_that_the_loss_may_rise_on_the_way_unless_only_the_last_counts(descend):
    free = descend("barzilai_borwein_1", "rosenbrock", max_steps=40)
    strict = descend("barzilai_borwein_1", "rosenbrock", max_steps=40, hyperparameters={"recent": 1})
    assert np.diff(free.trace.loss).max() > 0
    assert np.diff(strict.trace.loss).max() <= 0


@pytest.mark.parametrize("number", [1, 2])
def test_that_barzilai_borwein_turns_back_from_where_the_loss_is_not_defined(number, descend):
    run = descend(f"barzilai_borwein_{number}", problems.formula("x - log(x)"), [0.01], tolerance=1e-8)
    assert run.stop.reason is Reason.TOLERANCE
    assert run.trace.x[-1, 0] == pytest.approx(1, abs=1e-6)


def test_that_fewer_recent_losses_may_be_asked_for_on_the_way_and_more_than_at_first_are_not_kept(descend):
    run = descend("barzilai_borwein_1", "rosenbrock", max_steps=10, hyperparameters={"recent": 6})
    for recent in (2, 60):
        run.change("recent", recent)
        run.resume()
        run.limits = type(run.limits)(tolerance=None, max_steps=run.step + 10)
        run.advance(10)
    assert run.step == 30
    assert run.trace.state["losses"].shape == (31, 6)
    for step in range(1, 31):
        assert np.array_equal(run.replay(step)[0], run.trace.x[step])


# --- Polyak's step


@each_convex
def test_that_polyaks_step_comes_nearer_to_the_minimum_each_time(problem, descend):
    run = descend("polyak_step", problem, max_steps=50)
    away = distances(run, problems.get(problem).minima[0])
    assert np.diff(away).max() <= 1e-12
    assert away[-1] < 0.5 * away[0]


def test_that_polyaks_step_is_the_formula(descend):
    run = descend("polyak_step", "six_hump_camel", max_steps=10)
    lowest = problems.get("six_hump_camel").lowest
    x, g, loss = run.trace.x, run.trace.gradient, run.trace.loss
    alpha = (loss - lowest) / (g**2).sum(axis=1)
    assert np.allclose(x[1:], (x - alpha[:, None] * g)[:-1], rtol=1e-12, atol=1e-14)


def test_that_polyaks_step_meets_the_kink_at_once_and_stays(descend):
    run = descend("polyak_step", "absolute", max_steps=3)
    assert run.trace.x[1:].tolist() == [[0.0]] * 3


def test_that_polyaks_step_is_refused_where_the_lowest_loss_is_not_known():
    assert "lowest loss" in optimizers.get("polyak_step").lacks(problems.get("saddle"))


# --- heavy ball, Nesterov, FISTA


def test_that_the_heavy_ball_is_polyaks_recurrence(descend):
    # L = 9, μ = 1: α = 4/(3 + 1)² = 1/4, β = ((3 − 1)/(3 + 1))² = 1/4
    run = descend("heavy_ball_optimal", bowl(9), [3.0, -2.0], 20, {"L": 9, "mu": 1})
    x, g = run.trace.x, run.trace.gradient
    before = np.vstack([x[:1], x[:-2]])
    assert np.allclose(x[1:], x[:-1] - g[:-1] / 4 + (x[:-1] - before) / 4, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kappa", [4, 25, 400])
def test_that_the_heavy_balls_rate_is_that_of_theory(kappa, descend):
    steps = 60 * round(np.sqrt(kappa))
    run = descend("heavy_ball_optimal", bowl(kappa), [3.0, -2.0], steps, {"L": kappa, "mu": 1}, divergence=1e300)
    rate = (np.sqrt(kappa) - 1) / (np.sqrt(kappa) + 1)
    half = steps // 2
    away = np.abs(run.trace.x[:, 0])
    while away[2 * half] < 1e-250:
        half //= 2
    # Both roots are equal along the axes, so the distance goes as t·rateᵗ.
    assert (away[2 * half] / away[half] / 2) ** (1 / half) == pytest.approx(rate, rel=0.02)


@pytest.mark.parametrize("optimizer", ["heavy_ball_optimal", "nesterov_optimal"])
def test_that_the_curvatures_may_be_given_in_either_order(optimizer, descend):
    runs = [
        descend(optimizer, "booth", max_steps=30, hyperparameters={"L": L, "mu": mu}) for L, mu in ((18, 2), (2, 18))
    ]
    assert np.allclose(runs[0].trace.x, runs[1].trace.x, rtol=1e-12, atol=1e-12)


def test_that_nesterovs_is_his_recurrence(descend):
    # L = 9, μ = 1: β = (3 − 1)/(3 + 1) = 1/2
    problem = problems.get("log_cosh")
    run = descend("nesterov_optimal", problem, max_steps=20, hyperparameters={"L": 9, "mu": 1})
    x = run.trace.x
    before = np.vstack([x[:1], x[:-2]])
    y = x[:-1] + (x[:-1] - before) / 2
    assert np.allclose(x[1:], y - problem.gradient(y) / 9, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kappa", [4, 100, 10000])
def test_that_nesterovs_bound_holds_and_is_not_idle(kappa, descend):
    run = descend("nesterov_optimal", bowl(kappa), [3.0, -2.0], 300, {"L": kappa, "mu": 1})
    bound = (1 - 1 / np.sqrt(kappa)) ** np.arange(301) * (run.trace.loss[0] + distances(run)[0] ** 2 / 2)
    assert (run.trace.loss <= bound * (1 + 1e-9) + 1e-28).all()
    plain = descend("gradient_descent", bowl(kappa), [3.0, -2.0], 300, {"learning_rate": 1 / kappa})
    assert run.trace.loss[-1] <= plain.trace.loss[-1]


@pytest.mark.parametrize("problem", ["log_cosh", "rotated_quadratic", "matyas"])
def test_that_fistas_bound_holds(problem, descend):
    chosen = problems.get(problem)
    L = 1.0 if problem == "log_cosh" else float(np.linalg.eigvalsh(chosen.hessian(chosen.start))[-1])
    run = descend("fista", problem, max_steps=300, hyperparameters={"learning_rate": 1 / L, "restart": False})
    t = np.arange(301)
    away = distances(run, chosen.minima[0])[0]
    assert (run.trace.loss[1:] - chosen.lowest <= (2 * L * away**2 / (t + 1) ** 2)[1:]).all()


def test_that_fistas_momentum_is_the_sequence_of_beck_and_teboulle(descend):
    problem = problems.get("rotated_quadratic")
    rate = 0.02
    run = descend("fista", problem, max_steps=40, hyperparameters={"learning_rate": rate, "restart": False})
    x, y, theta = problem.start, problem.start, 1.0
    for t in range(1, 41):
        assert run.trace.state["theta"][t] == pytest.approx(theta, rel=1e-14)
        after = y - rate * problem.gradient(y)
        grown = (1 + np.sqrt(1 + 4 * theta**2)) / 2
        y = after + (theta - 1) / grown * (after - x)
        x, theta = after, grown
        assert run.trace.x[t] == pytest.approx(x, abs=1e-12)


def test_that_fista_restarts_where_the_momentum_points_uphill_and_is_quicker_for_it(descend):
    problem = bowl(1000)
    hyperparameters = {"learning_rate": 1e-3}
    run = descend("fista", problem, [3.0, -2.0], 1500, hyperparameters)
    x, theta, d = run.trace.x, run.trace.state["theta"], run.trace.state["d"]
    beta = np.concatenate([[0.0], (theta[:-1] - 1) / ((1 + np.sqrt(1 + 4 * theta[:-1] ** 2)) / 2)])
    ahead = x[:-1] + beta[1:, None] * d[:-1]
    uphill = (problem.gradient(ahead) * d[1:]).sum(axis=1) > 0
    assert np.array_equal(theta[2:] == 1, uphill[1:])
    assert uphill.sum() >= 3
    plain = descend("fista", problem, [3.0, -2.0], 1500, {**hyperparameters, "restart": False})
    assert run.trace.loss[-1] < 1e-6 * plain.trace.loss[-1]


def test_that_the_gradient_ahead_is_asked_for_once_a_step(descend):
    for optimizer in ("nesterov_optimal", "fista"):
        run = descend(optimizer, "rotated_quadratic", max_steps=40)
        assert run.evaluations == (41, 81, 0)

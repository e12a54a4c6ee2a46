"""Closed forms of the first-order methods, and where one is another."""

import numpy as np
import pytest

from gdviewer import optimizers, problems
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Limits, Reason


def run_of(optimizer, problem="himmelblau", steps=60, start=None, tolerance=None, **hyperparameters):
    chosen = problems.get(problem) if isinstance(problem, str) else problem
    start = chosen.start if start is None else start
    limits = Limits(tolerance=tolerance, max_steps=steps)
    run = Run(chosen, optimizers.get(optimizer), start, hyperparameters, limits)
    run.advance(steps)
    return run


RATE = {"learning_rate": 0.003}
MEANS = {"beta1": 0.8, "beta2": 0.95, "eps": 1e-4}


@pytest.mark.parametrize(
    ("special", "values", "plain", "as_values"),
    [
        ("momentum", {"momentum": 0}, "gradient_descent", {}),
        ("nesterov", {"momentum": 0}, "gradient_descent", {}),
        ("qhm", {"nu": 0}, "gradient_descent", {}),
        ("asgd", {"lambd": 0}, "gradient_descent", {}),
        ("signum", {"beta": 0}, "sign_sgd", {}),
        ("lion", {"beta1": 0, "weight_decay": 0}, "sign_sgd", {}),
        ("adamw", MEANS | {"weight_decay": 0}, "adam", MEANS),
        ("qhadam", MEANS | {"nu1": 1, "nu2": 1}, "adam", MEANS),
        ("ademamix", MEANS | {"alpha": 0, "weight_decay": 0}, "adam", MEANS),
        ("rmsprop", {"alpha": 0, "eps": 1e-4}, "adam", MEANS | {"beta1": 0, "beta2": 0}),
        ("radam", {"beta1": 0, "beta2": 0.5}, "gradient_descent", {}),  # ρ never passes ρ∞ = 3, so it never divides
    ],
)
def test_that_a_method_at_the_edge_of_its_range_is_a_simpler_one(special, values, plain, as_values):
    ours, theirs = run_of(special, **RATE, **values), run_of(plain, **RATE, **as_values)
    assert ours.step == theirs.step == 60
    np.testing.assert_allclose(ours.trace.x, theirs.trace.x, rtol=1e-12)


def test_that_qhm_with_all_of_the_mean_is_momentum_with_the_rate_shared_out():
    qhm = run_of("qhm", learning_rate=0.01, momentum=0.8, nu=1)
    momentum = run_of("momentum", learning_rate=0.002, momentum=0.8)
    np.testing.assert_allclose(qhm.trace.x, momentum.trace.x, rtol=1e-12)


@pytest.mark.parametrize(
    "optimizer", ["adam", "amsgrad", "nadam", "adamax", "rprop", "sign_sgd", "signum", "adabelief"]
)
def test_that_the_first_step_has_the_same_length_whatever_the_slope(optimizer):
    tiny = {"eps": 1e-12} if "eps" in optimizers.get(optimizer).hyperparameters else {}
    run = run_of(optimizer, steps=1, learning_rate=0.01, **tiny)
    # AdaBelief's first surprise is g − m = β₁·g. NAdam's first step, (1 − μ₁)/(1 − Π₁) = 1 of g and μ₂(1 − β₁)/(1 − Π₂)
    # of m's g, with μ from PyTorch's formula.
    mu, mu_next = (0.9 * (1 - 0.5 * 0.96 ** (t * 0.004)) for t in (1, 2))
    longer = {"adabelief": 1 / 0.9, "nadam": 1 + mu_next * 0.1 / (1 - mu * mu_next)}.get(optimizer, 1)
    expected = -0.01 * longer * np.sign(run.trace.gradient[0])
    np.testing.assert_allclose(run.trace.x[1] - run.trace.x[0], expected, rtol=1e-9)


def test_that_rprop_rests_a_step_after_a_change_of_sign_and_that_this_does_not_end_the_run():
    run = run_of("rprop", problem="parabola", steps=1000, start=[1.0], tolerance=1e-5, learning_rate=0.1)
    x, g = run.trace.x[:, 0], run.trace.gradient[:, 0]
    moves = np.diff(x)
    turned = np.flatnonzero(g[1:] * g[:-1] < 0)  # steps turned + 1 see the change
    turned = turned[turned + 1 < len(moves)]
    assert len(turned) > 5
    assert not moves[turned + 1].any()
    assert run.stop.reason is Reason.TOLERANCE
    assert np.abs(x[-1]) < 1e-5


def test_that_rprop_keeps_its_steps_between_the_shortest_and_the_longest():
    run = run_of("rprop", steps=200, learning_rate=0.01, step_min=1e-3, step_max=0.05, eta_plus=1.5)
    delta = run.trace.state["delta"][1:]
    assert (delta.min(), delta.max()) == (1e-3, 0.05)


def test_that_adopt_only_looks_at_the_first_step_and_that_this_does_not_end_the_run():
    run = run_of("adopt", steps=10, tolerance=1e-5)
    assert np.array_equal(run.trace.x[1], run.trace.x[0])
    assert np.array_equal(run.trace.state["v"][1], run.trace.gradient[0] ** 2)
    assert run.step == 10
    assert np.all(run.trace.x[2] != run.trace.x[1])


def test_that_asgd_averages_the_points_from_its_step_on():
    run = run_of("asgd", steps=40, learning_rate=0.005, t0=10)
    x, average = run.trace.x, run.trace.state["average"]
    assert np.array_equal(average[1:12], x[1:12])
    for t in range(12, 41):
        np.testing.assert_allclose(average[t], x[12 : t + 1].mean(axis=0), rtol=1e-12)


def test_that_lamb_steps_by_its_rate_times_the_distance_from_zero():
    run = run_of("lamb", steps=50, learning_rate=0.02, weight_decay=0.3)
    moves, sizes = np.diff(run.trace.x, axis=0), np.linalg.norm(run.trace.x[:-1], axis=1)
    np.testing.assert_allclose(np.linalg.norm(moves, axis=1), 0.02 * sizes, rtol=1e-12)


@pytest.mark.parametrize("start", [[0.0, 0.0], [3.0, 0.0]])
def test_that_lamb_takes_the_direction_as_it_is_where_a_norm_is_zero(start):
    problem = problems.formula("(x - 3)**2 + y**2")
    run = run_of("lamb", problem=problem, steps=1, start=start, learning_rate=0.1)
    np.testing.assert_allclose(run.trace.x[1], [0.1, 0] if start[0] == 0 else start, rtol=1e-5)


def test_that_novograd_divides_by_the_norm_of_the_whole_gradient():
    run = run_of("novograd", steps=1, learning_rate=0.25, eps=1e-12)
    g = run.trace.gradient[0]
    np.testing.assert_allclose(run.trace.x[1] - run.trace.x[0], -0.25 * g / np.linalg.norm(g), rtol=1e-10)


def test_that_amsgrad_never_raises_a_rate_again():
    run = run_of("amsgrad", steps=200, learning_rate=0.1, beta2=0.9)
    assert (np.diff(run.trace.state["v_max"], axis=0) >= 0).all()
    assert (np.diff(run.trace.state["v"], axis=0) < 0).any()


def test_that_centred_rmsprop_divides_by_the_spread_of_the_gradients():
    run = run_of("rmsprop", problem="log_cosh", steps=30, alpha=0.8, centered=True, eps=1e-6, learning_rate=1e-3)
    g = run.trace.gradient[:30, 0]
    weights = 0.2 * 0.8 ** np.arange(30)[::-1]
    spread = weights @ g**2 - (weights @ g) ** 2
    np.testing.assert_allclose(run.trace.x[29] - run.trace.x[30], 1e-3 * g[29] / (np.sqrt(spread) + 1e-6), rtol=1e-9)

"""Conjugate gradients, Newton's method, the trust region and the quasi-Newton methods against their theory."""

import itertools

import numpy as np
import pytest

from gdviewer import problems
from gdviewer.engine.run.stop import Reason
from gdviewer.optimizers.line_search import strong_wolfe
from gdviewer.optimizers.newton import lowest_in_ball
from gdviewer.problems.function import FunctionProblem

MANY = ["rosenbrock", "himmelblau", "beale", "six_hump_camel", "styblinski_tang", "quartic_two_wells", "log_cosh"]
each_of_many = pytest.mark.parametrize("problem", MANY)
CG = ["cg_fletcher_reeves", "cg_polak_ribiere"]
each_cg = pytest.mark.parametrize("optimizer", CG)
SADDLE = problems.formula("x**2 - y**2")


def moves(run):
    return run.trace.x[1:] - run.trace.x[:-1]


def is_minimum(problem, x):
    return np.linalg.eigvalsh(problem.hessian(x))[0] > -1e-6


# --- conjugate gradients


@each_cg
@pytest.mark.parametrize(("n", "kappa"), [(2, 1000), (5, 50), (10, 100)])
@pytest.mark.parametrize(("known", "c2"), [(True, 0.1), (False, 1e-9)])
def test_that_conjugate_gradients_end_in_n_steps_on_a_quadratic(optimizer, n, kappa, known, c2, descend, quadratic):
    run = descend(optimizer, quadratic(n, kappa, known=known, centre=1.0), max_steps=n, hyperparameters={"c2": c2})
    assert run.trace.gradient_norm[n] < 1e-6 * run.trace.gradient_norm[0]
    assert run.trace.gradient_norm[n - 1] > 1e-4 * run.trace.gradient_norm[0]
    if known:
        assert run.evaluations == (n + 1, n + 1, n)


@each_cg
def test_that_the_directions_on_a_quadratic_are_conjugate_and_the_gradients_orthogonal(optimizer, descend, quadratic):
    problem = quadratic(6, 30.0)
    run = descend(optimizer, problem, max_steps=6)
    s, g = moves(run), run.trace.gradient[:6]
    for i, j in itertools.combinations(range(6), 2):
        assert abs(s[i] @ problem.A @ s[j]) < 1e-9 * np.linalg.norm(s[i]) * np.linalg.norm(s[j]) * 30
        assert abs(g[i] @ g[j]) < 1e-9 * np.linalg.norm(g[i]) * np.linalg.norm(g[j])


@each_cg
@each_of_many
def test_that_the_next_direction_is_made_of_the_slope_and_the_last_one(optimizer, problem, descend):
    run = descend(optimizer, problem, tolerance=1e-6)
    g, p, n = run.trace.gradient, run.trace.state["p"], run.trace.x.shape[1]
    assert run.step >= 2
    restarts = 0
    for t in range(1, run.step + 1):
        restarted = t == 1 or not g[t - 1] @ p[t - 1] < 0 or (optimizer == "cg_fletcher_reeves" and (t - 1) % n == 0)
        used = -g[t - 1] if restarted else p[t - 1]
        restarts += restarted
        old, new = g[t - 1], g[t]
        beta = new @ new / (old @ old) if optimizer == "cg_fletcher_reeves" else max(0, new @ (new - old) / (old @ old))
        s = run.trace.x[t] - run.trace.x[t - 1]
        assert s @ used == pytest.approx(np.linalg.norm(s) * np.linalg.norm(used), rel=1e-9)  # along it
        assert p[t] == pytest.approx(-new + beta * used, rel=1e-9, abs=1e-9)
        assert run.trace.state["fall"][t] == run.trace.loss[t - 1] - run.trace.loss[t]
    if optimizer == "cg_fletcher_reeves":
        assert restarts >= run.step // n


@pytest.mark.parametrize(
    ("optimizer", "c2"), [*((o, c2) for o in CG for c2 in (0.1, 0.4)), ("bfgs", 0.9), ("l_bfgs", 0.5)]
)
@each_of_many
def test_that_the_strong_wolfe_conditions_hold_at_every_step(optimizer, c2, problem, descend):
    run = descend(optimizer, problem, hyperparameters={"c2": c2}, tolerance=1e-5)
    s, g, loss = moves(run), run.trace.gradient, run.trace.loss
    before, after = (s * g[:-1]).sum(axis=1), (s * g[1:]).sum(axis=1)
    assert ((before < 0) | (np.abs(g[:-1]).max(axis=1) < 1e-6)).all()  # it may find nothing lower at the very end
    assert (loss[1:] <= loss[:-1] + 1e-4 * before + 1e-15 * np.abs(loss[:-1])).all()
    assert (np.abs(after) <= -c2 * before * (1 + 1e-9)).all()


# --- Newton


@pytest.mark.parametrize("optimizer", ["newton", "newton_safeguarded"])
@pytest.mark.parametrize("n", [1, 2, 10])
def test_that_newton_takes_one_step_on_a_quadratic(optimizer, n, descend, quadratic):
    run = descend(optimizer, quadratic(n, 50.0, centre=2.0), max_steps=2)
    assert run.trace.x[1] == pytest.approx(2, abs=1e-12)


def test_that_newton_doubles_its_digits(descend):
    away = np.abs(descend("newton", problems.formula("exp(x) - 2*x"), [1.5], 5).trace.x[:, 0] - np.log(2))
    # The error's square times f‴/2f″ = 1/2
    assert away[3:5] == pytest.approx(away[2:4] ** 2 / 2, rel=0.1)


def test_that_pure_newton_goes_to_saddles_and_maxima_too(descend):
    assert descend("newton", SADDLE, [3.0, 2.0], 1).trace.x[1] == pytest.approx(0, abs=1e-14)
    run = descend("newton", problems.formula("cos(x)"), [0.3], tolerance=1e-9)
    assert run.trace.x[-1, 0] == pytest.approx(0, abs=1e-9)
    assert run.stop.reason is Reason.TOLERANCE


def test_that_pure_newton_takes_the_shortest_step_where_the_hessian_is_singular(descend):
    run = descend("newton", problems.formula("(x + y)**2"), [3.0, 1.0], 1)
    assert run.trace.x[1] == pytest.approx([1, -1], abs=1e-14)


def test_that_pure_newton_stalls_where_there_is_no_curvature(descend):
    run = descend("newton", "absolute", tolerance=1e-5)
    assert (run.step, run.stop.reason) == (0, Reason.STALLED)


@pytest.mark.parametrize("optimizer", ["newton_safeguarded", "trust_region"])
@each_of_many
def test_that_a_guarded_method_goes_down_to_a_minimum(optimizer, problem, descend):
    run = descend(optimizer, problem, tolerance=1e-6)
    assert run.stop.reason is Reason.TOLERANCE
    assert (np.diff(run.trace.loss) <= 0).all()
    assert is_minimum(problems.get(problem), run.trace.x[-1])
    assert run.trace.gradient_norm[-1] < 1e-3


@each_of_many
@pytest.mark.parametrize("least", [1e-3, 5.0])
def test_that_the_safeguarded_direction_is_that_of_the_lifted_hessian(problem, least, descend):
    chosen = problems.get(problem)
    run = descend("newton_safeguarded", problem, hyperparameters={"curvature_min": least}, tolerance=1e-6)
    for x, g, s in zip(run.trace.x, run.trace.gradient, moves(run), strict=False):
        H = chosen.hessian(x)
        lowest = np.linalg.eigvalsh(H)[0]
        lifted = H + max(0, least - lowest) * np.eye(len(x))
        p = -np.linalg.solve(lifted, g)
        alpha = (s @ p) / (p @ p)
        assert s == pytest.approx(alpha * p, rel=1e-6, abs=1e-9)
        assert np.log2(alpha) == pytest.approx(round(np.log2(alpha)), abs=1e-6)
        assert alpha <= 1 + 1e-9


# --- trust region


def balls():
    """Models of every kind: definite, indefinite, singular, the hard case, with no gradient."""
    random = np.random.default_rng(3)
    for n in (1, 2, 3, 6):
        for _ in range(15):
            A = random.normal(size=(n, n))
            yield A + A.T, random.normal(size=n) * 10 ** random.uniform(-3, 2), 10 ** random.uniform(-2, 1)
            yield A @ A.T + 0.1 * np.eye(n), random.normal(size=n), 10 ** random.uniform(-2, 1)
    yield np.diag([-1.0, 2.0]), np.array([0.0, 1.0]), 2.0
    yield np.diag([-1.0, -1.0, 2.0]), np.array([0.0, 0.0, 1.0]), 2.0
    yield np.diag([-1.0, 2.0]), np.zeros(2), 0.5
    yield np.diag([0.0, 2.0]), np.array([0.0, 1.0]), 2.0
    yield np.diag([0.0, 2.0]), np.array([1.0, 1.0]), 2.0
    yield np.zeros((2, 2)), np.array([3.0, 4.0]), 0.5
    yield np.zeros((2, 2)), np.zeros(2), 0.5


@pytest.mark.parametrize(("H", "g", "radius"), list(balls()))
def test_that_the_step_is_the_lowest_point_of_the_model_in_the_ball(H, g, radius):
    def model(p):
        return p @ g + ((p @ H) * p).sum(axis=-1) / 2

    p, foretold = lowest_in_ball(H, g, radius)
    size = 1 + np.abs(g).max() * radius + np.abs(H).max() * radius**2
    assert np.linalg.norm(p) <= radius * (1 + 1e-9)
    assert foretold == pytest.approx(-model(p), abs=1e-9 * size)
    directions = np.random.default_rng(1).normal(size=(4000, len(g)))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    inside = directions * radius * np.random.default_rng(2).uniform(0, 1, (4000, 1)) ** (1 / len(g))
    for others in (directions * radius, inside, p + 1e-4 * radius * directions):
        others = others[np.linalg.norm(others, axis=1) <= radius]
        if len(others):
            assert model(others).min() >= model(p) - 1e-9 * size
    # (H + λI)p = −g with λ ≥ 0, and λ > 0 only at the edge (Moré & Sorensen 1983)
    lambd = -(p @ (H @ p + g)) / (p @ p) if p.any() else 0.0
    assert lambd >= -1e-9 * size
    assert (H + lambd * np.eye(len(g))) @ p == pytest.approx(-g, abs=1e-6 * size)
    if lambd > 1e-6 * size:
        assert np.linalg.norm(p) == pytest.approx(radius, rel=1e-6)


@each_of_many
@pytest.mark.parametrize(("first", "most"), [(1.0, 1000.0), (0.05, 0.3), (30.0, 1000.0)])
def test_that_the_radius_follows_how_well_the_model_foretells(problem, first, most, descend):
    chosen = problems.get(problem)
    hyperparameters = {"first_radius": first, "radius_max": most, "accept": 0.2}
    run = descend("trust_region", problem, None, 40, hyperparameters, gradient_tolerance=1e-3)
    x, radius = run.trace.x, first
    for t in range(1, run.step + 1):
        p, foretold = lowest_in_ball(chosen.hessian(x[t - 1]), run.trace.gradient[t - 1], radius)
        rho = (run.trace.loss[t - 1] - chosen.value(x[t - 1] + p)) / foretold
        assert np.array_equal(x[t], x[t - 1] + p if rho > 0.2 else x[t - 1])
        assert run.trace.loss[t] <= run.trace.loss[t - 1]
        if rho < 0.25:
            radius = radius / 4
        elif rho > 0.75 and np.linalg.norm(p) > 0.999 * radius:
            radius = min(2 * radius, most)
        assert run.trace.state["radius"][t] == radius


def test_that_steps_not_made_are_pauses_and_cost_one_value(descend):
    run = descend("trust_region", "rosenbrock", tolerance=1e-9, hyperparameters={"first_radius": 100})
    refused = (moves(run) == 0).all(axis=1)
    assert refused.any()
    assert run.stop.reason is Reason.TOLERANCE
    # The last step executed, whose move was not made, is not counted.
    assert run.evaluations == (run.step + 1, run.step + 1 - refused.sum(), run.step - refused.sum())


def test_that_a_trust_region_leaves_a_saddle_where_the_gradient_is_zero(descend):
    run = descend("trust_region", problems.formula("x**2 - y**2 + y**4"), [0.5, 0.0], tolerance=1e-9)
    assert abs(run.trace.x[-1, 1]) == pytest.approx(np.sqrt(0.5), abs=1e-6)
    assert run.trace.x[-1, 0] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("optimizer", ["trust_region", "newton_safeguarded", *CG, "bfgs", "l_bfgs", "armijo"])
@pytest.mark.parametrize("start", [0.02, 0.9, 30.0])
def test_that_a_guarded_method_turns_back_from_where_the_loss_is_not_defined(optimizer, start, descend):
    run = descend(optimizer, problems.formula("x - log(x)"), [start], tolerance=1e-8)
    assert run.stop.reason is Reason.TOLERANCE
    assert run.trace.x[-1, 0] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("optimizer", ["newton", "newton_safeguarded", "trust_region"])
def test_that_a_hessian_that_is_not_finite_ends_the_run_without_an_error(optimizer, descend):
    run = descend(optimizer, problems.formula("abs(x)**1.5"), [0.0], 5, tolerance=1e-5)
    assert run.stop.reason in (Reason.TOLERANCE, Reason.STALLED, Reason.DIVERGED, Reason.LEFT_DOMAIN)
    bent = FunctionProblem(lambda x: x[0], [1.0], lambda x: np.ones(1), lambda x: np.full((1, 1), np.nan))
    assert descend(optimizer, bent, max_steps=5, tolerance=1e-5).stop.reason in (Reason.STALLED, Reason.DIVERGED)


# --- quasi-Newton


@each_of_many
def test_that_bfgs_keeps_a_symmetric_positive_matrix_that_maps_the_change_of_slope_to_the_move(problem, descend):
    run = descend("bfgs", problem, tolerance=1e-5)
    assert run.step >= 1
    for t in range(1, run.step + 1):
        H = run.trace.state["H"][t]
        if t > 1 and not H.any():  # forgotten at the very end, where nothing lower is found
            assert run.trace.gradient_norm[t] < 1e-6
            continue
        s, y = run.trace.x[t] - run.trace.x[t - 1], run.trace.gradient[t] - run.trace.gradient[t - 1]
        assert np.abs(H - H.T).max() <= 1e-9 * np.abs(H).max()
        assert np.linalg.eigvalsh((H + H.T) / 2)[0] > 0
        assert H @ y == pytest.approx(s, rel=1e-6, abs=1e-12)


def test_that_the_bfgs_update_is_the_formula(descend):
    run = descend("bfgs", "rosenbrock", max_steps=12)
    x, g, H = run.trace.x, run.trace.gradient, run.trace.state["H"]
    eye = np.eye(2)
    for t in range(1, 13):
        s, y = x[t] - x[t - 1], g[t] - g[t - 1]
        rho, before = 1 / (y @ s), H[t - 1] if t > 1 else (y @ s) / (y @ y) * eye
        expected = (eye - rho * np.outer(s, y)) @ before @ (eye - rho * np.outer(y, s)) + rho * np.outer(s, s)
        assert H[t] == pytest.approx(expected, rel=1e-9)
        p = -g[t - 1] if t == 1 else -H[t - 1] @ g[t - 1]
        assert s @ p == pytest.approx(np.linalg.norm(s) * np.linalg.norm(p), rel=1e-9)


@pytest.mark.parametrize("optimizer", ["bfgs", "l_bfgs"])
@pytest.mark.parametrize("n", [2, 5])
def test_that_a_quasi_newton_method_with_an_exact_search_ends_in_n_steps(optimizer, n, descend, quadratic):
    problem = quadratic(n, 20.0)
    run = descend(optimizer, problem, max_steps=n, hyperparameters={"c2": 1e-10})
    assert run.trace.gradient_norm[n] < 1e-6 * run.trace.gradient_norm[0]
    assert run.trace.gradient_norm[n - 1] > 1e-4 * run.trace.gradient_norm[0]
    if optimizer == "bfgs":
        assert run.trace.state["H"][n] == pytest.approx(np.linalg.inv(problem.A), abs=1e-5)


def test_that_bfgs_is_superlinear(descend):
    run = descend("bfgs", "rosenbrock", gradient_tolerance=1e-9)
    away = np.linalg.norm(run.trace.x - 1, axis=1)
    assert run.stop.reason is Reason.GRADIENT_TOLERANCE
    assert (away[-3:] / away[-4:-1]).max() < 0.1


@pytest.mark.parametrize("optimizer", ["bfgs", "l_bfgs"])
@pytest.mark.parametrize("text", ["-x**2", "x**2 - y**2", "-x**4 - y**2"])
def test_that_a_curvature_that_is_not_positive_is_not_learnt(optimizer, text, descend):
    problem = problems.formula(text)
    run = descend(optimizer, problem, [0.3, 0.01][: problem.dimension], tolerance=1e-5)
    assert run.stop.reason is Reason.DIVERGED
    assert (np.diff(run.trace.loss) < 0).all()
    if optimizer == "bfgs":
        for H in run.trace.state["H"][1:]:
            assert np.linalg.eigvalsh((H + H.T) / 2)[0] >= 0
    else:
        assert ((run.trace.state["S"] * run.trace.state["Y"]).sum(axis=2) >= 0).all()


def inverse_hessian(pairs, scale, n):
    """The matrix that BFGS makes of scale·I and the pairs (s, y), one after another."""
    H, eye = scale * np.eye(n), np.eye(n)
    for s, y in pairs:
        rho = 1 / (y @ s)
        H = (eye - rho * np.outer(s, y)) @ H @ (eye - rho * np.outer(y, s)) + rho * np.outer(s, s)
    return H


@pytest.mark.parametrize("history_size", [1, 3, 10, 60])
@pytest.mark.parametrize("problem", ["rosenbrock", "beale"])
def test_that_l_bfgs_goes_where_the_matrix_of_its_last_moves_points(history_size, problem, descend):
    run = descend("l_bfgs", problem, hyperparameters={"history_size": history_size}, tolerance=1e-5)
    x, g = run.trace.x, run.trace.gradient
    assert run.step >= 10
    for t in range(1, run.step):
        pairs = [(x[k] - x[k - 1], g[k] - g[k - 1]) for k in range(max(1, t - history_size + 1), t + 1)]
        S, Y = run.trace.state["S"][t], run.trace.state["Y"][t]
        assert S.shape == Y.shape == (history_size, 2)
        assert np.array_equal(S[-len(pairs) :], [s for s, _ in pairs])
        assert np.array_equal(Y[-len(pairs) :], [y for _, y in pairs])
        assert not S[: -len(pairs)].any()
        s, y = pairs[-1]
        p = -inverse_hessian(pairs, (s @ y) / (y @ y), 2) @ g[t]
        step = x[t + 1] - x[t]
        assert step @ p == pytest.approx(np.linalg.norm(step) * np.linalg.norm(p), rel=1e-9)


@pytest.mark.parametrize("problem", ["rosenbrock", "himmelblau", "booth"])
def test_that_l_bfgs_that_forgets_nothing_is_bfgs_with_the_same_scaling(problem, descend):
    run = descend("l_bfgs", problem, max_steps=12, hyperparameters={"history_size": 30}, gradient_tolerance=1e-5)
    f, x, pairs = problems.get(problem), run.trace.x[0], []
    for t in range(1, run.step + 1):
        g = f.gradient(x)
        if pairs:
            s, y = pairs[-1]
            p = -inverse_hessian(pairs, (s @ y) / (y @ y), 2) @ g
        else:
            p = -g / max(1, np.linalg.norm(g))
        _, after = strong_wolfe(f, x, p, 1.0, 1e-4, 0.9)
        pairs.append((after - x, f.gradient(after) - g))
        x = after
        assert run.trace.x[t] == pytest.approx(x, rel=1e-7, abs=1e-9)


def test_that_the_history_may_be_made_shorter_on_the_way_and_is_not_longer_than_at_first(descend):
    run = descend("l_bfgs", "rosenbrock", max_steps=8, hyperparameters={"history_size": 5})
    for size in (2, 50):
        run.change("history_size", size)
        run.resume(type(run.limits)(tolerance=None, max_steps=run.step + 5))
        run.advance(5)
    assert run.step == 18
    assert run.trace.state["S"].shape == (19, 5, 2)
    for step in range(1, 19):
        assert np.array_equal(run.replay(step)[0], run.trace.x[step])
    x, g = run.trace.x, run.trace.gradient
    pairs = [(x[k] - x[k - 1], g[k] - g[k - 1]) for k in (9, 10)]
    s, y = pairs[-1]
    p, step = -inverse_hessian(pairs, (s @ y) / (y @ y), 2) @ g[10], x[11] - x[10]
    assert step @ p == pytest.approx(np.linalg.norm(step) * np.linalg.norm(p), rel=1e-9)


def test_that_what_was_learnt_is_forgotten_where_no_step_is_found_and_then_the_run_stalls(descend):
    kink = problems.formula("abs(x) + 0.5*abs(y) + x**2/100")
    for optimizer, state in (("bfgs", "H"), ("l_bfgs", "S")):
        run = descend(optimizer, kink, [3.0, 2.0], tolerance=1e-12)
        assert run.stop.reason is Reason.STALLED
        assert not run.trace.state[state][-1].any()


# --- many dimensions, and what a function costs


@pytest.mark.parametrize("optimizer", [*CG, "l_bfgs", "armijo", "barzilai_borwein_1", "newton", "trust_region"])
def test_that_a_hundred_dimensions_are_no_trouble(optimizer, descend, quadratic):
    run = descend(optimizer, quadratic(100, 30.0), max_steps=300, gradient_tolerance=1e-5)
    assert run.stop.reason is Reason.GRADIENT_TOLERANCE


@pytest.mark.parametrize(("optimizer", "most"), [("bfgs", 320), ("l_bfgs", 320), ("cg_polak_ribiere", 560)])
def test_that_a_function_without_a_gradient_is_asked_seldom(optimizer, most, descend):
    rosenbrock = problems.get("rosenbrock")
    calls = []

    def function(x):
        calls.append(1)
        return rosenbrock.value(x)

    problem = FunctionProblem(function, rosenbrock.start)
    run = descend(optimizer, problem, gradient_tolerance=1e-5)
    assert run.trace.x[-1] == pytest.approx(1, abs=1e-4)
    assert len(calls) == problem.calls(run.evaluations)[0] <= most

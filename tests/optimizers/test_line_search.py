"""The searches along a direction that the rules share."""

import numpy as np
import pytest

from gdviewer import problems
from gdviewer.engine.rules.oracle import Oracle
from gdviewer.optimizers.line_search import TRIALS, Trial, backtracked, brent, exact, strong_wolfe
from gdviewer.problems.function import FunctionProblem

SMOOTH = ["rosenbrock", "himmelblau", "beale", "booth", "styblinski_tang", "quartic_two_wells", "log_cosh", "peaks"]
each_smooth = pytest.mark.parametrize("problem", SMOOTH)
SEARCHES = {
    "backtracked": lambda f, x, p, alpha: backtracked(f, x, p, alpha, 0.5, 1e-4),
    "strong_wolfe": lambda f, x, p, alpha: strong_wolfe(f, x, p, alpha, 1e-4, 0.9),
    "strong_wolfe_exact": lambda f, x, p, alpha: strong_wolfe(f, x, p, alpha, 1e-4, 1e-3),
    "exact": exact,
}
each_search = pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)


def along_slope(problem, x):
    """An oracle, the point, and a direction down the slope there, of length 1."""
    x = np.array(x, dtype=float, ndmin=1)
    f = Oracle(problem)
    g = f.gradient(x)
    f.value(x)
    f.start(1, x, g, f.value(x))
    f.counts = (0, 0, 0)
    return f, x, -g / np.linalg.norm(g)


@each_smooth
@pytest.mark.parametrize("first", [1e-3, 1.0, 30.0])
@pytest.mark.parametrize("shrink", [0.5, 0.9])
@pytest.mark.parametrize("c1", [1e-4, 0.4])
def test_that_backtracking_takes_the_first_trial_with_enough_decrease(problem, first, shrink, c1):
    problem = problems.get(problem)
    f, x, p = along_slope(problem, problem.start)
    alpha, point = backtracked(f, x, p, first, shrink, c1)
    slope, start = problem.gradient(x) @ p, problem.value(x)
    assert np.array_equal(point, x + alpha * p)
    assert problem.value(point) <= start + c1 * alpha * slope
    tries = round(np.log(alpha / first) / np.log(shrink))
    for k in range(tries):
        length = first * shrink**k
        assert not problem.value(x + length * p) <= start + c1 * length * slope
    assert f.counts == (tries + 1, 0, 0)


@each_smooth
@pytest.mark.parametrize("first", [1e-3, 1.0, 30.0])
@pytest.mark.parametrize(("c1", "c2"), [(1e-4, 0.9), (1e-4, 0.1), (0.1, 0.2), (1e-4, 1e-3)])
def test_that_the_strong_wolfe_conditions_hold(problem, first, c1, c2):
    problem = problems.get(problem)
    f, x, p = along_slope(problem, problem.start)
    alpha, point = strong_wolfe(f, x, p, first, c1, c2)
    slope = problem.gradient(x) @ p
    assert alpha > 0
    assert np.array_equal(point, x + alpha * p)
    assert problem.value(point) <= problem.value(x) + c1 * alpha * slope
    assert abs(problem.gradient(point) @ p) <= -c2 * slope
    assert f.counts[0] <= 14


@pytest.mark.parametrize("search", [SEARCHES["backtracked"], SEARCHES["strong_wolfe"]])
@each_smooth
def test_that_the_point_taken_is_the_one_evaluated_last(search, problem):
    problem = problems.get(problem)
    f, x, p = along_slope(problem, problem.start)
    _, point = search(f, x, p, 1.0)
    counts = f.counts
    assert f.value(point) == problem.value(point)
    assert f.value(x) == problem.value(x)
    assert f.counts == counts


@each_search
def test_that_a_search_keeps_to_where_the_function_is_defined(search):
    problem = problems.formula("x - log(x)")
    f, x, _ = along_slope(problem, 1.3)
    alpha, point = search(f, x, np.array([-1.0]), 1000.0)
    assert alpha > 0
    assert 0 < point[0] < 1.3
    assert problem.value(point) < problem.value(x)


@each_search
def test_that_a_pole_is_not_taken_for_a_low_point(search):
    problem = problems.formula("log(x)")
    f, x, p = along_slope(problem, 1.0)
    with np.errstate(all="ignore"):
        alpha, point = search(f, x, p, 1.0)  # the first trial is 0, where the logarithm is −∞
    assert 0 < alpha < 1
    assert np.isfinite(problem.value(point))


@each_search
@pytest.mark.parametrize("text", ["-x**3", "-exp(x)", "-x**2 + y", "-log(x)"])
def test_that_a_search_along_which_the_function_falls_for_ever_ends(search, text):
    problem = problems.formula(text)
    f, x, p = along_slope(problem, [2.0] * problem.dimension)
    with np.errstate(all="ignore"):
        _, point = search(f, x, p, 1.0)
        assert not problem.value(point) >= problem.value(x)
    assert f.counts[0] <= 120


@each_search
def test_that_a_search_at_a_kink_ends_lower(search):
    problem = problems.get("absolute")
    f, x, p = along_slope(problem, 2.55)
    alpha, point = search(f, x, p, 1.0)
    assert abs(point[0]) < 2.55
    assert alpha == pytest.approx(abs(point[0] - 2.55))
    assert f.counts[0] <= 2 * TRIALS


@each_search
@pytest.mark.parametrize("direction", [1.0, 0.0, np.nan, np.inf])
def test_that_nothing_is_found_where_the_direction_does_not_lead_down(search, direction):
    f, x, _ = along_slope(problems.get("parabola"), 3.0)
    alpha, point = search(f, x, np.array([direction]), 1.0)
    assert alpha == 0
    assert point is x


@each_search
@pytest.mark.parametrize("text", ["x", "log(x)", "x**2"])
def test_that_a_search_from_a_point_that_is_no_number_ends(search, text):
    problem = problems.formula(text)
    f, x = Oracle(problem), np.array([np.nan])
    with np.errstate(all="ignore"):
        alpha, point = search(f, x, np.array([-1.0]), 1.0)
    assert alpha == 0
    assert point is x


@each_search
def test_that_nothing_is_found_at_a_minimum_to_the_last_bit(search):
    # The slope given at the minimum is not zero, as on one side of a kink: no trial is lower.
    problem = FunctionProblem(lambda x: 1e3 * abs(x[0] - 1) + 1, [1.0], lambda x: 1e3 * np.ones(1))
    f, x, p = along_slope(problem, 1.0)
    alpha, point = search(f, x, p, 1.0)
    assert alpha == 0
    assert point is x


@pytest.mark.parametrize(
    ("text", "start", "minimum"),
    [
        ("(x - 2)**4 + x", 0.0, 2 - 4 ** (-1 / 3)),
        ("-sin(x)", 0.0, np.pi / 2),
        ("exp(x) - 3*x", -2.0, np.log(3)),
        ("abs(x - 0.7)", 0.0, 0.7),
        ("log(cosh(x - 5))", 0.0, 5.0),
    ],
)
@pytest.mark.parametrize("first", [1e-4, 0.3, 4.0])
def test_that_the_exact_search_finds_the_minimum_on_the_line(text, start, minimum, first):
    f, x, _ = along_slope(problems.formula(text), start)
    _, point = exact(f, x, np.array([1.0]), first)
    assert point[0] == pytest.approx(minimum, abs=2e-7)
    assert f.counts[0] <= 60


def test_that_brents_method_needs_few_trials_where_a_parabola_fits():
    tried = []

    def smooth(alpha):
        tried.append(alpha)
        return Trial(alpha, None, (alpha - 2) ** 2 + 0.01 * (alpha - 2) ** 4, np.nan)

    lowest = brent(smooth, smooth(0.0), smooth(1.0), smooth(4.0))
    assert lowest.alpha == pytest.approx(2, abs=1e-7)
    assert len(tried) <= 15

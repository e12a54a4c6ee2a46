"""Problems in n dimensions: what holds for each of them, in any number of dimensions."""

import itertools
import re

import mpmath
import numpy as np
import pytest
import sympy
from sympy.parsing.sympy_parser import parse_expr

from gdviewer import problems
from gdviewer.problems.n_dimensional import NDimensional

NAMES = [name for name, problem in problems.catalogue().items() if isinstance(problem, NDimensional)]
each_problem = pytest.mark.parametrize("name", NAMES)
each_dimension = pytest.mark.parametrize("n", [2, 3, 4, 5, 7, 10, 33, 1000])

_SIGNS = str.maketrans({"·": "*", "−": "-", "²": "**2", "⁴": "**4", "½": "(1/2)", "[": "(", "]": ")", "π": "*pi"})


def as_sympy(text, symbols):
    """A formula as people write it, by SymPy's own parser: the sum over i is written out."""
    before, last, term = re.fullmatch(r"(.*)∑ᵢ₌₁(ⁿ|ⁿ⁻¹) (.*)", text).groups()
    count = len(symbols) - (last == "ⁿ⁻¹")
    written = [term.replace("xᵢ₊₁", f"x{i + 2}").replace("xᵢ", f"x{i + 1}") for i in range(count)]
    known = {str(symbol): symbol for symbol in symbols} | {"n": sympy.Integer(len(symbols))}
    return parse_expr(f"{before}({' + '.join(written)})".translate(_SIGNS), known)


def scattered(problem, count=8, seed=0):
    low, high = problem.domain.T
    return low + np.random.default_rng(seed).random((count, problem.dimension)) * (high - low)


@each_problem
@pytest.mark.parametrize("n", [2, 3, 5])
def test_that_value_gradient_and_hessian_are_those_of_the_formula_shown(name, n):
    problem = problems.get(name, n=n)
    symbols = sympy.symbols(f"x1:{n + 1}", real=True)
    value = as_sympy(problem.formula, symbols)
    parts = value, sympy.derive_by_array(value, symbols), sympy.hessian(value, symbols)
    points = scattered(problem)
    for ours, part in zip((problem.value, problem.gradient, problem.hessian), parts, strict=True):
        function = sympy.lambdify(symbols, part.tolist() if hasattr(part, "tolist") else part, "mpmath")
        with mpmath.workdps(40):
            exact = np.array([np.array(function(*map(mpmath.mpf, point.tolist())), dtype=float) for point in points])
        assert np.abs(ours(points) - exact).max() <= 1e-12 * max(1.0, np.abs(exact).max())


@each_problem
@each_dimension
def test_that_dimension_start_domain_and_minima_follow_n(name, n):
    before = problems.get(name)
    problem = before.replace(n=n)
    assert problem.dimension == n
    assert problem.start.shape == (n,)
    assert problem.domain.shape == (n, 2)
    assert problem.minima.shape[1] == n
    assert before.dimension == before.start.size == before.minima.shape[1] == 10
    assert ((problem.start > problem.domain[:, 0]) & (problem.start < problem.domain[:, 1])).all()
    assert problem.value(problem.start) > problem.lowest


@each_problem
@each_dimension
def test_that_one_point_and_many_give_the_same_bits(name, n):
    problem = problems.get(name, n=n)
    points = scattered(problem, 6)
    laid_across = np.asfortranarray(points)
    for ask in (problem.value, problem.gradient, problem.hessian):
        alone = np.array([ask(point) for point in points])
        assert np.array_equal(ask(points), alone)
        assert np.array_equal(ask(laid_across), alone)
        assert np.array_equal(ask(points.reshape(2, 3, n)).reshape(alone.shape), alone)


@each_problem
@each_dimension
def test_that_minima_are_flat_and_lowest_of_their_neighbourhood(name, n):
    problem = problems.get(name, n=n)
    shifts = np.random.default_rng(1).normal(size=(100, n)) * 1e-3
    for minimum in problem.minima:
        hessian = problem.hessian(minimum)
        assert np.abs(problem.gradient(minimum)).max() <= 1e-15 * np.abs(hessian).max() * np.abs(minimum).max(initial=1)
        assert np.linalg.eigvalsh(hessian).min() > 0.1
        assert (problem.value(minimum + shifts) > problem.value(minimum)).all()


@each_problem
@pytest.mark.parametrize("value", [2.5, 1, 1001, float("nan"), "many"])
def test_that_a_dimension_that_is_none_is_refused(name, value):
    with pytest.raises(ValueError, match="n must be"):
        problems.get(name, n=value)


@each_problem
def test_that_far_away_nothing_is_said_but_infinity(name):
    problem = problems.get(name, n=3)
    far = np.array([1e200, -1e200, 1e200])
    assert problem.value(far) == np.inf
    assert problem.gradient(far).shape == problem.hessian(far)[0].shape


def test_that_only_the_sphere_is_reported_to_be_quadratic():
    quadratic = []
    for name in NAMES:
        problem = problems.get(name, n=4)
        hessians = problem.hessian(scattered(problem))
        same = bool((hessians == hessians[0]).all())
        assert problem.quadratic == same
        quadratic += [name] if same else []
    assert quadratic == ["sphere_nd"]


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 7, 8, 40, 64, 65, 200])
def test_that_rosenbrocks_false_minimum_is_known_to_the_last_digit_from_four_dimensions_on(n):
    minima = problems.get("rosenbrock_nd", n=n).minima
    assert np.array_equal(minima[0], np.ones(n))
    assert len(minima) == (2 if n >= 4 else 1)
    if n < 4:
        return
    with mpmath.workdps(40):  # Newton's method on the tridiagonal equations, at 40 digits
        x = [mpmath.mpf(-1)] + [mpmath.mpf(1)] * (n - 1)
        for _ in range(14):
            u = [b - a * a for a, b in itertools.pairwise(x)]
            gradient = [-400 * a * v - 2 * (1 - a) for a, v in zip(x, u, strict=False)] + [mpmath.mpf(0)]
            diagonal = [1200 * a * a - 400 * b + 2 for a, b in itertools.pairwise(x)] + [mpmath.mpf(0)]
            for i, v in enumerate(u):
                gradient[i + 1] += 200 * v
                diagonal[i + 1] += 200
            for i in range(1, n):  # elimination: beside the diagonal stands −400·xᵢ
                share = -400 * x[i - 1] / diagonal[i - 1]
                diagonal[i] -= share * -400 * x[i - 1]
                gradient[i] -= share * gradient[i - 1]
            move = [mpmath.mpf(0)] * (n + 1)
            for i in reversed(range(n)):
                move[i] = (gradient[i] + (400 * x[i] * move[i + 1] if i + 1 < n else 0)) / diagonal[i]
            x = [a - d for a, d in zip(x, move, strict=False)]
        exact = np.array([float(v) for v in x])
    assert np.abs(minima[1] - exact).max() <= 2e-15

"""Properties that every problem of the catalogue has."""

from functools import cache

import mpmath
import numpy as np
import pytest
import sympy
from sympy.parsing.sympy_parser import parse_expr

from gdviewer import optimizers, problems
from gdviewer.engine.rules.parameter import Parameter
from gdviewer.engine.run.run import Run
from gdviewer.engine.run.stop import Reason
from gdviewer.problems.formula import FormulaProblem
from tests.kinds import representatives

each_problem = pytest.mark.parametrize("name", problems.names())
# Networks have no Hessian and no known minima; their own tests differentiate them.
LANDSCAPES = [problem.name for problem in problems.catalogue().values() if problem.has_hessian]
each_landscape = pytest.mark.parametrize("name", LANDSCAPES)
each_formula = pytest.mark.parametrize(
    "name", [problem.name for problem in problems.catalogue().values() if isinstance(problem, FormulaProblem)]
)


def formula_or_class(name):
    """A formula is like no other; the others are one of their class."""
    problem = problems.get(name)
    return name if isinstance(problem, FormulaProblem) else type(problem)


def scattered(problem, count=12, seed=0):
    low, high = problem.domain.T
    return low + np.random.default_rng(seed).random((count, problem.dimension)) * (high - low)


def ends(declared):
    """The least and the largest value of a control, or every word of a choice."""
    return declared.slider if isinstance(declared, Parameter) else declared.words


def variants(name):
    """The problem as it is, and with each parameter at the ends of its range."""
    problem = problems.get(name)
    yield problem
    for key, parameter in problem.parameters.items():
        for value in ends(parameter):
            yield problem.replace(**{key: value})


@cache
def derived(text, parameters, dimension):
    """The formula, gradient and Hessian by SymPy's own parser and functions, at any precision."""
    names = [sympy.Symbol(name, real=True) for name in ("x", "y")[:dimension]]
    values = [sympy.Symbol(name, real=True) for name in parameters]
    known = {symbol.name: symbol for symbol in (*names, *values)}
    known |= {"e": sympy.E, "ln": sympy.log, "abs": sympy.Abs, "min": lambda a, b: (a + b - sympy.Abs(a - b)) / 2}
    numbers_exact = sympy.nsimplify(parse_expr(text, known), rational=True)
    gradient = [sympy.diff(numbers_exact, name) for name in names]
    hessian = [[sympy.diff(g, name).replace(sympy.DiracDelta, lambda _: 0) for name in names] for g in gradient]
    return [sympy.lambdify([*names, *values], part, "mpmath", cse=True) for part in (numbers_exact, gradient, hessian)]


@each_formula
def test_that_value_gradient_and_hessian_are_those_of_an_independent_derivation(name):
    for problem in variants(name):
        points = scattered(problem)
        functions = derived(problem.formula, tuple(problem.values), problem.dimension)
        values = [mpmath.mpf(value) for value in problem.values.values()]
        with mpmath.workdps(40):
            exact = [
                np.array([np.array(part(*map(mpmath.mpf, point), *values), dtype=float) for point in points.tolist()])
                for part in functions
            ]
        for ours, theirs in zip((problem.value, problem.gradient, problem.hessian), exact, strict=True):
            assert np.abs(ours(points) - theirs).max() <= 1e-12 * max(1.0, np.abs(theirs).max())


@each_landscape
def test_that_the_gradient_is_the_slope_of_the_value(name):
    problem = problems.get(name)
    h = 1e-6
    for x in scattered(problem, seed=1):
        slope = [
            (problem.value(x + step) - problem.value(x - step)) / (2 * h) for step in h * np.eye(problem.dimension)
        ]
        scale = max(1.0, float(np.abs(problem.hessian(x)).max()))
        assert problem.gradient(x) == pytest.approx(slope, rel=1e-5, abs=1e-7 * scale)


@each_landscape
def test_that_the_hessian_is_the_slope_of_the_gradient_and_symmetric(name):
    problem = problems.get(name)
    h = 1e-6
    for x in scattered(problem, seed=2):
        hessian = problem.hessian(x)
        slope = [
            (problem.gradient(x + step) - problem.gradient(x - step)) / (2 * h)
            for step in h * np.eye(problem.dimension)
        ]
        assert hessian == pytest.approx(np.array(slope), rel=1e-4, abs=1e-5 * max(1.0, float(np.abs(hessian).max())))
        assert np.array_equal(hessian, hessian.T)


@each_problem
def test_that_many_points_are_answered_bit_for_bit_as_each_alone(name):
    problem = problems.get(name)
    n = problem.dimension
    points = scattered(problem, 35)
    before = points.copy()
    asked = [(problem.value, ()), (problem.gradient, (n,)), (problem.hessian, (n, n))]
    for ask, tail in asked if problem.has_hessian else asked[:2]:
        alone = np.array([ask(point) for point in points])
        batch, grid = ask(points), ask(points.reshape(5, 7, n))
        assert batch.shape == (35, *tail)
        assert grid.shape == (5, 7, *tail)
        assert batch.dtype == grid.dtype == alone.dtype == np.float64
        assert np.array_equal(batch, alone)
        assert np.array_equal(grid.reshape(alone.shape), alone)
    assert np.array_equal(points, before)


@each_problem
def test_that_no_points_are_answered_with_nothing(name):
    problem = problems.get(name)
    n = problem.dimension
    assert problem.value(np.empty((0, n))).shape == (0,)
    assert problem.gradient(np.empty((0, n))).shape == (0, n)


def at_edge(problem, point):
    return bool(((point == problem.domain[:, 0]) | (point == problem.domain[:, 1])).any())


@each_landscape
def test_that_the_slope_fades_towards_every_known_minimum_that_is_no_kink_and_not_at_the_boundary(name):
    for problem in variants(name):
        for minimum, kind in zip(problem.minima, problem.minimum_kinds, strict=True):
            gradient = np.abs(problem.gradient(minimum)).max()
            curvature = np.abs(np.nan_to_num(problem.hessian(minimum), nan=0, posinf=0)).max()
            if kind.endswith("kink"):
                ring = minimum + 1e-9 * directions(problem.dimension)
                assert (np.abs(problem.gradient(ring)).max(axis=-1) > 0.01).all()
            elif kind.endswith("boundary"):
                assert at_edge(problem, minimum)
                assert gradient > 0.01
            else:
                rounding = np.spacing(np.abs(minimum).max()) * curvature  # the nearest float is no closer
                assert gradient <= 1e-13 * max(1.0, curvature) + rounding


def directions(dimension, count=200):
    spread = np.random.default_rng(3).normal(size=(count, dimension))
    return spread / np.linalg.norm(spread, axis=-1, keepdims=True)


@each_landscape
def test_that_known_minima_are_minima_of_their_neighbourhood(name):
    for problem in variants(name):
        low, high = problem.domain.T
        for minimum, kind in zip(problem.minima, problem.minimum_kinds, strict=True):
            around = minimum + 1e-3 * np.random.default_rng(3).normal(size=(200, problem.dimension))
            if kind.endswith("boundary"):
                around = np.clip(around, low, high)
            assert (problem.value(around) >= problem.value(minimum)).all()


@pytest.mark.parametrize("name", representatives(LANDSCAPES, formula_or_class))
def test_that_nothing_in_the_domain_lies_below_the_lowest_known_minimum(name):
    for problem in variants(name):
        if len(problem.minima):
            lowest = float(problem.value(problem.minima[0]))
            if problem.dimension > 2:
                grid = scattered(problem, 2000)
            else:
                count = 100_001 if problem.dimension == 1 else 801
                grid = np.stack(np.meshgrid(*(np.linspace(*sides, count) for sides in problem.domain)), axis=-1)
            assert problem.values_on_grid(grid).min() >= lowest - 1e-12 * max(1, abs(lowest))


@each_landscape
def test_that_minima_as_low_as_the_lowest_are_global_and_the_others_local(name):
    for problem in variants(name):
        values = problem.value(problem.minima)
        assert len(problem.minimum_kinds) == len(values)
        if not len(values):
            assert problem.lowest is None
            continue
        assert problem.lowest == (None if "boundary" in problem.minimum_kinds[0] else values[0])
        for value, kind in zip(values, problem.minimum_kinds, strict=True):
            close = value - values[0] <= 1e-9 * max(1, abs(value))
            assert kind.partition(", ")[0] == ("global" if close else "local")


@each_formula
def test_that_slopes_are_numbers_wherever_the_loss_is_also_on_axes_diagonals_and_edges(name):
    for problem in variants(name):
        axes = [np.union1d(np.linspace(*side, 17), np.arange(-3.0, 4)) for side in problem.domain]
        lattice = np.stack(np.meshgrid(*axes), axis=-1)
        defined = np.isfinite(problem.value(lattice))
        assert defined.mean() > 0.5
        assert np.isfinite(problem.gradient(lattice)[defined]).all()
        assert not np.isinf(problem.hessian(lattice)[defined]).any()  # NaN where its formula has no value
        alone = np.array([problem.gradient(point) for point in lattice.reshape(-1, problem.dimension)])
        assert np.array_equal(problem.gradient(lattice).reshape(alone.shape), alone, equal_nan=True)


@each_problem
def test_that_minima_are_reported_the_lowest_first_and_within_the_domain(name):
    problem = problems.get(name)
    values = problem.value(problem.minima)
    assert (np.diff(values) >= 0).all()
    assert ((problem.minima >= problem.domain[:, 0]) & (problem.minima <= problem.domain[:, 1])).all()


@each_problem
def test_that_a_problem_has_a_finite_start_in_its_domain_and_what_it_is_about(name):
    problem = problems.get(name)
    assert problem.start.shape == (problem.dimension,)
    assert problem.domain.shape == (problem.dimension, 2)
    assert ((problem.start >= problem.domain[:, 0]) & (problem.start <= problem.domain[:, 1])).all()
    assert np.isfinite(problem.value(problem.start))
    assert np.abs(problem.gradient(problem.start)).max() > 0
    for text in (problem.title, problem.group, problem.why, problem.source, problem.formula):
        assert text
    assert problem.why.endswith(".")
    for parameter in problem.parameters.values():
        assert parameter.check("p", parameter) == parameter
        assert not isinstance(parameter, Parameter) or np.isfinite(parameter.slider).all()
        assert parameter.meaning


@each_landscape
def test_that_replacing_parameters_makes_another_problem_and_leaves_the_first(name):
    problem = problems.get(name)
    before = problem.values.copy()
    for key, parameter in problem.parameters.items():
        value = ends(parameter)[-1]
        other = problem.replace(**{key: value})
        assert other.values == before | {key: value}
        assert problem.values == before
        with pytest.raises(ValueError, match=f"{key} must be "):
            problem.replace(**{key: parameter.high + 1 if isinstance(parameter, Parameter) else "no such word"})


def test_that_ackleys_gradient_at_the_origin_is_zero_alone_and_in_a_batch():
    ackley = problems.get("ackley")
    assert np.array_equal(ackley.gradient([0, 0]), [0, 0])
    batch = ackley.gradient([[0, 0], [1, 2], [0, 0]])
    assert np.array_equal(batch[[0, 2]], np.zeros((2, 2)))
    assert np.array_equal(batch[1], ackley.gradient([1, 2]))


def test_that_a_step_past_the_end_of_the_logarithm_leaves_the_domain():
    problem = problems.get("x_minus_log_x")
    assert np.isnan(problem.value([-0.5]))
    run = Run(problem, optimizers.get("gradient_descent"), problem.start, {"learning_rate": 6})
    run.advance(5)
    assert run.stop.reason is Reason.LEFT_DOMAIN
    assert run.step == 0


def test_that_the_slope_at_the_tip_of_a_surface_with_one_is_zero():
    for name in ("drop_wave", "schwefel", "holder_table", "cross_in_tray", "lilipads_plateau", "alpine1"):
        assert problems.get(name).gradient([0, 0]).tolist() == [0, 0]
    assert problems.get("bukin6").gradient([-10, 1]).tolist() == [0, 0]
    assert problems.get("bukin6").gradient([-5, 0.25]).tolist() == [0.01, 0]


@pytest.mark.parametrize("m", [1, 2.5, 20])
def test_that_the_minimum_of_michalewicz_follows_its_parameter(m):
    problem = problems.get("michalewicz", m=m)
    (minimum,) = problem.minima
    assert np.abs(problem.gradient(minimum)).max() < 1e-13 * np.abs(problem.hessian(minimum)).max()


def test_that_no_parameter_is_named_as_a_hyperparameter_is_for_both_are_flags_of_one_command():
    parameters = {key for problem in problems.catalogue().values() for key in problem.parameters}
    hyperparameters = {key for optimizer in optimizers.catalogue().values() for key in optimizer.hyperparameters}
    assert not parameters & hyperparameters


def test_that_parameters_reach_the_formula():
    assert problems.get("rosenbrock", b=10).value([0, 1]) == 1 + 10
    assert problems.get("rosenbrock", a=2).minima.tolist() == [[2, 4]]


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("rosenbrok", {}, "there is no problem 'rosenbrok'; did you mean 'rosenbrock'"),
        ("", {}, "there is no problem ''"),
        ("rosenbrock", {"c": 1}, "rosenbrock has no parameter 'c'; it has a, b"),
        ("sphere", {"c": 1}, "sphere has no parameter 'c'; it has none"),
        ("rastrigin", {"amplitud": 1}, "did you mean 'amplitude'"),
        ("rosenbrock", {"a": 99}, r"a must be in \[-3, 3\]; got 99"),
        ("rosenbrock", {"a": "x"}, "a must be a number; got 'x'"),
    ],
)
def test_that_a_wrong_name_or_value_is_reported(name, values, message):
    with pytest.raises(ValueError, match=message):
        problems.get(name, **values)

"""Problems made of a Python function."""

import numpy as np
import pytest

from gdviewer import problems
from gdviewer.problems.function import FunctionProblem

ROSENBROCK = problems.get("rosenbrock")


def by_hand(x):
    return float((1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2)


def test_that_central_differences_come_close_to_the_exact_derivatives():
    problem = FunctionProblem(by_hand, [0.3, -0.7])
    assert problem.differences
    for x in np.random.default_rng(0).uniform(-2, 2, (20, 2)):
        assert problem.gradient(x) == pytest.approx(ROSENBROCK.gradient(x), rel=1e-7, abs=1e-6)
        assert problem.hessian(x) == pytest.approx(ROSENBROCK.hessian(x), rel=1e-3, abs=1e-2)
    exact = FunctionProblem(by_hand, [0.3, -0.7], ROSENBROCK.gradient)
    assert exact.hessian([0.5, 0.5]) == pytest.approx(ROSENBROCK.hessian([0.5, 0.5]), rel=1e-8)


def test_that_differences_suit_the_size_of_the_point():
    problem = FunctionProblem(lambda x: x[0] ** 2, [1.0])
    assert problem.gradient([1e8]) == pytest.approx([2e8], rel=1e-7)
    assert problem.gradient([1e-8]) == pytest.approx([2e-8], abs=1e-12)


def test_that_leading_axes_are_asked_point_by_point():
    problem = FunctionProblem(by_hand, [0.0, 0.0], ROSENBROCK.gradient, ROSENBROCK.hessian)
    points = np.random.default_rng(1).uniform(-2, 2, (3, 4, 2))
    assert problem.value(points).shape == (3, 4)
    assert problem.value(points) == pytest.approx(ROSENBROCK.value(points), rel=1e-12)
    assert np.array_equal(problem.gradient(points), ROSENBROCK.gradient(points))
    assert np.array_equal(problem.hessian(points), ROSENBROCK.hessian(points))


def test_that_value_and_gradient_from_one_function_are_asked_for_once_a_point():
    calls = []

    def both(x):
        calls.append(x)
        return x @ x, 2 * x

    problem = FunctionProblem(both, [1.0, 2.0], True)
    assert problem.value([1, 2]) == 5
    assert problem.gradient([1, 2]).tolist() == [2, 4]
    assert len(calls) == 1
    assert problem.gradient([3, 4]).tolist() == [6, 8]
    assert problem.value([3, 4]) == 25
    assert len(calls) == 2


def test_that_a_function_said_to_return_both_and_does_not_is_reported():
    with pytest.raises(ValueError, match="must return two things: the value and the gradient"):
        FunctionProblem(lambda x: 1.0, [1.0], True).value([1.0])


def test_that_a_picture_is_one_call_where_the_function_takes_arrays():
    calls = []

    def vectorised(x):
        calls.append(np.shape(x))
        return x[0] ** 2 + np.log(x[1])

    grid = np.stack(np.meshgrid(np.linspace(-2, 2, 30), np.linspace(-1, 2, 20)), axis=-1)
    values = FunctionProblem(vectorised, [1.0, 1.0]).values_on_grid(grid)
    assert len(calls) < 10
    with np.errstate(all="ignore"):
        assert np.array_equal(values, grid[..., 0] ** 2 + np.log(grid[..., 1]), equal_nan=True)


def reducing(x):
    return np.sum(x**2)


def branching(x):
    return x[0] if x[1] > 0 else -x[0]


def misleading(x):
    return x[0] * np.size(x) / 2


@pytest.mark.parametrize("function", [reducing, branching, misleading])
def test_that_a_picture_is_right_where_the_function_does_not_take_arrays(function):
    grid = np.stack(np.meshgrid(np.linspace(-2, 2, 7), np.linspace(-1, 2, 5)), axis=-1)
    values = FunctionProblem(function, [1.0, 1.0]).values_on_grid(grid)
    assert np.array_equal(values, [[function(point) for point in row] for row in grid])


def test_that_a_picture_has_gaps_where_the_function_raises():
    def fragile(x):
        if x[0] < 0:
            raise ValueError("negative")
        return float(x[0])

    values = FunctionProblem(fragile, [1.0]).values_on_grid(np.array([[-1.0], [2.0]]))
    assert np.array_equal(values, [np.nan, 2], equal_nan=True)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((3, [1.0]), TypeError, "fun must be callable; got int"),
        ((by_hand, [1.0], "2-point"), TypeError, "jac must be callable; got str"),
        ((by_hand, [1.0], None, 3), TypeError, "hess must be callable; got int"),
        ((by_hand, []), ValueError, "the start must be a number or one row of them"),
        ((by_hand, [[1.0, 2.0]]), ValueError, r"got an array of shape \(1, 2\)"),
    ],
)
def test_that_wrong_arguments_are_reported(arguments, error, message):
    with pytest.raises(error, match=message):
        FunctionProblem(*arguments)


def test_that_a_start_given_is_not_the_one_kept():
    start = np.array([1.0, 2.0])
    problem = FunctionProblem(by_hand, start)
    start[:] = 9
    assert problem.start.tolist() == [1, 2]

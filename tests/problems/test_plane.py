"""A plane through a space of many dimensions, and a problem on it."""

import numpy as np
import pytest

from gdviewer import problems
from gdviewer.problems.function import FunctionProblem
from gdviewer.problems.plane import Plane, Slice


def bent_path(length=200, n=7, seed=0):
    rng = np.random.default_rng(seed)
    return np.cumsum(rng.normal(size=(length, n)) * np.geomspace(1, 0.01, n), axis=0)


def oblique(n=7):
    return Plane.of_path(bent_path(n=n))


def test_that_a_fitted_plane_is_that_of_the_two_leading_singular_vectors():
    path = bent_path()
    plane = Plane.of_path(path)
    moves = path - path[-1]
    _, sizes, axes = np.linalg.svd(moves)
    assert np.allclose(np.abs(plane.directions @ axes[:2].T), np.eye(2), atol=1e-12)
    assert np.allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-14)
    assert plane.shares == pytest.approx(sizes[:2] ** 2 / (sizes**2).sum(), rel=1e-12)
    assert np.array_equal(plane.origin, path[-1])
    assert plane.project(path[0])[0] < 0  # the path begins on the left
    off = moves - (moves @ plane.directions.T) @ plane.directions
    assert 1 - sum(plane.shares) == pytest.approx((off**2).sum() / (moves**2).sum(), rel=1e-9)


def test_that_no_other_plane_through_the_last_point_lies_closer_to_the_path():
    path = bent_path()
    moves = path - path[-1]
    fitted = oblique()
    for seed in range(50):
        tilted = fitted.directions + 0.1 * np.random.default_rng(seed).normal(size=(2, 7))
        axes = np.linalg.qr(tilted.T)[0].T
        assert ((moves @ axes.T) ** 2).sum() <= ((moves @ fitted.directions.T) ** 2).sum()


def test_that_a_long_path_is_fitted_by_a_part_of_it_and_nearly_as_well():
    path = bent_path(length=200_000, n=20)
    plane = Plane.of_path(path)
    moves = path - path[-1]
    sizes = np.linalg.eigvalsh(moves.T @ moves)[::-1]
    assert plane.shares == pytest.approx(sizes[:2] / sizes.sum(), abs=0.005)


@pytest.mark.parametrize("n", [3, 10, 1000])
def test_that_a_straight_path_has_a_plane_all_of_it_lies_in(n):
    way = np.arange(1.0, n + 1)
    path = 5 - np.linspace(0, 1, 30)[:, None] * way
    plane = Plane.of_path(path)
    assert plane.shares == pytest.approx((1, 0), abs=1e-12)
    assert np.allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-12)
    assert max(plane.distance(x) for x in path) < 1e-10 * n
    assert Plane.of_path(path[:2]).shares == pytest.approx((1, 0), abs=1e-12)


@pytest.mark.parametrize("path", [np.ones((9, 4)), np.ones((1, 4)), np.array([[0.0] * 4, [1e200] * 4])])
def test_that_a_path_of_one_point_or_out_of_all_bounds_has_no_plane(path):
    assert Plane.of_path(path) is None


def test_that_projecting_and_lifting_are_inverse_and_the_nearest_point_is_found():
    plane = oblique()
    x = np.random.default_rng(3).normal(size=(5, 4, 7))
    position = plane.project(x)
    assert position.shape == (5, 4, 2)
    assert np.allclose(plane.project(plane.lift(position)), position)
    off = x - plane.lift(position)
    assert np.allclose(off @ plane.directions.T, 0, atol=1e-12)
    assert plane.distance(x[0, 0]) == pytest.approx(np.linalg.norm(off[0, 0]))


def test_that_moving_along_a_plane_changes_nothing_off_it():
    plane = oblique()
    x = np.random.default_rng(4).normal(size=7)
    moved = plane.move(x, (1.5, -2.5))
    expected = x + (np.array([1.5, -2.5]) - plane.project(x)) @ plane.directions
    assert np.allclose(moved, expected)
    assert np.allclose(plane.project(moved), (1.5, -2.5))
    assert plane.distance(moved) == pytest.approx(plane.distance(x))


def test_that_the_coordinates_of_a_coordinate_plane_are_those_of_the_space_to_the_bit():
    point = np.random.default_rng(5).normal(size=9)
    plane = Plane.of_coordinates(point, 6, 2, ("x₇", "x₃"))
    x = np.random.default_rng(6).normal(size=(20, 9))
    assert np.array_equal(plane.project(x), x[:, [6, 2]])
    lifted = plane.lift((0.1, 0.7))
    assert lifted[[6, 2]].tolist() == [0.1, 0.7]
    others = [0, 1, 3, 4, 5, 7, 8]
    assert np.array_equal(lifted[others], point[others])
    moved = plane.move(x[0], (0.1, 0.7))
    assert moved[[6, 2]].tolist() == [0.1, 0.7]
    assert np.array_equal(moved[others], x[0, others])


@pytest.mark.parametrize("n", [3, 10, 1000])
def test_that_a_slice_has_the_heights_of_the_problem(n):
    problem = problems.get("rosenbrock_nd", n=n)
    plane = Plane.of_path(bent_path(n=n))
    part = Slice(problem, plane, [(-1, 1), (-1, 1)])
    grid = np.random.default_rng(7).normal(size=(11, 12, 2))
    lifted = plane.origin + grid @ plane.directions
    assert part.dimension == 2
    assert np.allclose(part.values_on_grid(grid), problem.value(lifted), rtol=1e-9)
    assert np.allclose(part.minima, (problem.minima - plane.origin) @ plane.directions.T)


def test_that_a_function_that_takes_one_point_only_has_a_slice():
    def kinked(x):
        return float(x[0] if x[1] > 0 else -x[0]) + float(x[2])

    plane = Plane.of_coordinates([1.0, 2.0, 3.0], 0, 1, ("x₁", "x₂"))
    part = Slice(FunctionProblem(kinked, (1.0, 2.0, 3.0)), plane, [(-1, 1), (-1, 1)])
    assert part.values_on_grid(np.array([[5.0, 1.0], [5.0, -1.0]])).tolist() == [8.0, -2.0]
    assert not part.broadcasts


def test_that_a_path_in_very_many_dimensions_has_the_plane_of_its_singular_vectors():
    rng = np.random.default_rng(8)
    path = np.cumsum(rng.normal(size=(40, 5000)), axis=0)
    plane = Plane.of_path(path)
    moves = path - path[-1]
    _, sizes, axes = np.linalg.svd(moves, full_matrices=False)
    assert np.allclose(np.abs(plane.directions @ axes[:2].T), np.eye(2), atol=1e-9)
    assert np.allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-13)
    assert plane.shares == pytest.approx(sizes[:2] ** 2 / (sizes**2).sum(), rel=1e-9)
    straight = Plane.of_path(np.linspace(0, 1, 30)[:, None] * path[0])
    assert straight.shares == pytest.approx((1, 0), abs=1e-12)


def test_that_directions_of_any_length_and_angle_are_the_units_of_a_planes_axes():
    rng = np.random.default_rng(9)
    point, directions = rng.normal(size=20), rng.normal(size=(2, 20)) * [[1.0], [5.0]]
    plane = Plane.of_directions(point, directions, ("a", "b"))
    assert np.allclose(plane.lift((1.0, -2.0)), point + directions[0] - 2 * directions[1])
    assert np.allclose(plane.project(plane.lift((0.3, 0.7))), (0.3, 0.7))
    x = rng.normal(size=20)
    assert np.allclose(directions @ (x - plane.lift(plane.project(x))), 0, atol=1e-12)  # the nearest point on it


def test_that_what_evaluates_a_grid_reports_how_much_is_done_and_can_be_ended():
    reported = []
    problem = problems.get("rosenbrock_nd", n=1000)
    part = Slice(problem, oblique(1000), [(-1, 1), (-1, 1)], reported.append)
    part.values_on_grid(np.zeros((20, 20, 2)))
    assert reported == sorted(reported)
    assert reported[-1] == 1
    assert len(reported) > 3

    def enough(share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Slice(problem, oblique(1000), [(-1, 1), (-1, 1)], enough).values_on_grid(np.zeros((20, 20, 2)))

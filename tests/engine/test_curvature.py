"""Curvature at a point: the spectrum of the Hessian, and the kind of point that follows from it."""

from __future__ import annotations

import numpy as np
import pytest

from gdviewer import problems
from gdviewer.engine.analysis.curvature import curvature
from gdviewer.engine.analysis.point_kind import REASONS, Finding, PointKind
from gdviewer.engine.rules.options import Options
from gdviewer.problems.function import FunctionProblem
from tests.kinds import problem_kind, representatives


def width(problem):
    return float(np.ptp(problem.domain, axis=1).max())


def at(problem, x, **given):
    return curvature(problem, x, scale=width(problem), **given)


def function(f, n, **given):
    return FunctionProblem(f, np.zeros(n), **given)


@pytest.mark.parametrize("name", representatives(problems.names(), problem_kind))
def test_that_each_known_minimum_is_found_to_be_one(name):
    problem = problems.get(name)
    for x, kind in zip(problem.minima, problem.minimum_kinds, strict=True):
        found = at(problem, x)
        if "boundary" in kind:  # the function goes on downhill beyond it
            assert found.kind in (PointKind.SLOPE, PointKind.VALLEY)
        elif "kink" in kind and found.kind is PointKind.KINK:
            assert found.finding.variant == "minimum"
        else:
            assert found.kind is PointKind.MINIMUM, found.finding.reason


def stationary(problem, x):
    """Return the end of Newton's method from x, with steps of at most a tenth of the domain."""
    for _ in range(100):
        H = problem.hessian(x)
        if not np.isfinite(H).all():
            break
        step = np.linalg.lstsq(H, problem.gradient(x), rcond=None)[0]
        x = x - step * min(1, width(problem) / 10 / max(np.linalg.norm(step), 1e-300))
    return x


@pytest.mark.parametrize(
    "name",
    representatives(
        [n for n in problems.names() if problems.get(n).data is None and problems.get(n).has_hessian], problem_kind
    ),
)
def test_that_stationary_points_are_what_the_signs_of_the_eigenvalues_say(name):
    problem = problems.get(name)
    rng = np.random.default_rng(0)
    kinds = {(1, 0): PointKind.MINIMUM, (0, 1): PointKind.MAXIMUM, (1, 1): PointKind.SADDLE}
    for start in rng.uniform(*problem.domain.T, (15, problem.dimension)):
        with np.errstate(all="ignore"):
            x = stationary(problem, start)
            gradient, H = problem.gradient(x), problem.hessian(x)
        if not np.isfinite(H).all():
            continue
        w, v = np.linalg.eigh(H)
        clear = np.abs(w).min() > 1e-6 * np.abs(w).max() > 1e-9
        if not clear or np.abs((v.T @ gradient) / w).max() > 1e-6 * width(problem):
            continue
        found = at(problem, x)
        if name != "holder_table" or problem.value(x) < -1e-9:  # a fold of abs: the Hessian is that of a side
            assert found.kind is kinds[bool((w > 0).any()), bool((w < 0).any())], found.finding.reason
            assert np.allclose(found.eigenvalues, w, rtol=1e-6, atol=1e-6 * np.abs(w).max())


def test_that_eigenvalues_and_directions_are_those_of_the_hessian():
    problem = problems.get("rosenbrock")
    x = np.array([-1.2, 1.0])
    found = at(problem, x)
    H = problem.hessian(x)
    assert found.eigenvalues == pytest.approx(np.linalg.eigvalsh(H))
    assert found.directions.T * found.eigenvalues @ found.directions == pytest.approx(H)
    assert found.how == "exact"
    assert found.whole
    assert found.condition == pytest.approx(np.linalg.cond(H))
    assert found.largest_stable_rate == pytest.approx(2 / np.linalg.eigvalsh(H)[-1])


def test_that_a_function_without_derivatives_is_assessed_by_differences():
    A = np.array([[3.0, 1.0], [1.0, -2.0]])
    found = curvature(function(lambda x: float(x @ A @ x) / 2, 2), np.zeros(2))
    assert found.eigenvalues == pytest.approx(np.linalg.eigvalsh(A), abs=1e-4)
    assert found.kind is PointKind.SADDLE


def test_that_decay_in_the_loss_counts():
    found = curvature(Options(l2=5.0).objective(problems.get("saddle")), np.zeros(2))
    plain = curvature(problems.get("saddle"), np.zeros(2))
    assert found.eigenvalues == pytest.approx(plain.eigenvalues + 5)


@pytest.mark.parametrize("seed", range(2))
def test_that_lanczos_finds_both_ends_of_a_spectrum(seed):
    n = 310
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    w = np.concatenate([[-7.0, -3.0], rng.uniform(0, 1, n - 4), [20.0, 50.0]])
    A = (Q * w) @ Q.T
    problem = function(lambda x: float(x @ A @ x) / 2, n, jac=lambda x: A @ x)
    found = curvature(problem, rng.standard_normal(n), seconds=60)
    assert found.how == "lanczos"
    assert not found.whole
    assert found.eigenvalues[[0, 1, -2, -1]] == pytest.approx([-7, -3, 20, 50], rel=1e-5)
    assert np.abs(found.directions[[0, -1]] @ A - np.array([[-7.0], [50.0]]) * found.directions[[0, -1]]).max() < 1e-4


def test_that_lanczos_agrees_with_the_dense_spectrum():
    problem = problems.get("rosenbrock_nd", n=320)
    found = at(problem, problem.minima[0])
    w = np.linalg.eigvalsh(problem.hessian(problem.minima[0]))
    assert found.how == "lanczos"
    assert found.eigenvalues[[0, -1]] == pytest.approx(w[[0, -1]], rel=1e-3)
    assert found.kind is PointKind.MINIMUM


def test_that_lanczos_reports_where_it_has_not_converged():
    n = 500
    w = np.linspace(1, 2, n) ** 3
    problem = function(lambda x: float(w @ x**2) / 2, n, jac=lambda x: w * x)
    found = curvature(problem, np.ones(n), seconds=0.0)
    assert not found.converged
    assert found.residuals.max() > 1e-3


def test_that_a_slow_function_takes_little_more_than_its_time(monkeypatch):
    calls = 0
    clock = [0.0]

    def slow(x):
        nonlocal calls
        calls += 1
        clock[0] += 0.01
        return float(np.sum(x**4))

    monkeypatch.setattr("gdviewer.engine.analysis.curvature.perf_counter", lambda: clock[0])
    found = curvature(function(slow, 60), np.ones(60), seconds=2.0)
    assert clock[0] < 12
    assert found.how == "lanczos"
    assert found.kind is PointKind.SLOPE


@pytest.mark.parametrize(
    ("formula", "x", "kind", "variant"),
    [
        ("x**4", (0.0,), PointKind.MINIMUM, "degenerate"),
        ("-x**4", (0.0,), PointKind.MAXIMUM, "degenerate"),
        ("x**3", (0.0,), PointKind.SADDLE, "inflection"),
        ("x**3 - 3*x*y**2", (0.0, 0.0), PointKind.SADDLE, "degenerate"),
        ("x**2 + 0*y", (0.0, 1.0), PointKind.MINIMUM, "level"),
        ("x**2 - y**2", (0.0, 0.0), PointKind.SADDLE, "one"),
        ("x**2 + y**4", (0.0, 0.0), PointKind.MINIMUM, "degenerate"),
        ("x**2 - y**4", (0.0, 0.0), PointKind.SADDLE, "degenerate"),
        ("3 + 0*x + 0*y", (1.0, 1.0), PointKind.PLATEAU, "level"),
        ("1 - exp(-x**2 - y**2)", (4.5, 3.0), PointKind.PLATEAU, ""),
        ("x**2 + 1000*y**2", (3.0, 0.0001), PointKind.VALLEY, ""),
        ("x**2 + 1000*y**2", (3.0, 2.0), PointKind.SLOPE, ""),
        ("x + 2*y", (0.0, 0.0), PointKind.SLOPE, "straight"),
        ("abs(x) + y**2", (0.0, 0.0), PointKind.KINK, "minimum"),
        ("-abs(x) + y**2", (0.0, 0.0), PointKind.KINK, ""),
        ("sqrt(x) + y", (0.0, 0.0), PointKind.UNDEFINED, "gradient"),
        ("sqrt(x)", (-1.0,), PointKind.UNDEFINED, ""),
        ("log(x + 0.0001) + x**2", (0.0,), PointKind.EDGE, ""),
    ],
)
def test_that_the_kind_of_a_point_is_reported(formula, x, kind, variant):
    found = at(problems.formula(formula), np.array(x))
    assert (found.kind, found.finding.variant) == (kind, variant), found.finding.reason


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("height", [1e-9, 1.0, 1e9])
def test_that_the_kind_does_not_depend_on_the_units(size, height):
    def bowl(x):
        return height * float((x[0] / size) ** 2 + 3 * (x[1] / size) ** 2)

    def slope(x):
        return height * np.array([2 * x[0], 6 * x[1]]) / size**2

    def hessian(_x):
        return height * np.diag([2.0, 6.0]) / size**2

    problem = function(bowl, 2, jac=slope, hess=hessian)
    kinds = [curvature(problem, size * np.array(x), scale=10 * size).kind for x in ((0, 0), (0.001, 0), (2, 1))]
    assert kinds == [PointKind.MINIMUM, PointKind.MINIMUM, PointKind.SLOPE]


@pytest.mark.parametrize("exception", [ValueError("no"), ZeroDivisionError(), SystemExit(3)])
def test_that_what_a_function_raises_becomes_the_reason(exception):
    def broken(_x):
        raise exception

    found = curvature(function(broken, 2), np.zeros(2))
    assert found.kind is PointKind.UNKNOWN
    assert type(exception).__name__ in found.finding.reason
    assert not len(found.eigenvalues)


def test_that_a_function_that_breaks_off_the_point_becomes_the_reason():
    def fragile(x):
        if x[0] != 1.0:
            raise RuntimeError("only at one")
        return 1.0

    found = curvature(function(fragile, 1, jac=lambda x: 0 * x), np.ones(1))
    assert found.kind is PointKind.UNKNOWN
    assert "only at one" in found.finding.reason


@pytest.mark.parametrize(("kind", "variant"), REASONS)
def test_that_every_reason_can_be_filled_in(kind, variant):
    names = ("n", "low", "high", "flat", "rise", "fall", "probe", "negative", "around", "change", "range", "ratio",
             "across", "along", "slope", "distance", "near", "jump", "error")  # fmt: skip
    assert Finding(kind, variant, dict.fromkeys(names, 1)).reason.endswith((".", "1"))

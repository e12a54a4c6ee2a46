"""Landscapes that are flat for long, or broken: plateaus, kinks and edges."""

from math import asin, pi, sin, sqrt, tan

from gdviewer.engine.rules.parameter import Parameter
from gdviewer.problems.formula import FormulaProblem

GROUP = "Plateaus, kinks and edges (2-D)"

_C = 1.3494066171539107  # the cross-in-tray minimisers are at ±_C in each coordinate
_HX, _HY = 8.055023475736563, 9.664590019241272  # … and those of the Hölder table at ±_HX, ±_HY
# The roots of x·sin(x) + 0.1·x: the origin, and where sin(x) = −0.1.
_ALPINE = (0.0, *(k * pi - (-1) ** k * asin(0.1) for k in range(-3, 4)))


def _michalewicz_trench(m: float) -> float:
    """Return the minimum of −sin(x)·sin(x²/π)²ᵐ: the root of cot(x) + (4m/π)·x·cot(x²/π), by Newton's method."""
    x, a = pi / sqrt(2), 4 * m / pi
    for _ in range(20):
        u = x * x / pi
        x -= (1 / tan(x) + a * x / tan(u)) / (-1 / sin(x) ** 2 + a / tan(u) - 2 * a * u / sin(u) ** 2)
    return x


PROBLEMS = [
    FormulaProblem(
        "gaussian_well_2d", "Gaussian well (2-D)", "-exp(-(x**2 + y**2)/(2*width**2))",
        parameters={"width": Parameter(1, 0.1, 5, scale="log", meaning="distance of the steepest points")},
        domain=[(-5, 5), (-5, 5)], start=(-2.6, 1.8), minima=[(0, 0)], group=GROUP,
        why="A well in a plain where the slope vanishes: plain descent hardly moves, Adam reaches the well.",
        source="textbook",
    ),
    FormulaProblem(
        "easom", "Easom", "-cos(x)*cos(y)*exp(-(x - pi)**2 - (y - pi)**2)",
        domain=[(-2, 8), (-2, 8)], start=(1.5, 4.5), minima=[(pi, pi)], group=GROUP,
        why="A well in a plain: at a rate of 0.01, Adam arrives within 350 steps, plain descent not within 2,000.",
        source="Easom 1990",
    ),
    FormulaProblem(
        "michalewicz", "Michalewicz", "-sin(x)*(sin(x**2/pi)**2)**m - sin(y)*(sin(2*y**2/pi)**2)**m",
        parameters={"m": Parameter(10, 1, 20, meaning="narrowness of the trenches")},
        domain=[(0, pi), (0, pi)], start=(2.55, 1.25), minima=lambda m: [(_michalewicz_trench(m), pi / 2)], group=GROUP,
        why="Trenches that cross in a plain: descent is fast on their slopes; beside them the slope almost vanishes.",
        source="Michalewicz 1992",
    ),
    FormulaProblem(
        "bukin6", "Bukin 6", "100*sqrt(abs(y - 0.01*x**2)) + 0.01*abs(x + 10)",
        domain=[(-15, -5), (-3, 3)], start=(-7, 1.5), minima=[(-10, 1)], minima_at="kink", group=GROUP,
        why="The minimum lies on a steep, bent kink: a constant step jumps across it and hardly moves along it.",
        source="Bukin 1997; Jamil & Yang 2013",
    ),
    FormulaProblem(
        "cross_in_tray", "Cross-in-tray", "-0.0001*(abs(sin(x)*sin(y)*exp(abs(100 - sqrt(x**2 + y**2)/pi))) + 1)**0.1",
        domain=[(-10, 10), (-10, 10)], start=(-5.5, 3.6), minima=[(-_C, -_C), (-_C, _C), (_C, -_C), (_C, _C)],
        group=GROUP, why="Kinks along the axes and parallel to them: descent stays in the cell in which it starts.",
        source="Mishra 2006",
    ),
    FormulaProblem(
        "holder_table", "Hölder table", "-abs(sin(x)*cos(y)*exp(abs(1 - sqrt(x**2 + y**2)/pi)))",
        domain=[(-10, 10), (-10, 10)], start=(6.4, 7.8), group=GROUP,
        minima=[(-_HX, -_HY), (-_HX, _HY), (_HX, -_HY), (_HX, _HY)],
        why="Wells that get deeper towards the corners: descent ends in one that is half as deep as the deepest.",
        source="Mishra 2006",
    ),
    FormulaProblem(
        "alpine1", "Alpine 1", "abs(x*sin(x) + 0.1*x) + abs(y*sin(y) + 0.1*y)",
        domain=[(-10, 10), (-10, 10)], start=(-7.6, 4.7), minima=[(a, b) for a in _ALPINE for b in _ALPINE],
        minima_at="kink", group=GROUP,
        why="Sixty-four minima of loss 0, all of them kinks: a constant step jumps around the one it reaches.",
        source="Rahnamayan, Tizhoosh & Salama 2007",
    ),
    FormulaProblem(
        "adjiman", "Adjiman", "cos(x)*sin(y) - x/(y**2 + 1)",
        domain=[(-1, 2), (-1, 1)], start=(-0.8, 0.8), minima=[(2, 0.1057834694517169)], minima_at="boundary",
        group=GROUP, why="The minimum of the usual rectangle is on its edge: descent goes on to lower losses.",
        source="Adjiman et al. 1998",
    ),
]  # fmt: skip

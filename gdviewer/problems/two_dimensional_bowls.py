"""Landscapes with one way down: bowls and valleys."""

from math import pi

from gdviewer.engine.rules.parameter import Parameter
from gdviewer.problems.formula import FormulaProblem

GROUP = "Bowls and valleys (2-D)"

PROBLEMS = [
    FormulaProblem(
        "sphere", "Sphere", "x**2 + y**2", domain=[(-5, 5), (-5, 5)], start=(-4, 3), minima=[(0, 0)], group=GROUP,
        why="Equally curved in all directions: the gradient points straight at the minimum.", source="textbook",
    ),
    FormulaProblem(
        "rotated_quadratic", "Rotated quadratic",
        "((x*cos(angle*pi/180) + y*sin(angle*pi/180))**2"
        " + condition*(y*cos(angle*pi/180) - x*sin(angle*pi/180))**2)/2",
        parameters={
            "condition": Parameter(20, 1, 1e4, scale="log", meaning="largest curvature divided by smallest"),
            "angle": Parameter(30, -90, 90, meaning="angle of the valley to the x axis, in degrees"),
        },
        domain=[(-5, 5), (-5, 5)], start=(-4, 1), minima=[(0, 0)], group=GROUP,
        why="Plain descent zigzags by the condition number only; for per-component methods the angle matters.",
        source="textbook; L = condition, μ = 1",
    ),
    FormulaProblem(
        "rosenbrock", "Rosenbrock", "(a - x)**2 + b*(y - x**2)**2",
        parameters={
            "a": Parameter(1, -3, 3, meaning="position of the minimum: (a, a²)"),
            "b": Parameter(100, 0.1, 1e4, scale="log", meaning="steepness of the walls of the valley"),
        },
        domain=[(-2, 2), (-1, 3)], start=(-1.2, 1), minima=lambda a, **_: [(a, a * a)], group=GROUP,
        why="A bent, flat-floored valley: finding it is easy, following it to the minimum is not.",
        source="Rosenbrock 1960",
    ),
    FormulaProblem(
        "beale", "Beale", "(1.5 - x + x*y)**2 + (2.25 - x + x*y**2)**2 + (2.625 - x + x*y**3)**2",
        domain=[(-4.5, 4.5), (-4.5, 4.5)], start=(1, 1), minima=[(3, 0.5)], group=GROUP,
        why="Flat in the middle, with cliffs at the corners: no learning rate suits both.",
        source="Beale 1958",
    ),
    FormulaProblem(
        "booth", "Booth", "(x + 2*y - 7)**2 + (2*x + y - 5)**2", domain=[(-10, 10), (-10, 10)], start=(-7, 5),
        minima=[(1, 3)], group=GROUP, why="A tilted bowl of condition number 9: a gentle zigzag.",
        source="Jamil & Yang 2013",
    ),
    FormulaProblem(
        "matyas", "Matyas", "0.26*(x**2 + y**2) - 0.48*x*y", domain=[(-10, 10), (-10, 10)], start=(-8, 6),
        minima=[(0, 0)], group=GROUP, why="An almost flat diagonal valley: small gradients make long journeys.",
        source="Jamil & Yang 2013",
    ),
    FormulaProblem(
        "elliptic_bowl", "Elliptic bowl", "(x**2 + condition*y**2)/2",
        parameters={
            "condition": Parameter(10, 1, 1e4, scale="log", meaning="curvature along y divided by that along x"),
        },
        domain=[(-5, 5), (-5, 5)], start=(-4.5, 1.5), minima=[(0, 0)], group=GROUP,
        why="Steeper along y than along x: close to the largest rate that y allows, plain descent zigzags.",
        source="textbook; L = condition, μ = 1",
    ),
    FormulaProblem(
        "mccormick", "McCormick", "sin(x + y) + (x - y)**2 - 1.5*x + 2.5*y + 1",
        domain=[(-1.5, 4), (-3, 4)], start=(-1, 3.5), group=GROUP,
        minima=[(0.5 - pi / 3, -0.5 - pi / 3), (0.5 + 2 * pi / 3, -0.5 + 2 * pi / 3)],
        why="A wavy slope with two minima: from the far wall, descent ends in the higher of them.",
        source="McCormick 1976",
    ),
    FormulaProblem(
        "trid", "Trid", "(x - 1)**2 + (y - 1)**2 - x*y", domain=[(-4, 4), (-4, 4)], start=(-3, 1), minima=[(2, 2)],
        group=GROUP, why="A gentle bowl with its axes on the diagonals: x and y have to move together.",
        source="Neumaier; Hedar 2005",
    ),
    FormulaProblem(
        "zakharov", "Zakharov", "x**2 + y**2 + (0.5*x + y)**2 + (0.5*x + y)**4",
        domain=[(-5, 10), (-5, 10)], start=(-3, 7), minima=[(0, 0)], group=GROUP,
        why="Quartic walls around a shallow bowl: a rate of 0.1 diverges in two steps, 0.001 is slow at the bottom.",
        source="Jamil & Yang 2013",
    ),
    FormulaProblem(
        "dixon_price", "Dixon–Price", "(x - 1)**2 + 2*(2*y**2 - x)**2",
        domain=[(-1.5, 4.5), (-3, 3)], start=(4, 0.05), minima=[(1, 0.5**0.5), (1, -(0.5**0.5))], group=GROUP,
        why="Two equal minima in a bent valley: from near its axis, descent ends in the upper one.",
        source="Dixon & Price 1989",
    ),
    FormulaProblem(
        "freudenstein_roth", "Freudenstein–Roth",
        "(x - 13 + ((5 - y)*y - 2)*y)**2 + (x - 29 + ((y + 1)*y - 14)*y)**2",
        domain=[(-2, 14), (-6, 9)], start=(0.5, -2), group=GROUP,
        minima=[(5, 4), (11.412778986902094, -0.8968052532744765)],
        why="A classic trap: from (0.5, −2), Adam follows a long flat valley to the local minimum.",
        source="Freudenstein & Roth 1963",
    ),
]  # fmt: skip

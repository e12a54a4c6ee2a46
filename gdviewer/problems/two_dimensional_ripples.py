"""Landscapes with countless minima: ripples at every size."""

from gdviewer.engine.rules.parameter import Parameter
from gdviewer.problems.formula import FormulaProblem

GROUP = "Ripples (2-D)"

_W = 420.96874635998205  # the Schwefel minimiser in each coordinate
_V = 1.2531318314637332  # the Schaffer 4 minimisers lie on the axes, this far out
# Where a factor of the Shubert function is lowest and highest in the domain; its minima pair one with the other.
_LOWEST = (-7.708313735499347, -1.425128428319761, 4.858056878859825)
_HIGHEST = (-7.0835064076515595, -0.8003211004719731, 5.482864206707613)


PROBLEMS = [
    FormulaProblem(
        "rastrigin", "Rastrigin", "2*amplitude + x**2 + y**2 - amplitude*(cos(2*pi*x) + cos(2*pi*y))",
        parameters={"amplitude": Parameter(10, 0, 30, meaning="height of the ripples; 0 leaves a bowl")},
        domain=[(-5.12, 5.12), (-5.12, 5.12)], start=(-3.4, 2.6), minima=[(0, 0)], group=GROUP,
        why="A bowl with ripples: plain descent is trapped in the first, with any tolerance.",
        source="Rastrigin 1974",
    ),
    FormulaProblem(
        "ackley", "Ackley",
        "-20*exp(-0.2*sqrt((x**2 + y**2)/2)) - exp((cos(2*pi*x) + cos(2*pi*y))/2) + 20 + e",
        domain=[(-5, 5), (-5, 5)], start=(-3.3, 2.4), minima=[(0, 0)], minima_at="kink", group=GROUP,
        why="Nearly flat far away, with a pointed funnel in the middle, and ripples everywhere.", source="Ackley 1987",
    ),
    FormulaProblem(
        "griewank", "Griewank", "(x**2 + y**2)/4000 - cos(x)*cos(y/sqrt(2)) + 1",
        domain=[(-20, 20), (-20, 20)], start=(-13.5, 9), minima=[(0, 0)], group=GROUP,
        why="A shallow bowl with even ripples: at rates from 0.001 to 1, descent ends in the first ripple.",
        source="Griewank 1981",
    ),
    FormulaProblem(
        "levy", "Levy",
        "sin(pi*(x + 3)/4)**2 + ((x - 1)/4)**2*(1 + 10*sin(pi*(x + 3)/4 + 1)**2)"
        " + ((y - 1)/4)**2*(1 + sin(2*pi*(y + 3)/4)**2)",
        domain=[(-10, 10), (-10, 10)], start=(-8, 6.2), minima=[(1, 1)], group=GROUP,
        why="Troughs across a bowl: plain descent at 0.1 jumps out of the first and is trapped in the next.",
        source="Levy & Montalvo 1985; Laguna & Martí 2005",
    ),
    FormulaProblem(
        "levy13", "Levy 13",
        "sin(3*pi*x)**2 + (x - 1)**2*(1 + sin(3*pi*y)**2) + (y - 1)**2*(1 + sin(2*pi*y)**2)",
        domain=[(-2, 4), (-2, 4)], start=(-1.4, 3.3), minima=[(1, 1)], group=GROUP,
        why="Fine ripples on a bowl: plain descent at 0.001 stays in the first, Adam at 0.2 stops half-way.",
        source="Levy & Montalvo 1985; Mishra 2006",
    ),
    FormulaProblem(
        "bohachevsky1", "Bohachevsky 1", "x**2 + 2*y**2 - 0.3*cos(3*pi*x) - 0.4*cos(4*pi*y) + 0.7",
        domain=[(-2, 2), (-2, 2)], start=(-1.6, 1.2), minima=[(0, 0)], group=GROUP,
        why="A bowl with small dents: plain descent at 0.01 stays in the first, Adam at 0.2 reaches the middle.",
        source="Bohachevsky, Johnson & Stein 1986",
    ),
    FormulaProblem(
        "schwefel", "Schwefel", "837.9658 - x*sin(sqrt(abs(x))) - y*sin(sqrt(abs(y)))",
        domain=[(-500, 500), (-500, 500)], start=(-380, 120), minima=[(_W, _W)], group=GROUP,
        why="The lowest well is in a corner: plain descent, momentum and Adam all end in the same local minimum.",
        source="Schwefel 1981",
    ),
    FormulaProblem(
        "eggholder", "Eggholder",
        "-(y + 47)*sin(sqrt(abs(x/2 + y + 47))) - x*sin(sqrt(abs(x - y - 47)))",
        domain=[(-512, 512), (-512, 512)], start=(-300, 350), minima=[(512, 404.2318051137578)], minima_at="boundary",
        group=GROUP, why="Irregular ridges and pits, the lowest on the edge: descent ends in a pit near its start.",
        source="Whitley et al. 1996",
    ),
    FormulaProblem(
        "shubert", "Shubert",
        "(cos(2*x + 1) + 2*cos(3*x + 2) + 3*cos(4*x + 3) + 4*cos(5*x + 4) + 5*cos(6*x + 5))"
        "*(cos(2*y + 1) + 2*cos(3*y + 2) + 3*cos(4*y + 3) + 4*cos(5*y + 4) + 5*cos(6*y + 5))",
        domain=[(-10, 10), (-10, 10)], start=(-0.3, 0.4), group=GROUP,
        minima=[pair for a in _LOWEST for b in _HIGHEST for pair in ((a, b), (b, a))],
        why="Eighteen equal minima among hundreds of higher ones: descent at 0.001 stays in the first pit.",
        source="Shubert 1972; Levy & Montalvo 1985",
    ),
    FormulaProblem(
        "schaffer2", "Schaffer 2", "0.5 + (sin(x**2 - y**2)**2 - 0.5)/(1 + 0.001*(x**2 + y**2))**2",
        domain=[(-3, 3), (-3, 3)], start=(-2.2, 1.6), minima=[(0, 0)], group=GROUP,
        why="Bent trenches around the minimum: descent falls into one, then moves slowly along its floor.",
        source="Schaffer 1984; Mishra 2006",
    ),
    FormulaProblem(
        "schaffer4", "Schaffer 4", "0.5 + (cos(sin(abs(x**2 - y**2)))**2 - 0.5)/(1 + 0.001*(x**2 + y**2))**2",
        domain=[(-3, 3), (-3, 3)], start=(-2.2, 1.6), minima=[(0, _V), (0, -_V), (_V, 0), (-_V, 0)], group=GROUP,
        why="Bent trenches with almost level floors: the four minima are hardly lower than the other points.",
        source="Schaffer 1984; Mishra 2006",
    ),
    FormulaProblem(
        "drop_wave", "Drop-wave", "-(1 + cos(12*sqrt(x**2 + y**2)))/(0.5*(x**2 + y**2) + 2)",
        domain=[(-3, 3), (-3, 3)], start=(-1.4, 1.1), minima=[(0, 0)], group=GROUP,
        why="Rings of waves: descent falls into the nearest trough, which has the same depth all around.",
        source="Molga & Smutnicki 2005",
    ),
]  # fmt: skip

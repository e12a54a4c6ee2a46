"""Landscapes: functions of x and y."""

from gdviewer.engine.parameter import Parameter
from gdviewer.problems.formula import FormulaProblem

VALLEYS = "Bowls and valleys (2-D)"
MANY = "Many minima (2-D)"
SADDLES = "Saddles (2-D)"

_S = 2.9035340277711765  # the Styblinski–Tang minimiser is −_S in each coordinate
_T = 2.7468027709908378  # … and its local one


PROBLEMS = [
    FormulaProblem(
        "sphere", "Sphere", "x**2 + y**2", domain=[(-5, 5), (-5, 5)], start=(-4, 3), minima=[(0, 0)], group=VALLEYS,
        why="Equally curved in all directions: the gradient points straight at the minimum.", source="textbook",
    ),
    FormulaProblem(
        "rotated_quadratic", "Rotated quadratic",
        "((x*cos(angle*pi/180) + y*sin(angle*pi/180))**2"
        " + condition*(y*cos(angle*pi/180) - x*sin(angle*pi/180))**2)/2",
        parameters={
            "condition": Parameter(20, 1, 1e4, scale="log", meaning="condition number: largest by smallest curvature"),
            "angle": Parameter(30, -90, 90, meaning="angle of the valley to the x axis, in degrees"),
        },
        domain=[(-5, 5), (-5, 5)], start=(-4, 1), minima=[(0, 0)], group=VALLEYS,
        why="The condition number alone decides how badly plain descent zigzags; per-component methods mind the angle.",
        source="textbook; L = condition, μ = 1",
    ),
    FormulaProblem(
        "rosenbrock", "Rosenbrock", "(a - x)**2 + b*(y - x**2)**2",
        parameters={
            "a": Parameter(1, -3, 3, meaning="where the minimum lies: (a, a²)"),
            "b": Parameter(100, 0.1, 1e4, scale="log", meaning="how steep the walls of the valley are"),
        },
        domain=[(-2, 2), (-1, 3)], start=(-1.2, 1), minima=lambda a, **_: [(a, a * a)], group=VALLEYS,
        why="A bent, flat-floored valley: finding it is easy, following it to the minimum is not.",
        source="Rosenbrock 1960",
    ),
    FormulaProblem(
        "beale", "Beale", "(1.5 - x + x*y)**2 + (2.25 - x + x*y**2)**2 + (2.625 - x + x*y**3)**2",
        domain=[(-4.5, 4.5), (-4.5, 4.5)], start=(1, 1), minima=[(3, 0.5)], group=VALLEYS,
        why="Flat in the middle, with cliffs at the corners: one learning rate hardly suits both.",
        source="Beale 1958",
    ),
    FormulaProblem(
        "booth", "Booth", "(x + 2*y - 7)**2 + (2*x + y - 5)**2", domain=[(-10, 10), (-10, 10)], start=(-7, 5),
        minima=[(1, 3)], group=VALLEYS, why="A tilted bowl of condition number 9: a gentle zigzag.",
        source="Jamil & Yang 2013",
    ),
    FormulaProblem(
        "matyas", "Matyas", "0.26*(x**2 + y**2) - 0.48*x*y", domain=[(-10, 10), (-10, 10)], start=(-8, 6),
        minima=[(0, 0)], group=VALLEYS, why="An almost flat diagonal valley: small gradients make long journeys.",
        source="Jamil & Yang 2013",
    ),
    FormulaProblem(
        "himmelblau", "Himmelblau", "(x**2 + y - 11)**2 + (x + y**2 - 7)**2",
        domain=[(-6, 6), (-6, 6)], start=(-0.5, -0.75), group=MANY,
        minima=[
            (3, 2), (-2.805118086952745, 3.131312518250573),
            (-3.779310253377747, -3.283185991286170), (3.584428340330492, -1.848126526964404),
        ],
        why="Four equal minima: where you start, and how you move, decides which one is found.",
        source="Himmelblau 1972",
    ),
    FormulaProblem(
        "six_hump_camel", "Six-hump camel", "(4 - 2.1*x**2 + x**4/3)*x**2 + x*y + (-4 + 4*y**2)*y**2",
        domain=[(-2, 2), (-1.2, 1.2)], start=(-1.6, 0.2), group=MANY,
        minima=[
            (0.0898420131003181, -0.7126564030207396), (-0.0898420131003181, 0.7126564030207396),
            (1.7036067149699807, -0.7960835686726251), (-1.7036067149699807, 0.7960835686726251),
            (1.6071047529201974, 0.5686514548841314), (-1.6071047529201974, -0.5686514548841314),
        ],
        why="Six minima in mirror pairs, two of them the lowest.", source="Dixon & Szegő 1978",
    ),
    FormulaProblem(
        "styblinski_tang", "Styblinski–Tang", "(x**4 - 16*x**2 + 5*x + y**4 - 16*y**2 + 5*y)/2",
        domain=[(-5, 5), (-5, 5)], start=(0.5, -0.3), group=MANY,
        minima=[(-_S, -_S), (-_S, _T), (_T, -_S), (_T, _T)],
        why="Four wells of different depth; only one corner holds the lowest.", source="Styblinski & Tang 1990",
    ),
    FormulaProblem(
        "rastrigin", "Rastrigin", "2*amplitude + x**2 + y**2 - amplitude*(cos(2*pi*x) + cos(2*pi*y))",
        parameters={"amplitude": Parameter(10, 0, 30, meaning="height of the ripples; 0 leaves a bowl")},
        domain=[(-5.12, 5.12), (-5.12, 5.12)], start=(-3.4, 2.6), minima=[(0, 0)], group=MANY,
        why="A bowl full of ripples: plain descent is trapped by the first, whatever the tolerance.",
        source="Rastrigin 1974",
    ),
    FormulaProblem(
        "ackley", "Ackley",
        "-20*exp(-0.2*sqrt((x**2 + y**2)/2)) - exp((cos(2*pi*x) + cos(2*pi*y))/2) + 20 + e",
        domain=[(-5, 5), (-5, 5)], start=(-3.3, 2.4), minima=[(0, 0)], group=MANY,
        why="Nearly flat far away, a pointed funnel in the middle, and ripples all the way.", source="Ackley 1987",
    ),
    FormulaProblem(
        "peaks", "Peaks",
        "3*(1 - x)**2*exp(-x**2 - (y + 1)**2) - 10*(x/5 - x**3 - y**5)*exp(-x**2 - y**2) - exp(-(x + 1)**2 - y**2)/3",
        domain=[(-3, 3), (-3, 3)], start=(0.1, 1.3), group=MANY,
        minima=[
            (0.22827892055636914, -1.6255349574999964), (-1.3473962443682108, 0.20451886609700515),
            (0.2964455538468321, 0.32019624766683435),
        ],
        why="Hills and hollows that everyone knows from a plotting manual; gradients vanish outside.",
        source="MATLAB's peaks",
    ),
    FormulaProblem(
        "muller_brown", "Müller–Brown",
        "-200*exp(-(x - 1)**2 - 10*y**2) - 100*exp(-x**2 - 10*(y - 0.5)**2)"
        " - 170*exp(-6.5*(x + 0.5)**2 + 11*(x + 0.5)*(y - 1.5) - 6.5*(y - 1.5)**2)"
        " + 15*exp(0.7*(x + 1)**2 + 0.6*(x + 1)*(y - 1) + 0.7*(y - 1)**2)",
        domain=[(-1.7, 1.3), (-0.4, 2.1)], start=(-0.3, 1.1), group=MANY,
        minima=[
            (-0.5582236346330239, 1.441725841804669), (0.6234994049308765, 0.028037758528685668),
            (-0.050010822998206056, 0.4666941048719721),
        ],
        why="Chemistry's standard for reaction paths: three basins joined by passes, steep and of odd scale.",
        source="Müller & Brown 1979",
    ),
    FormulaProblem(
        "saddle", "Saddle", "x**2 - y**2", domain=[(-2, 2), (-2, 2)], start=(-1.8, 0.001), group=SADDLES,
        why="Down to the saddle along x, then away along y, slowly at first; there is no minimum at all.",
        source="textbook",
    ),
    FormulaProblem(
        "monkey_saddle", "Monkey saddle", "x**3 - 3*x*y**2", domain=[(-2, 2), (-2, 2)], start=(1.5, 0.05),
        group=SADDLES, why="Three valleys meet at a point where even the curvature vanishes.", source="textbook",
    ),
]  # fmt: skip

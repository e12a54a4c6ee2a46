"""Landscapes with a few minima each."""

from math import pi

from gdviewer.problems.formula import FormulaProblem

GROUP = "Many minima (2-D)"

_S = 2.9035340277711765  # the Styblinski–Tang minimiser is −_S in each coordinate
_T = 2.7468027709908378  # … and its local one


PROBLEMS = [
    FormulaProblem(
        "himmelblau", "Himmelblau", "(x**2 + y - 11)**2 + (x + y**2 - 7)**2",
        domain=[(-6, 6), (-6, 6)], start=(-0.5, -0.75), group=GROUP,
        minima=[
            (3, 2), (-2.805118086952745, 3.131312518250573),
            (-3.779310253377747, -3.283185991286170), (3.584428340330492, -1.848126526964404),
        ],
        why="Four equal minima: the start and the optimizer decide which one is found.",
        source="Himmelblau 1972",
    ),
    FormulaProblem(
        "six_hump_camel", "Six-hump camel", "(4 - 2.1*x**2 + x**4/3)*x**2 + x*y + (-4 + 4*y**2)*y**2",
        domain=[(-2, 2), (-1.2, 1.2)], start=(-1.6, 0.2), group=GROUP,
        minima=[
            (0.0898420131003181, -0.7126564030207396), (-0.0898420131003181, 0.7126564030207396),
            (1.7036067149699807, -0.7960835686726251), (-1.7036067149699807, 0.7960835686726251),
            (1.6071047529201974, 0.5686514548841314), (-1.6071047529201974, -0.5686514548841314),
        ],
        why="Six minima in mirror pairs, two of them the lowest.", source="Dixon & Szegő 1978",
    ),
    FormulaProblem(
        "styblinski_tang", "Styblinski–Tang", "(x**4 - 16*x**2 + 5*x + y**4 - 16*y**2 + 5*y)/2",
        domain=[(-5, 5), (-5, 5)], start=(0.5, -0.3), group=GROUP,
        minima=[(-_S, -_S), (-_S, _T), (_T, -_S), (_T, _T)],
        why="Four wells of different depth; only one is the lowest.", source="Styblinski & Tang 1990",
    ),
    FormulaProblem(
        "peaks", "Peaks",
        "3*(1 - x)**2*exp(-x**2 - (y + 1)**2) - 10*(x/5 - x**3 - y**5)*exp(-x**2 - y**2) - exp(-(x + 1)**2 - y**2)/3",
        domain=[(-3, 3), (-3, 3)], start=(0.1, 1.3), group=GROUP,
        minima=[
            (0.22827892055636914, -1.6255349574999964), (-1.3473962443682108, 0.20451886609700515),
            (0.2964455538468321, 0.32019624766683435),
        ],
        why="Hills and hollows, well known from MATLAB's plots; gradients vanish outside.",
        source="MATLAB's peaks",
    ),
    FormulaProblem(
        "muller_brown", "Müller–Brown",
        "-200*exp(-(x - 1)**2 - 10*y**2) - 100*exp(-x**2 - 10*(y - 0.5)**2)"
        " - 170*exp(-6.5*(x + 0.5)**2 + 11*(x + 0.5)*(y - 1.5) - 6.5*(y - 1.5)**2)"
        " + 15*exp(0.7*(x + 1)**2 + 0.6*(x + 1)*(y - 1) + 0.7*(y - 1)**2)",
        domain=[(-1.7, 1.3), (-0.4, 2.1)], start=(-0.3, 1.1), group=GROUP,
        minima=[
            (-0.5582236346330239, 1.441725841804669), (0.6234994049308765, 0.028037758528685668),
            (-0.050010822998206056, 0.4666941048719721),
        ],
        why="A standard of chemistry for reaction paths: three steep basins joined by saddle points.",
        source="Müller & Brown 1979",
    ),
    FormulaProblem(
        "three_hump_camel", "Three-hump camel", "2*x**2 - 1.05*x**4 + x**6/6 + x*y + y**2",
        domain=[(-2.2, 2.2), (-2.2, 2.2)], start=(-2, -1.5), group=GROUP,
        minima=[(0, 0), (1.7475523458302888, -0.8737761729151444), (-1.7475523458302888, 0.8737761729151444)],
        why="Two side valleys: at a rate of 0.01, plain descent stays in one and momentum rolls on to the middle.",
        source="Jamil & Yang 2013",
    ),
    FormulaProblem(
        "goldstein_price", "Goldstein–Price",
        "(1 + (x + y + 1)**2*(19 - 14*x + 3*x**2 - 14*y + 6*x*y + 3*y**2))"
        "*(30 + (2*x - 3*y)**2*(18 - 32*x + 12*x**2 + 48*y - 36*x*y + 27*y**2))",
        domain=[(-2, 2), (-2, 2)], start=(-1.5, 0.5), minima=[(0, -1), (-0.6, -0.4), (1.8, 0.2), (1.2, 0.8)],
        group=GROUP, why="Losses from 3 to a million: a rate of 0.001 diverges, 0.0001 ends in a local minimum.",
        source="Goldstein & Price 1971",
    ),
    FormulaProblem(
        "branin", "Branin", "(y - 5.1*x**2/(4*pi**2) + 5*x/pi - 6)**2 + 10*(1 - 1/(8*pi))*cos(x) + 10",
        domain=[(-5, 10), (0, 15)], start=(0.5, 14), minima=[(-pi, 12.275), (pi, 2.275), (3 * pi, 2.475)],
        group=GROUP, why="Three equal minima: plain descent at 0.01 takes the nearest, momentum at 0.1 the next.",
        source="Branin 1972",
    ),
    FormulaProblem(
        "double_well_2d", "Double well (2-D)", "(x**2 - 1)**2 + y**2", domain=[(-2, 2), (-2, 2)], start=(0.001, 1.5),
        minima=[(-1, 0), (1, 0)], group=GROUP,
        why="Descent goes straight to the saddle between two equal wells, and slows down before it turns.",
        source="textbook",
    ),
]  # fmt: skip

"""Line searches shared by the update rules.

Each takes the oracle f, the point x (n,), a descent direction p (n,), and the first step length α to try. It
returns the accepted α and the point x + αp. This point is the last trial evaluated where possible, so that the next
step evaluates nothing twice. If no lower point is found, it returns α = 0 and x itself. A trial where f is undefined
or infinite counts as too long.
"""

from typing import NamedTuple

import numpy as np

from gdviewer.engine.rules.parameter import Parameter

TRIALS = 30  # enough to locate a kink, and few enough for a function that is unbounded below
FAR = 1e18  # in first steps: a function that still decreases at this distance is taken to be unbounded below


def decrease(default):
    """Declare c₁, the required share of the predicted decrease."""
    meaning = "minimum decrease of the loss, as a share of the decrease predicted by the slope"
    return Parameter(default, 0, 0.5, scale="log", open_low=True, open_high=True, slider=(1e-6, 0.499), meaning=meaning)


def flatness(default):
    """Declare c₂, the share of the slope that may remain after a step."""
    meaning = "maximum share of the slope after a step; smaller values give a more exact line search with more trials"
    return Parameter(default, 0, 1, scale="log", open_low=True, open_high=True, slider=(1e-6, 0.999), meaning=meaning)


def shortening(default):
    """Declare the factor that shortens a step that was too long."""
    return Parameter(default, 0.01, 0.95, meaning="factor that shortens a step that was too long")


def slope_along(f, x, p):
    """Return the slope gᵀp at x if it is negative; 0 if not, or where f or the slope is not finite."""
    slope = f.gradient(x) @ p
    return slope if -np.inf < slope < 0 and np.isfinite(f.value(x)) else 0.0


def backtracked(f, x, p, alpha, shrink, c1, above=None):
    """Shorten the step until f decreases by a share c₁ of the decrease predicted by the slope (Armijo 1966).

    Lower than ``above``, f(x) if it is not given.
    """
    slope = slope_along(f, x, p)
    above = f.value(x) if above is None else above
    while slope and alpha > 0:
        trial = x + alpha * p
        if np.array_equal(trial, x):  # the step is lost in rounding
            break
        value = f.value(trial)
        if np.isfinite(value) and value <= above + c1 * alpha * slope:
            return alpha, trial
        alpha = shrink * alpha
    return 0.0, x


class Trial(NamedTuple):
    """A trial step length with its point, value φ(α) and slope φ′(α); NaN if not evaluated."""

    alpha: float
    point: np.ndarray
    value: float
    slope: float


def strong_wolfe(f, x, p, alpha, c1, c2):
    """Find a step that lowers f enough, to where the slope along p is at most c₂ of the first.

    Nocedal & Wright 2006, Algorithms 3.5 and 3.6: the low end is the lowest trial so far that lowers f enough; a high
    end, once there is one, bounds an interval with a good step in it. After TRIALS trials the low end is taken.
    """
    slope = slope_along(f, x, p)
    if not slope:
        return 0.0, x
    start = before = low = Trial(0.0, x, f.value(x), slope)
    high = None
    for _ in range(TRIALS):
        point = x + alpha * p
        if np.array_equal(point, low.point):  # what is left of the interval is lost in rounding
            break
        value = f.value(point)
        enough = np.isfinite(value) and value <= start.value + c1 * alpha * start.slope
        slope = f.gradient(point) @ p if enough and (value < low.value or low is start) else np.nan
        trial = Trial(alpha, point, value, slope)
        if abs(slope) <= -c2 * start.slope:
            return alpha, point
        if np.isnan(slope):  # too far, or no lower than the low end
            high = trial
        else:
            if slope * (alpha - low.alpha) >= 0:  # uphill from here on: the minimum is between the two
                high = low
            before, low = low, trial
        alpha = further(before, low) if high is None else between(low, high)
    return low.alpha, low.point


def further(before, low):
    """A step beyond the low end: where the slope would vanish if it went on changing as it did, within limits."""
    gain = low.slope - before.slope
    alpha = low.alpha - low.slope * (low.alpha - before.alpha) / gain if gain > 0 else np.inf
    return min(max(alpha, 1.1 * low.alpha), 4 * low.alpha)


def between(low, high):
    """Return the minimiser of the parabola or cubic through both ends, at least a tenth of the interval inside."""
    width = high.alpha - low.alpha
    if not np.isfinite(high.value):
        return low.alpha + width / 10
    if np.isnan(high.slope):
        share = -low.slope * width / (2 * (high.value - low.value - low.slope * width))
    else:
        d1 = low.slope + high.slope - 3 * (high.value - low.value) / width
        d2 = np.sign(width) * np.sqrt(d1 * d1 - low.slope * high.slope)
        share = 1 - (high.slope + d2 - d1) / (high.slope - low.slope + 2 * d2)
    return low.alpha + width * (np.clip(share, 0.1, 0.9) if np.isfinite(share) else 0.5)


def parabola_step(f, x, p):
    """Return the step to the minimum of a quadratic function along p, −gᵀp/pᵀHp; infinity if unbounded below."""
    g = f.gradient(x)
    curvature = p @ f.hessian(x) @ p
    return -(g @ p) / curvature if curvature > 0 else np.inf


def exact(f, x, p, alpha):
    """Go to the lowest point along p: by the formula on a quadratic function, else by bracketing and Brent's method.

    Elsewhere it is the first minimum met by steps that double, to about eight digits, the precision of the values.
    """
    slope = slope_along(f, x, p)
    if not slope:
        return 0.0, x
    if f.quadratic:
        alpha = parabola_step(f, x, p)
        return alpha, x + alpha * p

    def tried(alpha):
        point = x + alpha * p
        value = f.value(point)
        return Trial(alpha, point, value if np.isfinite(value) else np.inf, np.nan)

    low, middle = Trial(0.0, x, f.value(x), slope), tried(alpha)
    if middle.value < low.value:
        high = tried(2 * middle.alpha)
        while high.value < middle.value:
            if high.alpha > FAR * alpha:  # it falls without end
                return high.alpha, high.point
            low, middle, high = middle, high, tried(2 * high.alpha)
    else:
        high = middle
        while not middle.value < low.value:
            high, middle = middle, tried(middle.alpha / 4)
            if np.array_equal(middle.point, x):
                return 0.0, x
    lowest = brent(tried, low, middle, high)
    return lowest.alpha, lowest.point


def brent(tried, low, best, high, tolerance=1e-8):
    """Close in on a minimum between low and high, of which best is lower than both (Brent 1973, chapter 5).

    The minimum of the parabola through the three lowest trials is the next trial. If it lies outside the interval, or
    its moves do not halve, the larger part of the interval is divided in the golden ratio.
    """
    a, b = low.alpha, high.alpha
    second, third = sorted((low, high), key=lambda trial: trial.value)
    move = last = b - a
    for _ in range(100):
        x, middle, close = best.alpha, (a + b) / 2, tolerance * best.alpha
        if abs(x - middle) + (b - a) / 2 <= 2 * close:
            break
        r = (x - second.alpha) * (best.value - third.value)
        q = (x - third.alpha) * (best.value - second.value)
        over, under = (x - third.alpha) * q - (x - second.alpha) * r, 2 * (r - q)
        last, before = move, last
        move = over / under if under else np.nan
        if not (abs(move) < abs(before) / 2 and a < x + move < b):
            last = (b if x < middle else a) - x
            move = 0.3819660112501051 * last
        if abs(move) < close:
            move = close if x < middle else -close
        trial = tried(x + move)
        if trial.value <= best.value:
            a, b = (x, b) if trial.alpha > x else (a, x)
            best, second, third = trial, best, second
        else:
            a, b = (trial.alpha, b) if trial.alpha < x else (a, trial.alpha)
            if trial.value <= second.value or second.alpha == x:
                second, third = trial, second
            elif trial.value <= third.value or third.alpha in (x, second.alpha):
                third = trial
    return best
